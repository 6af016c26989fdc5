"""Playing a recording once more: message by message, the state after each, and the game events that would happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.game_state.shown_state import ShownState, read_state, shown_state
from campaigns.admin.game_state.words import sees_state, session_name
from campaigns.game_state.recorded import lines_of
from campaigns.game_state.rule_words import HELD_BACK, event_for_staff
from campaigns.game_state.rules_of import running_rules
from campaigns.models import CampaignReward, GameRecording, RecordedMessage
from campaigns.rules.game_state.codes import MESSAGES_PER_MINUTE
from campaigns.rules.game_state.events import EventRule, Match
from campaigns.rules.game_state.replay import Line, play
from portal.charts import Every, Series, TimeChart
from portal.organizations import may
from portal.roles import Permission

if TYPE_CHECKING:
    from campaigns.admin.game_state.recordings import GameRecordingAdmin

TEMPLATE = "admin/campaigns/game_state/replay.html"
FIELD = "message"
_EVENTS_SHOWN = 200
_CHART_MINUTES = 180
"""A longer recording has no chart: its bars would be too thin to be seen."""

_KINDS = {
    "connect": _("the session was connected, with the full state"),
    "delta": _("a change"),
    "refresh": _("the full state anew"),
}


@dataclass(slots=True)
class Played:
    """A recording as it was played: the message that is looked at, the states around it, and every event in it."""

    line: Line | None = None
    state: str = "{}"
    before: str | None = None
    size: int = 0
    matches: list[tuple[Line, Match]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShownMatch:
    """An event that would happen, by which message, and whether it would count."""

    number: int
    address: str
    here: bool
    at: str
    name: str
    campaign: str
    campaign_address: str
    reward: str
    value: str
    held_back: str


def replay_page(admin: GameRecordingAdmin, request: HttpRequest, recording: GameRecording) -> HttpResponse:
    """Return the page; what the messages hold only for who may see states."""
    sees = sees_state(request)
    name = recording.name or session_name(recording.session, sees=sees)
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": _t("Recording %(name)s") % {"name": name},
        "subtitle": None,
        "opts": admin.opts,
        "recording": recording,
        "sees": sees,
        "session_name": session_name(recording.session, sees=sees),
        "session_address": reverse("admin:campaigns_gamesession_change", args=[recording.session_id]),
        "deeds": _deeds(request, recording),
        "chart": _chart(recording),
        "back": reverse("admin:campaigns_gamerecording_changelist"),
    }
    if sees and recording.messages:
        context |= _stepped(recording, _asked(request, recording))
    return TemplateResponse(request, TEMPLATE, context)


def _asked(request: HttpRequest, recording: GameRecording) -> int:
    """Return the number of the message that is to be looked at: the first, unless another is named that there is."""
    asked = request.GET.get(FIELD, "").strip()
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len(str(2**31)) else 1
    return min(max(number, 1), recording.messages)


def _stepped(recording: GameRecording, number: int) -> dict[str, Any]:
    rules = running_rules([recording.game_id], now=timezone.now()).get(recording.game_id, ())
    offers = CampaignReward.objects.select_related("campaign", "reward").in_bulk([rule.id for rule in rules])
    played = _play(recording, number, rules)
    found = [(line, match) for line, match in played.matches if match.rule_id in offers]
    shown = [_shown_match(line, offers[match.rule_id], match, number) for line, match in found]
    return {
        "number": number,
        "line": played.line,
        "kind": _KINDS.get(played.line.kind, played.line.kind) if played.line else "",
        "at": f"{played.line.at:%Y-%m-%d %H:%M:%S} UTC" if played.line else "",
        "size": played.size,
        "state": _state(played),
        "first": number == 1,
        "previous": f"?{FIELD}={number - 1}#message" if number > 1 else "",
        "next": f"?{FIELD}={number + 1}#message" if number < recording.messages else "",
        "next_event": next((one.address for one in shown if one.number > number), ""),
        "rules": [(offer.event_name, offer.campaign.name, event_for_staff(offer)) for offer in offers.values()],
        "matches": shown[:_EVENTS_SHOWN],
        "more_matches": max(0, len(shown) - _EVENTS_SHOWN),
        "here": [one for one in shown if one.here],
    }


def _play(recording: GameRecording, number: int, rules: tuple[EventRule, ...]) -> Played:
    """Play all of it where there are rules, else up to the message that is looked at."""
    played = Played()
    for step in play(lines_of(recording), rules):
        if step.line.number == number - 1:
            played.before = step.state.as_json()
        if step.line.number == number:
            played.line, played.state, played.size = step.line, step.state.as_json(), step.state.size_bytes
            if not rules:
                break
        played.matches += [(step.line, match) for match in step.matches]
    return played


def _state(played: Played) -> ShownState:
    before = read_state(played.before) if played.before is not None else None
    return shown_state(read_state(played.state), before=before)


def _shown_match(line: Line, offer: CampaignReward, match: Match, number: int) -> ShownMatch:
    return ShownMatch(
        number=line.number,
        address=f"?{FIELD}={line.number}#message",
        here=line.number == number,
        at=f"{line.at:%H:%M:%S}",
        name=offer.event_name,
        campaign=offer.campaign.name,
        campaign_address=reverse("admin:campaigns_campaign_change", args=[offer.campaign_id]),
        reward=offer.reward.name,
        value=match.value,
        held_back=str(HELD_BACK.get(match.held_back, match.held_back)),
    )


def _chart(recording: GameRecording) -> TimeChart | None:
    """Return the messages of each minute beside the limit; None where there is nothing to compare, or too much."""
    counted: dict[int, int] = {}
    for at in RecordedMessage.objects.filter(recording=recording).order_by("number").values_list("at", flat=True):
        counted[int(at.timestamp() // 60)] = counted.get(int(at.timestamp() // 60), 0) + 1
    if not counted:
        return None
    first, last = min(counted), max(counted)
    if not 1 <= last - first < _CHART_MINUTES:
        return None
    start = datetime.fromtimestamp(first * 60, UTC)
    starts = [start + timedelta(minutes=place) for place in range(last - first + 1)]
    return TimeChart(
        key="messages",
        title=_t("Recorded messages by the minute, of at most %(most)s") % {"most": MESSAGES_PER_MINUTE},
        axis=_t("Minute from, in UTC"),
        every=Every.MINUTE,
        starts=starts,
        labels=[f"{one:%Y-%m-%d %H:%M}" for one in starts],
        series=[Series(_t("messages"), [counted.get(minute, 0) for minute in range(first, last + 1)])],
    )


def _deeds(request: HttpRequest, recording: GameRecording) -> list[tuple[str, str, str]]:
    """Return address, label and style of what can be done with it."""
    if not may(request, Permission.EDIT_CAMPAIGNS):
        return []
    return [
        (reverse("admin:campaigns_gamerecording_rename", args=[recording.pk]), _t("Rename …"), ""),
        (reverse("admin:campaigns_gamerecording_delete", args=[recording.pk]), _t("Delete …"), "drops-button-danger"),
    ]
