"""The form of an API client: its other half is the OAuth library's, so that most fields are not the row's own (A1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns.admin_time import AdminZonedDateTimeWidget
from campaigns.forms_time import ZoneChoiceField, ZonedDateTimeField, ZonedTimesFormMixin
from campaigns.models import Game
from fulfillment.admin.api_client_words import SCOPE_TEXTS
from fulfillment.api_clients import Terms, name_is_taken
from fulfillment.game_state.pairs import games_of
from fulfillment.models import ApiClient
from fulfillment.rules.clients import faults_of_addresses, faults_of_texts
from fulfillment.rules.scopes import CLAIMS_READ, CLAIMS_WRITE, SCOPE_NAMES
from portal.admin_forms import OrganizationForm
from portal.sentences import Sentence


class LinesField(forms.CharField):
    """Several values, one a line: cleaned to a list without blank and repeated ones."""

    def __init__(self, *, faults: Callable[[Sequence[str]], list[Sentence]], **kwargs: Any) -> None:
        self.faults = faults
        super().__init__(required=False, empty_value=[], **kwargs)  # type: ignore[arg-type]

    def prepare_value(self, value: Any) -> Any:
        """Put each value on a line of its own."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Take the lines apart."""
        if isinstance(value, list):
            return value
        return list(dict.fromkeys(line.strip() for line in str(value or "").splitlines() if line.strip()))

    def validate(self, value: Any) -> None:
        """Say what is wrong with each line."""
        faults = self.faults(value)
        if faults:
            raise ValidationError([ValidationError(str(fault), code="invalid") for fault in faults])

    def run_validators(self, value: Any) -> None:
        """Do nothing: the validators of a text do not fit a list."""


def _scope_choices() -> list[tuple[str, SafeString]]:
    return [
        (
            scope,
            format_html(
                '<span class="drops-option"><strong>{}</strong> <code>{}</code><br>{}</span>',
                name,
                scope,
                SCOPE_TEXTS[scope],
            ),
        )
        for scope, name in SCOPE_NAMES
    ]


class ApiClientForm(ZonedTimesFormMixin, OrganizationForm):
    """What an owner says of a client. The zone is only that of the entered time; nothing of it is stored."""

    zone: ClassVar[str] = "UTC"
    """The zone of the person who fills it in."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What history and this list call it. Players read it when they allow it something."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=_scope_choices,
        initial=[CLAIMS_READ, CLAIMS_WRITE],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": _("Choose at least one thing that it may do.")},
    )
    redirect_uris = LinesField(
        label=_("Redirect addresses"),
        faults=faults_of_addresses,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_(
            "Only if players sign in through it: where they are sent back to, one address a line, exactly as the program "
            "sends it. https, http on the player's own machine (http://127.0.0.1/…, then at any port), or a native game's "
            "own scheme (com.example.game:/signed-in)."
        ),
    )
    completing_texts = LinesField(
        label=_("Statuses that complete a claim"),
        faults=faults_of_texts,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_(
            "Kick's API only: texts of yours that mean the same as “processed”, one a line. Any other text is kept and "
            "shown, and completes nothing."
        ),
    )
    game_state_games = forms.MultipleChoiceField(
        label=_("Games whose state it may stream or read"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_(
            "For “stream game state” and “read game state” above: only of these games. Whatever is streamed of a game that "
            "you take away is cut off within a minute. The id is what a game server connects with."
        ),
    )
    time_zone = ZoneChoiceField(
        label=_("Time zone"),
        widget=UnfoldAdminSelect2Widget,
        help_text=_("The time above is entered in this zone."),
    )
    expires_at = ZonedDateTimeField(label=_("Expires at"), required=False, widget=AdminZonedDateTimeWidget)

    class Meta:
        model = ApiClient
        fields = ("other_platforms", "completing_texts", "points_per_minute", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance: ApiClient | None = kwargs.get("instance")
        of_client: dict[str, Any] = {}
        if instance is not None and instance.oauth_id:
            of_client = {
                "name": instance.oauth.name,
                "scopes": instance.oauth.get_scopes(),
                "redirect_uris": instance.oauth.get_redirect_uris(),
                "game_state_games": [game.pk for game in games_of(instance)],
            }
        kwargs["initial"] = {"time_zone": self.zone, **of_client, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self._games = {game.pk: game for game in Game.objects.filter(organization=self.instance.organization)}
        self._offer_games()
        if not (instance and instance.expires_at):
            self.fields["expires_at"].help_text = _("Leave it empty for a client that does not expire.")

    def _offer_games(self) -> None:
        field = self.fields.get("game_state_games")
        if isinstance(field, forms.MultipleChoiceField):  # a page that shows a revoked client has no fields
            field.choices = [
                (game.pk, format_html('<span class="drops-option">{} <code>{}</code></span>', game.name, game.pk))
                for game in sorted(self._games.values(), key=lambda game: game.name)
            ]

    def clean_name(self) -> str:
        """Take a name that no other client of the organization has."""
        name: str = self.cleaned_data["name"]
        stored = None if self.instance._state.adding else self.instance
        if self.organization and name_is_taken(organization=self.organization, name=name, but=stored):
            raise ValidationError(_("Another client has this name already."), code="taken")
        return name

    def clean(self) -> dict[str, Any]:
        """Take an expiry that is yet to come. One that has passed and that nobody changed stays."""
        cleaned = super().clean()
        expires_at = cleaned.get("expires_at")
        if expires_at and expires_at <= timezone.now() and expires_at != self.initial_expiry:
            self.add_error(
                "expires_at",
                ValidationError(_("This time has passed. To end the client now, revoke it."), code="passed"),
            )
        return cleaned

    @property
    def initial_expiry(self) -> Any:
        """The stored expiry, which the page showed."""
        return self._stored.get("expires_at")

    def terms(self) -> Terms:
        """Return what was entered."""
        cleaned = self.cleaned_data
        return Terms(
            name=cleaned["name"],
            scopes=cleaned["scopes"],
            redirect_uris=cleaned["redirect_uris"],
            expires_at=cleaned["expires_at"],
            other_platforms=cleaned["other_platforms"],
            completing_texts=cleaned["completing_texts"],
            points_per_minute=cleaned["points_per_minute"],
            game_state_games=[self._games[game] for game in cleaned["game_state_games"]],
        )
