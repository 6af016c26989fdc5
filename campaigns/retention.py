"""How long campaigns keep what they do not need for ever (F8, W9). Minutes that were credited, and totals, stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    CampaignFile,
    ChannelImport,
    ClonedSeries,
    GameEvent,
    GameRecording,
    GameSession,
    GatewayTally,
    Heartbeat,
    HeartbeatTally,
    RegisteredIdentifier,
)
from portal.ids import first_ulid_at
from portal.retention import Kind, add_kinds


def _heartbeats(before: datetime) -> QuerySet[Heartbeat]:
    """Return the heartbeats that are over; one that still waits to be counted never is.

    Their numbers rise with the time they came at, and there is no index on the time, which would cost each heartbeat:
    where to stop is found by halving.
    """
    return Heartbeat.objects.filter(pk__lt=_first_since(before), received_at__lt=before, due_at=None)


def _remove(rows: QuerySet[Any]) -> int:
    """Remove rows with what belongs to them, as lists of viewers, channels or recorded messages; the rows are what is counted."""
    return rows.delete()[1].get(rows.model._meta.label, 0)


def _first_since(moment: datetime) -> int:
    """Return a number below which all heartbeats came before ``moment``, but for those that came at the same time."""
    rows = Heartbeat.objects.order_by("pk").values_list("pk", "received_at")
    first, last = rows.first(), rows.last()
    if first is None or last is None or first[1] >= moment:
        return 0
    if last[1] < moment:
        return last[0] + 1
    low, high = first[0], last[0]  # low came before the moment, high did not
    while high - low > 1:
        middle = rows.filter(pk__gte=(low + high) // 2, pk__lt=high).first()
        if middle is None:
            high = (low + high) // 2
        elif middle[1] < moment:
            low = middle[0]
        else:
            high = (low + high) // 2
    return high


def _removed(before: datetime) -> QuerySet[RegisteredIdentifier]:
    return RegisteredIdentifier.objects.filter(
        state=RegisteredIdentifier.State.UNWANTED, due_at=None, checked_at__lt=before
    )


def _recordings(before: datetime) -> QuerySet[GameRecording]:
    return GameRecording.objects.filter(started_at__lt=before, session__ended_at__isnull=False)


def _states(before: datetime) -> QuerySet[GameSession]:
    return GameSession.objects.filter(ended_at__lt=before).exclude(state="{}")


def _empty_states(rows: QuerySet[Any]) -> int:
    return rows.update(state="{}", state_bytes=2)


def _game_events(before: datetime) -> QuerySet[GameEvent]:
    """Return old events of sessions that are over: an open one goes on counting them. Their keys tell the time."""
    old = GameEvent.objects.filter(pk__lt=first_ulid_at(before), at__lt=before)
    return old.filter(session__ended_at__isnull=False, due_at=None)


def _game_sessions(before: datetime) -> QuerySet[GameSession]:
    """Return sessions of which nothing is left that stands on them."""
    events = GameEvent.objects.filter(session=OuterRef("pk"))
    recordings = GameRecording.objects.filter(session=OuterRef("pk"))
    return GameSession.objects.filter(~Exists(events), ~Exists(recordings), ended_at__lt=before)


add_kinds(
    Kind("heartbeats", _("who sent which heartbeat when, without its viewers"), 90, _heartbeats, _remove),
    Kind("heartbeat_tallies", _("heartbeat counts"), 400, lambda t: HeartbeatTally.objects.filter(hour__lt=t)),
    Kind("identifiers", _("registrations that were removed at the platform"), 30, _removed),
    Kind("game_states", _("the state that a game session ended with"), 30, _states, _empty_states),
    Kind("game_recordings", _("recorded game sessions"), 90, _recordings, _remove),
    Kind("game_events", _("game events; what was earned by them stays"), 400, _game_events, _remove),
    # After the two before, which stand on them.
    Kind(
        "game_sessions",
        _("game sessions without events or a recording, once they have ended"),
        90,
        _game_sessions,
        _remove,
    ),
    Kind(
        "channel_imports",
        _("lists of channels that were imported; the versions of the allow-list stay"),
        30,
        lambda t: ChannelImport.objects.filter(created_at__lt=t).exclude(state=ChannelImport.State.RESOLVING),
        _remove,
    ),
    Kind("gateway_tallies", _("counts of gateways"), 400, lambda t: GatewayTally.objects.filter(hour__lt=t)),
    Kind(
        "campaign_files",
        _("campaign files that were uploaded to be imported"),
        7,
        lambda t: CampaignFile.objects.filter(uploaded_at__lt=t),
    ),
    Kind(
        "cloned_series", _("notes of series that were cloned"), 7, lambda t: ClonedSeries.objects.filter(made_at__lt=t)
    ),
)
