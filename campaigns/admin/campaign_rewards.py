"""The rewards of a campaign in its form, each with its rule (C1, R3, G4)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_forms import DistinctFormSet
from campaigns.admin.campaign_lists import rows_read
from campaigns.admin.chosen_widget import tell_chosen
from campaigns.game_state.entering import (
    LONGEST_COOL_DOWN,
    MOST_PER_SESSION,
    entering_problems,
    stored_value,
    typed_value,
)
from campaigns.models import CampaignReward
from campaigns.models.campaigns import MAX_REWARDS

MOST_MINUTES = 525_600
"""A year."""

_EVENT_FIELDS: dict[str, Any] = {
    "event_name": "",
    "event_path": "",
    "event_condition": "",
    "event_value": "",
    "event_cool_down_seconds": 0,
    "event_per_session": None,
}
"""What only a game event has, and what stands there for every other rule."""


LIMIT_FIELDS = ("limit_total", "limit_per_day", "at_limit")


class CampaignRewardForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reward in the campaign, with its rule. What belongs to another rule than the chosen one is dropped, whatever it is."""

    class Meta:
        model = CampaignReward
        fields: tuple[str, ...] = ("reward", "rule", "minutes", "requires", "position", *_EVENT_FIELDS, *LIMIT_FIELDS)
        labels = {
            "event_name": _("What happens"),
            "event_path": _("Where in the game state"),
            "event_condition": _("When it has happened"),
            "event_value": _("Value"),
            "event_cool_down_seconds": _("Cool-down"),
            "event_per_session": _("At most per session"),
        }
        help_texts = {
            "minutes": "",  # said once, above the rows
            "requires": "",
            "event_name": _("In words, for viewers: “Watch while this happens in the game: …”"),
            "event_path": _("A JSONPath: $.boss.state, or $.players[*].kills"),
            "event_condition": _("“is” counts from the start of a session too, “changes to” does not."),
            "event_value": _("A text, a number, true or false. Quotes make a text of a number: “10”."),
            "event_cool_down_seconds": _("Seconds in which it does not happen again."),
            "event_per_session": _("Empty: as often as it happens."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reward" in self.fields and self.instance.reward_id:
            tell_chosen(self.fields["reward"].widget, self.instance.reward)
        if "event_value" in self.fields:  # not where the campaign's rules are fixed
            self.initial["event_value"] = typed_value(self.instance.event_value)
            self.fields["event_cool_down_seconds"].required = False
        if "at_limit" in self.fields:
            self.fields["at_limit"].required = False

    def clean(self) -> dict[str, Any]:
        """Ask for what the rule needs, and drop what belongs to another rule.

        A row that nobody touched is left as it is stored: what it may lack, the preflight says.
        """
        cleaned = super().clean() or self.cleaned_data
        if not self.has_changed() and not self.instance._state.adding:
            cleaned["event_value"] = self.instance.event_value
            return cleaned
        cleaned["at_limit"] = cleaned.get("at_limit") or CampaignReward.AtLimit.HOLD
        self._clean_limits(cleaned)
        rule = cleaned.get("rule")
        if rule == CampaignReward.Rule.GAME_EVENT:
            self._drop({"minutes": None})
            self._clean_event(cleaned)
        elif rule:
            self._drop(_EVENT_FIELDS)
            self._clean_minutes(cleaned.get("minutes"))
        return cleaned

    def _drop(self, values: dict[str, Any]) -> None:
        """Put these values in, and forget what was wrong with the ones that nobody sees for this rule."""
        for name, value in values.items():
            self.cleaned_data[name] = value
            self.errors.pop(name, None)

    def _clean_limits(self, cleaned: dict[str, Any]) -> None:
        """Say at the field what the database would refuse: the theme shows no mistake of a whole row."""
        for name in ("limit_total", "limit_per_day"):
            if cleaned.get(name) == 0:
                self.add_error(
                    name, ValidationError(_("A limit is 1 or more. Leave it empty for none."), code="out_of_range")
                )

    def _clean_minutes(self, minutes: int | None) -> None:
        if not minutes and "minutes" not in self.errors:
            self.add_error("minutes", ValidationError(_("Enter the minutes: 1 or more."), code="required"))
        elif minutes and minutes > MOST_MINUTES:
            self.add_error("minutes", ValidationError(_("Enter at most a year: 525600."), code="out_of_range"))

    def _clean_event(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("event_name") and "event_name" not in self.errors:
            self.add_error("event_name", ValidationError(_("Say what happens, for viewers."), code="required"))
        path, condition, value = (cleaned.get(f"event_{name}") or "" for name in ("path", "condition", "value"))
        problems = entering_problems(path=path, condition=condition, value=value)
        for name, sentence in problems.items():
            if f"event_{name}" not in self.errors:
                self.add_error(f"event_{name}", str(sentence))
        if "value" not in problems and condition:
            cleaned["event_value"] = stored_value(value, condition=condition)
        cleaned["event_cool_down_seconds"] = cleaned.get("event_cool_down_seconds") or 0
        check_limits(self, cool_down="event_cool_down_seconds", per_session="event_per_session")


def check_limits(form: forms.BaseForm, *, cool_down: str, per_session: str) -> None:
    """Refuse a cool-down of more than a day, and a limit that lets nothing happen; the arguments are names of fields."""
    if not 0 <= (form.cleaned_data.get(cool_down) or 0) <= LONGEST_COOL_DOWN:
        form.add_error(cool_down, ValidationError(_("Enter at most a day: 0 to 86400 seconds."), code="out_of_range"))
    limit = form.cleaned_data.get(per_session)
    if limit is not None and not 1 <= limit <= MOST_PER_SESSION:
        form.add_error(
            per_session, ValidationError(_("Enter a number from 1 to 1000, or nothing."), code="out_of_range")
        )


class CampaignRewardFormSet(DistinctFormSet):
    """The rewards of one campaign: at most twelve, none twice, of its game, and conditions that can be met (C1, R3)."""

    distinct = ("reward",)

    @cached_property
    def stored_rows(self) -> list[CampaignReward]:
        """The rewards that the campaign has already, read once for all rows."""
        shown = None if self.is_bound else rows_read(self.instance, "rewards")
        if shown is not None:
            return shown
        return list(CampaignReward.objects.filter(campaign_id=self.instance.pk).select_related("reward"))

    def add_fields(self, form: Any, index: int | None) -> None:
        """Offer as condition only rewards that this campaign has already."""
        super().add_fields(form, index)
        if "requires" in form.fields:
            others = [row for row in self.stored_rows if row.pk != form.instance.pk]
            requires = form.fields["requires"]
            requires.queryset = CampaignReward.objects.filter(pk__in=[row.pk for row in others])
            requires.choices = [("", requires.empty_label), *((row.pk, str(row)) for row in others)]

    def clean(self) -> None:
        """Check what concerns more than one row."""
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.kept() if form.cleaned_data.get("reward")]
        if len(kept) > MAX_REWARDS:
            raise ValidationError(
                _("A campaign has at most %(most)s rewards; these are %(count)s."),
                code="too_many",
                params={"most": MAX_REWARDS, "count": len(kept)},
            )
        self._check_games(kept)
        self._check_conditions(kept)

    def _check_games(self, kept: list[Any]) -> None:
        game = self.instance.game if self.instance.game_id else None
        for form in kept:
            reward = form.cleaned_data["reward"]
            if game and reward.game_id != game.pk:
                form.add_error(
                    "reward",
                    ValidationError(
                        _("This is a reward of %(other)s; the campaign's rewards go to %(game)s."),
                        code="other_game",
                        params={"other": reward.game, "game": game},
                    ),
                )

    def _check_conditions(self, kept: list[Any]) -> None:
        needs = {form.instance.pk: form.cleaned_data.get("requires") for form in kept}
        for form in kept:
            needed = form.cleaned_data.get("requires")
            if needed is None:
                continue
            if needed.pk not in needs:
                form.add_error("requires", ValidationError(_("This reward is being removed from the campaign.")))
            elif leads_back(form.instance.pk, needs):
                form.add_error(
                    "requires", ValidationError(_("These rewards wait for each other: none could be earned."))
                )


def leads_back(start: str, needs: dict[str, Any]) -> bool:
    """Say whether a reward waits for itself, by what each needs: rewards by the ids of those that wait for them (R3)."""
    seen = {start}
    current = needs.get(start)
    while current is not None:
        if current.pk in seen:
            return True
        seen.add(current.pk)
        current = needs.get(current.pk)
    return False
