"""The page of one session: how it stands, what it sends, its state, the game events in it, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from campaigns.admin.game_state.event_words import ShownEvent, shown_event, with_campaigns
from campaigns.admin.game_state.shown_state import read_state, shown_state
from campaigns.admin.game_state.words import (
    channel_link,
    live_chip,
    sees_state,
    session_name,
    stamp,
    standing_chip,
    standing_told,
    trust_told,
)
from campaigns.game_state.standing import Standing, alive_gateways, messages_this_minute, standing_of
from campaigns.game_state.words import refusal_advice, refusal_name
from campaigns.models import GameEvent, GameRecording, GameSession, GameSessionChannel
from campaigns.rules.game_state.codes import FULL_BYTES, MESSAGES_PER_MINUTE
from portal.admin_words import ago
from portal.live import live_address, live_part, wants_live_part
from portal.organizations import may
from portal.roles import Permission

if TYPE_CHECKING:
    from campaigns.admin.game_state.sessions import GameSessionAdmin

TEMPLATE = "admin/campaigns/game_state/session.html"
CHANGING = "admin/campaigns/game_state/session_changing.html"
_ASK_NOT = "still"
"""A page asked for with this does not update itself: whoever wants to read in peace can (WCAG 2.2.2)."""

_EVENTS_SHOWN = 50
_CHANNELS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Meter:
    """A figure that has a limit."""

    label: str
    value: int
    most: int
    told: str


def session_page(admin: GameSessionAdmin, request: HttpRequest, session: GameSession) -> HttpResponse:
    """Return the page, or only the part of it that changes."""
    now = timezone.now()
    context = _changing(request, session, now=now)
    if wants_live_part(request):
        return live_part(request, CHANGING, context)
    goes_on = session.ended_at is None
    context |= {
        **admin.admin_site.each_context(request),
        "title": _t("Session %(name)s") % {"name": context["name"]},
        "subtitle": None,
        "opts": admin.opts,
        "goes_on": goes_on,
        "live_from": live_address(request) if goes_on and _ASK_NOT not in request.GET else "",
        "still_address": f"{request.path}?{_ASK_NOT}=1",
        "moving_address": request.path,
        "deeds": _deeds(request, session),
        "back": reverse("admin:campaigns_gamesession_changelist"),
    }
    return TemplateResponse(request, TEMPLATE, context)


def state_view(request: HttpRequest, session: GameSession) -> HttpResponse:
    """Return the merged state as it is stored. Raises ``PermissionDenied`` for who may not see it."""
    if not sees_state(request):
        raise PermissionDenied
    headers = {"Content-Disposition": f'attachment; filename="{session.pk}.json"'}
    return HttpResponse(session.state, content_type="application/json", headers=headers)


def _changing(request: HttpRequest, session: GameSession, *, now: datetime) -> dict[str, Any]:
    sees = sees_state(request)
    standing = standing_of(session, alive=alive_gateways(now=now))
    channels = list(session.channels.all())
    return {
        "session": session,
        "sees": sees,
        "name": session_name(session, sees=sees),
        "chip": standing_chip(session, standing),
        "told": standing_told(session, standing),
        "nobody_live": standing is not Standing.ENDED and not any(row.live for row in channels),
        "meters": _meters(session, now=now),
        "facts": _facts(session, sees=sees, now=now),
        "channels": [_channel(row) for row in channels[:_CHANNELS_SHOWN]],
        "more_channels": max(0, len(channels) - _CHANNELS_SHOWN),
        "events": _events(session, sees=sees),
        "more_events": max(0, session.events - _EVENTS_SHOWN),
        "events_address": f"{reverse('admin:campaigns_gameevent_changelist')}?session={session.pk}",
        "refusal": refusal_name(session.last_refusal) if session.refused else "",
        "refusal_advice": refusal_advice(session.last_refusal) if session.refused else "",
        "refused_at": ago(session.last_refused_at, now=now),
        "state": shown_state(read_state(session.state)) if sees else None,
        "state_address": reverse("admin:campaigns_gamesession_state", args=[session.pk]) if sees else "",
    }


def _meters(session: GameSession, *, now: datetime) -> list[Meter]:
    size = Meter(_t("Size of the state"), session.state_bytes, FULL_BYTES, _t("bytes"))
    if session.ended_at is not None:
        return [size]
    messages = messages_this_minute(session, now=now)
    return [Meter(_t("Messages in the present minute"), messages, MESSAGES_PER_MINUTE, ""), size]


def _facts(session: GameSession, *, sees: bool, now: datetime) -> list[tuple[str, str | SafeString]]:
    facts: list[tuple[str, str | SafeString]] = [
        (_t("Last message"), ago(session.last_message_at, now=now)),
        (_t("Messages"), f"{session.messages:,}"),
        (_t("Bytes received"), f"{session.received_bytes:,}"),
        (_t("Game events"), f"{session.events:,}"),
        (_t("Refusals"), f"{session.refused:,}"),
        (_t("Times connected"), f"{session.connections:,}"),
        (_t("Began"), stamp(session.started_at)),
        (_t("Connected last"), stamp(session.connected_at)),
        (_t("Game"), str(session.game)),
        (_t("It comes from"), trust_told(session)),
        (_t("Revision of the state"), f"{session.revision:,}"),
    ]
    if sees:
        facts.insert(-2, (_t("Client"), session.client_name))
        facts.insert(-2, (_t("Client id"), session.client_id))
    return facts


def _channel(row: GameSessionChannel) -> tuple[SafeString, str, SafeString]:
    return channel_link(row.channel), row.channel.platform_channel_id, live_chip(row.live)


def _events(session: GameSession, *, sees: bool) -> list[ShownEvent]:
    rows = with_campaigns(GameEvent.objects.filter(session=session)).order_by("-at", "-pk")[:_EVENTS_SHOWN]
    return [shown_event(row, sees=sees) for row in rows]


def _deeds(request: HttpRequest, session: GameSession) -> list[tuple[str, str, str]]:
    """Return address, label and style of what can be done with the session, and where it leads on."""
    deeds = []
    recording = GameRecording.objects.filter(session=session).values_list("pk", flat=True).first()
    if recording:
        deeds.append((reverse("admin:campaigns_gamerecording_change", args=[recording]), _t("Its recording"), ""))
    if sees_state(request):
        deeds.append((reverse("admin:campaigns_gamesession_history", args=[session.pk]), _t("History"), ""))
    if session.ended_at is None and may(request, Permission.EDIT_CAMPAIGNS):
        page = reverse("admin:campaigns_gamesession_drop", args=[session.pk])
        deeds.append((page, _t("Drop session …"), "drops-button-danger"))
    return deeds
