"""Game sessions and events for tests, made through the real operations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaigns.game_state.admission import Admission, AdmittedChannel
from campaigns.game_state.storing import Begun, NewEvent, SessionWrite, begin_session, write_sessions
from campaigns.models import Campaign, CampaignReward, Channel, Game, GameEvent
from campaigns.rules.counting import minute_of
from portal.ids import new_ulid
from tests import factories as make

_numbers = itertools.count(1)


def make_event_reward(campaign: Campaign, **fields: Any) -> CampaignReward:
    """Make a reward that a game event earns: by default when the boss is dead."""
    n = next(_numbers)
    values = {
        "rule": "game_event",
        "minutes": None,
        "event_name": f"Event {n}",
        "event_path": "$.boss",
        "event_condition": "changes_to",
        "event_value": '"dead"',
        "position": n,
        **fields,
    }
    return CampaignReward.objects.create(
        campaign=campaign, reward=make.make_reward(campaign.game, image=False), **values
    )


def make_channel(game: Game, platform_channel_id: str = "900", platform: str = "kick") -> Channel:
    """Return a channel of the game's organization, made where there was none."""
    return Channel.objects.get_or_create(
        organization=game.organization, platform=platform, platform_channel_id=platform_channel_id
    )[0]


def admission_for(game: Game, channels: Sequence[Channel], **fields: Any) -> Admission:
    """Return what a doorkeeper grants a game's own server."""
    values: dict[str, Any] = {
        "organization_id": game.organization_id,
        "game_id": game.pk,
        "client_id": "client-1",
        "client_name": "Backend",
        "authoritative": True,
        "channels": tuple(AdmittedChannel(one.pk, f"{one.platform}:{one.platform_channel_id}") for one in channels),
        "token_key": "1",
        "token_expires_at": None,
        "idle_seconds": 195,
    }
    return Admission(**values | fields)


def begin(
    game: Game, channels: Sequence[Channel], *, now: datetime, connection: str = "", key: str = "match", **fields: Any
) -> tuple[Begun, str]:
    """Begin a session, or take it up again; return it and the connection's id."""
    connection = connection or new_ulid()
    admission = admission_for(game, channels, **fields)
    return begin_session(admission, session_key=key, connection=connection, gateway="gateway-1", now=now), connection


def write_of(begun: Begun, connection: str, *, at: datetime, **fields: Any) -> SessionWrite:
    """Return what a connection has to write."""
    values: dict[str, Any] = {
        "session_id": begun.session_id,
        "connection": connection,
        "state": "{}",
        "state_bytes": 2,
        "revision": begun.revision + 1,
        "last_message_at": at,
        "messages": 1,
        "received_bytes": 2,
        "minute": minute_of(at),
        "minute_messages": 1,
    }
    return SessionWrite(**values | fields)


def happen(
    reward: CampaignReward, channels: Sequence[Channel], *, at: datetime, key: str = "", game: Game | None = None
) -> GameEvent:
    """Have a reward's event happen in a session of its own."""
    begun, connection = begin(game or reward.campaign.game, channels, now=at, key=key or new_ulid())
    event = NewEvent(campaign_reward_id=reward.pk, number=1, at=at, value="dead")
    write = write_of(begun, connection, at=at, channels=tuple(one.pk for one in channels), events=(event,))
    assert write_sessions([write], now=at).events == 1
    return GameEvent.objects.get(session=begun.session_id)
