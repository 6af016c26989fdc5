"""What the admin's start page shows of game state: whether servers are connected, what happens, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.game_state.standing import missing_gateway
from campaigns.game_state.words import refusal_name
from campaigns.models import CampaignReward, GameEvent, GameSession, GameSessionChannel
from campaigns.rules.game_state.codes import Code
from fulfillment.api.callers import is_usable
from fulfillment.game_state.refusals import refusals_since
from fulfillment.models import GameStateClient
from fulfillment.rules.scopes import GAME_STATE_WRITE
from portal.admin_words import span_between
from portal.dashboard import Card, Line
from portal.ids import first_ulid_at
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

_REFUSED_WITHIN = timedelta(days=1)
_REFUSALS_SHOWN = 3
_OVERDUE_AFTER = timedelta(minutes=1)


def game_state_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return how game state is doing; None where no client may send any and none ever did."""
    if not may(request, Permission.SEE_CAMPAIGNS):
        return None
    sessions = GameSession.objects.filter(organization=organization)
    ever = sessions.exists()
    pairs = GameStateClient.objects.filter(client__organization=organization).select_related("client__oauth")
    clients = {pair.client_id: pair.client for pair in pairs}
    if not ever and not clients:
        return None
    now = timezone.now()
    sends = any(
        is_usable(client, now=now) and GAME_STATE_WRITE in client.oauth.get_scopes() for client in clients.values()
    )
    missing = missing_gateway(now=now)
    listing = reverse("admin:campaigns_gamesession_changelist")
    lines = [*_session_lines(organization, listing), *_event_lines(organization, now=now)]
    if missing:
        lines.append(
            Line(_("Gateway"), _("not heard from"), reverse("admin:campaigns_gatewayprocess_changelist"), True)
        )
    lines += _refusal_lines(request, organization, listing, now=now)
    clients_page = reverse("admin:fulfillment_apiclient_changelist") if may(request, Permission.MANAGE) else ""
    return Card(
        title=_("Game state"),
        lines=lines,
        text=_next_step(missing=missing, allowed=bool(clients), sends=sends, ever=ever),
        url="" if sends else clients_page,
        url_label="" if sends else _("API clients"),
    )


def _next_step(*, missing: bool, allowed: bool, sends: bool, ever: bool) -> str:
    """Return what is in the way of sessions, and whose turn it is; nothing where nothing is."""
    if missing:
        return _(
            "Game servers cannot connect: no gateway runs. Ask whoever operates the portal to start “manage.py gateway”."
        )
    if not allowed:
        return _("No API client is allowed to send the state of a game. An owner allows it on the client's page.")
    if not sends:
        return _(
            "The API clients that are allowed to send game state cannot: they are revoked or expired, or lack the scope "
            "for it. An owner mends that on the client's page."
        )
    if not ever:
        return _(
            "No game server has connected yet. Its developers need the client's id and secret, the game's id from its "
            "page here, and broadcasters who have linked their channel."
        )
    return ""


def _session_lines(organization: Organization, listing: str) -> Iterable[Line]:
    count = GameSession.objects.filter(organization=organization, ended_at=None).count()
    rows = GameSessionChannel.objects.filter(session__organization=organization, session__ended_at=None, live=True)
    live = rows.values("session").distinct().count()
    yield Line(_("Open sessions"), f"{count:,}", f"{listing}?state=open")
    yield Line(_("Sessions with a live channel"), f"{live:,}", f"{listing}?state=live")


def _event_lines(organization: Organization, *, now: datetime) -> Iterable[Line]:
    offers = CampaignReward.objects.filter(
        campaign__organization=organization, rule=CampaignReward.Rule.GAME_EVENT
    ).values_list("pk", flat=True)
    events = GameEvent.objects.filter(campaign_reward__in=list(offers.order_by()))
    listing = reverse("admin:campaigns_gameevent_changelist")
    hour_ago = now - timedelta(hours=1)
    lately = events.filter(pk__gte=first_ulid_at(hour_ago), at__gte=hour_ago).count()
    yield Line(_("Game events, last hour"), f"{lately:,}", listing)
    overdue = events.filter(settled_at=None, due_at__lt=now - _OVERDUE_AFTER).count()
    if overdue:
        yield Line(_("Game events nobody settles"), f"{overdue:,}", f"{listing}?settled=no", attention=True)


def _refusal_lines(request: HttpRequest, organization: Organization, listing: str, *, now: datetime) -> Iterable[Line]:
    sees = may(request, Permission.SEE_PEOPLE)
    for one in refusals_since(organization.pk, now - _REFUSED_WITHIN)[:_REFUSALS_SHOWN]:
        when = _("%(span)s ago") % {"span": span_between(one.last_at, now)}
        label = _("Refused: %(why)s") % {"why": refusal_name(one.code)}
        needs_somebody = one.code != Code.TOKEN_EXPIRED  # after that a server gets a new one by itself
        yield Line(label, f"{one.client}, {when}" if sees else when, listing, needs_somebody)
