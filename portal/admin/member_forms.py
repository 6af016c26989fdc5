"""The forms of the members' pages: whom to invite, which role and games, and why something is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from portal.admin.member_words import role_choices
from portal.roles import Role

ALL, SOME = "all", "some"


class RoleForm(forms.Form):
    """A role, and the games: all, or some."""

    role = forms.ChoiceField(label=_("Role"), choices=role_choices, widget=UnfoldAdminSelectWidget)
    reach = forms.ChoiceField(
        label=_("Games"),
        choices=[(ALL, _("all games, also those that are added later")), (SOME, _("only these:"))],
        widget=forms.RadioSelect,
        initial=ALL,
    )
    games = forms.MultipleChoiceField(label=_("Only these games"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, games: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["games"].choices = games  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for a game where only some are meant; owners always have all."""
        cleaned = super().clean() or self.cleaned_data
        some = cleaned.get("reach") == SOME
        if some and cleaned.get("role") == Role.OWNER:
            self.add_error("reach", _("Owners always work on all games. Choose all games, or another role."))
        elif some and not cleaned.get("games") and "games" not in self.errors:
            self.add_error("games", _("Choose at least one game."))
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        """What was chosen, as the operations take it."""
        return {
            "role": Role(self.cleaned_data["role"]),
            "all_games": self.cleaned_data["reach"] == ALL,
            "game_ids": self.cleaned_data["games"],
        }


class InviteForm(RoleForm):
    """Whom to invite."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("The link goes there. An account is not needed before: it can be made on the way."),
    )
    field_order = ("email", "role", "reach", "games")


class WhyForm(forms.Form):
    """Why something is done to a member."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Kept in the history, for the other owners."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
