"""*Try game events*: when a campaign's game events would have happened in a recorded session, before it is published (G4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.campaign_rewards import check_limits
from campaigns.admin.event_advice import never_told
from campaigns.game_state.entering import NO_CONDITION, NO_PATH, NO_VALUE, entering_problems, stored_value
from campaigns.game_state.rule_words import HELD_BACK, event_for_staff
from campaigns.game_state.rules_of import event_rule
from campaigns.game_state.trials import (
    Trial,
    Tried,
    event_rows,
    note_trial,
    recordings_of,
    try_rules,
    unsaved_row,
)
from campaigns.hooks import CampaignPage
from campaigns.models import Campaign, CampaignReward, GameRecording
from campaigns.rules.game_state.events import path_problem
from campaigns.rules.game_state.replay import Found
from portal.next_page import next_page
from portal.roles import Permission
from portal.timelines import Mark, Timeline, TimelineRow

MOST_SHOWN = 100
"""Of each rule so many times are listed."""


@dataclass(frozen=True, slots=True)
class ShownTime:
    """A time at which an event was found; ``held_back`` says why it did not count."""

    at: str
    number: str
    url: str
    value: str
    held_back: str


@dataclass(frozen=True, slots=True)
class ShownRule:
    """What came of one rule: how often it happened, when, and where it never did, what to mend."""

    name: str
    rule: str
    happened: int
    summary: str
    times: list[ShownTime]
    more: int
    never: list[str]


class RecordingForm(forms.Form):
    """Which recorded session is played."""

    use_required_attribute = False  # what is missing is said in our own words
    recording = forms.ChoiceField(
        label=_("Recorded session"),
        error_messages={"invalid_choice": _("This recording is not there any more. Choose another.")},
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, recordings: list[GameRecording], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recordings = {row.pk: row for row in recordings}
        self.fields["recording"].choices = [(row.pk, _label(row)) for row in recordings]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> GameRecording:
        """The recording, once the form was found valid."""
        return self._recordings[self.cleaned_data["recording"]]


class RuleForm(RecordingForm):
    """A game event that is not saved: the same fields as in the campaign's form, checked in the same way."""

    path = forms.CharField(
        label=_("Where in the game state"),
        error_messages={"required": NO_PATH},
        max_length=200,
        help_text=_("A JSONPath: $.boss.state, or $.players[*].kills"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    condition = forms.ChoiceField(
        label=_("When it has happened"),
        choices=[("", _("Select value")), *CampaignReward.EventCondition.choices],
        error_messages={"required": NO_CONDITION},
        widget=UnfoldAdminSelectWidget,
    )
    value = forms.CharField(
        label=_("Value"),
        error_messages={"required": NO_VALUE},
        max_length=200,
        help_text=_("A text, a number, true or false. Quotes make a text of a number: “10”."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    cool_down = forms.IntegerField(
        label=_("Cool-down in seconds"), required=False, widget=UnfoldAdminIntegerFieldWidget
    )
    per_session = forms.IntegerField(
        label=_("At most per session"), required=False, widget=UnfoldAdminIntegerFieldWidget
    )

    def clean(self) -> dict[str, Any]:
        """Check the event as the campaign's form does."""
        cleaned = super().clean() or self.cleaned_data
        path, condition, value = (cleaned.get(name) or "" for name in ("path", "condition", "value"))
        problems = entering_problems(path=path, condition=condition, value=value)
        for name, sentence in problems.items():
            if name not in self.errors:
                self.add_error(name, str(sentence))
        if "value" not in problems and condition:
            cleaned["value"] = stored_value(value, condition=condition)
        check_limits(self, cool_down="cool_down", per_session="per_session")
        return cleaned

    @property
    def row(self) -> CampaignReward:
        """The event, once the form was found valid; it is not stored."""
        entered = self.cleaned_data
        return unsaved_row(
            path=entered["path"],
            condition=entered["condition"],
            value=entered["value"],
            cool_down_seconds=entered["cool_down"] or 0,
            per_session=entered["per_session"],
        )


@require_http_methods(["GET", "HEAD", "POST"])
def trial_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Try the campaign's own events, which is noted for its preflight (POST); show a trial, or that of another rule (GET)."""
    recordings = recordings_of(campaign)
    rows = event_rows(campaign)
    usable = [row for row in rows if row.event_path and path_problem(row.event_path) is None]
    if request.method == "POST":
        asked = RecordingForm(request.POST, recordings=recordings)
        if asked.is_valid():
            trial = try_rules(asked.chosen, [event_rule(row) for row in usable])
            note_trial(trial, usable, now=timezone.now())
            return HttpResponseRedirect(f"{request.path}?recording={asked.chosen.pk}#found")
    own = RecordingForm(request.GET if "recording" in request.GET else None, recordings=recordings)
    is_rule = "path" in request.GET
    rule = RuleForm(request.GET if is_rule else None, recordings=recordings, auto_id="rule_%s")
    if not is_rule and own.is_bound and own.is_valid():
        rule.initial["recording"] = own.chosen.pk
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Try game events: %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "has_recordings": bool(recordings),
        "has_events": bool(usable),
        "incomplete": [row.event_name for row in rows if row not in usable],
        "own_form": own,
        "rule_form": rule,
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        "game_page": reverse("admin:campaigns_game_change", args=[campaign.game_id]),
    }
    if is_rule and rule.is_valid():
        context["unsaved"] = _shown_trial(rule.chosen, [rule.row], key="unsaved-line")
    elif not is_rule and own.is_bound and own.is_valid() and usable:
        context["found"] = _shown_trial(own.chosen, usable, key="found-line")
    return TemplateResponse(request, "admin/campaigns/event_trial.html", context)


def _label(row: GameRecording) -> str:
    return _t("%(name)s, %(when)s UTC, %(count)s messages") % {
        "name": row.name or row.session.session_key,
        "when": f"{row.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        "count": f"{row.messages:,}",
    }


def _shown_trial(recording: GameRecording, rows: list[CampaignReward], *, key: str) -> dict[str, Any]:
    trial = try_rules(recording, [event_rule(row) for row in rows])
    by_id = {one.rule.id: one for one in trial.tried}
    page = reverse("admin:campaigns_gamerecording_change", args=[recording.pk])
    return {
        "trial": trial,
        "label": _label(recording),
        "recording_page": page,
        "line": _timeline(trial, rows, key=key),
        "rules": [_shown_rule(row, by_id[row.pk], page) for row in rows],
    }


def _name(row: CampaignReward) -> str:
    return f"{row.reward}: {row.event_name}" if row.event_name else _t("The rule that is not saved")


def _shown_rule(row: CampaignReward, tried: Tried, page: str) -> ShownRule:
    return ShownRule(
        name=_name(row),
        rule=event_for_staff(row),
        happened=len(tried.happened),
        summary=_summary(tried),
        times=[_shown_time(found, page) for found in tried.found[:MOST_SHOWN]],
        more=max(0, len(tried.found) - MOST_SHOWN),
        never=[] if tried.found else never_told(tried),
    )


def _shown_time(found: Found, page: str) -> ShownTime:
    return ShownTime(
        at=f"{found.at.astimezone(UTC):%H:%M:%S}",
        number=f"{found.number:,}",
        url=f"{page}?message={found.number}#message",
        value=found.value,
        held_back=str(HELD_BACK.get(found.held_back, "")),
    )


def _summary(tried: Tried) -> str:
    count = len(tried.happened)
    told = [
        ngettext("happened once", "happened %(n)s times", count) % {"n": f"{count:,}"}
        if count
        else _t("never happened")
    ]
    for why, words in (
        ("cool_down", _t("%(n)s held back by the cool-down")),
        ("per_session", _t("%(n)s by the limit")),
    ):
        if tried.held_back(why):
            told.append(words % {"n": f"{tried.held_back(why):,}"})
    return ", ".join(told)


def _timeline(trial: Trial, rows: list[CampaignReward], *, key: str) -> Timeline | None:
    """Return when the rules' events were found; None where nothing ever was."""
    by_id = {one.rule.id: one for one in trial.tried}
    if trial.began_at is None or trial.ended_at is None or not any(one.found for one in trial.tried):
        return None
    return Timeline(
        key=key,
        title=_t("When it would have happened"),
        axis=_t("Time in UTC, from the first message of the recording to the last that was played"),
        starts_at=trial.began_at.astimezone(UTC),
        ends_at=trial.ended_at.astimezone(UTC),
        counting=_t("happened"),
        other=_t("held back"),
        rows=[
            TimelineRow(_name(row), _summary(by_id[row.pk]), [_mark(found) for found in by_id[row.pk].found])
            for row in rows
        ],
    )


def _mark(found: Found) -> Mark:
    at = found.at.astimezone(UTC)
    told = _t("%(at)s, message %(number)s: %(value)s") % {
        "at": f"{at:%H:%M:%S}",
        "number": f"{found.number:,}",
        "value": found.value,
    }
    return Mark(at, told, counts=not found.held_back)


PAGES = (CampaignPage("event-trial/", "event_trial", trial_view, _("Try game events"), Permission.SEE_PEOPLE),)
