"""Sessions, gateways and recordings as rows, for tests of what is shown of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.game_state.recording import RecordedLine, record_lines
from campaigns.models import (
    CampaignReward,
    Channel,
    Game,
    GameEvent,
    GameEventChannel,
    GameRecording,
    GameSession,
    GameSessionChannel,
    GatewayProcess,
)
from campaigns.rules.counting import minute_of
from portal.ids import new_ulid
from tests.factories import NOW

_numbers = itertools.count(1)
SECOND = timedelta(seconds=1)


def make_gateway(*, beat_at: datetime = NOW, **fields: Any) -> GatewayProcess:
    """Make a gateway that was heard of just now."""
    values = {"host": "gs-1", "pid": 4242, "started_at": NOW - timedelta(hours=3), "connections": 17, **fields}
    return GatewayProcess.objects.create(beat_at=beat_at, **values)


def make_game_session(
    game: Game, channels: Sequence[Channel] = (), *, live: Sequence[Channel] = (), state: Any = None, **fields: Any
) -> GameSession:
    """Make an open session without a connection; ``live`` are those of its channels that stream."""
    n = next(_numbers)
    text = json.dumps({"boss": "alive"} if state is None else state)
    values = {
        "organization": game.organization,
        "client_id": "client-1",
        "client_name": "Match servers",
        "session_key": f"match-{n}",
        "authoritative": True,
        "state": text,
        "state_bytes": len(text),
        "started_at": NOW - timedelta(minutes=30),
        "connected_at": NOW - timedelta(minutes=20),
        "last_message_at": NOW - 3 * SECOND,
        "minute": minute_of(NOW),
        "minute_messages": 15,
        **fields,
    }
    session = GameSession.objects.create(game=game, **values)
    for channel in channels:
        GameSessionChannel.objects.create(session=session, channel=channel, live=channel in live)
    return session


def connected(gateway: GatewayProcess) -> dict[str, str]:
    """Return the fields of a session whose connection a gateway holds."""
    return {"connection": new_ulid(), "gateway": gateway.pk}


def make_game_event(
    session: GameSession, reward: CampaignReward, *, at: datetime = NOW, number: int = 1, **fields: Any
) -> GameEvent:
    """Make an event that happened in a session, on all its channels."""
    values = {"value": '"dead"', **fields}
    event = GameEvent.objects.create(session=session, campaign_reward=reward, number=number, at=at, **values)
    for row in session.channels.all():
        GameEventChannel.objects.create(event=event, channel=row.channel, minute=minute_of(at))
    return event


def make_recording(session: GameSession, *messages: tuple[str, Any]) -> GameRecording:
    """Record messages of a session, one a second; each is its kind and its data."""
    started = NOW - timedelta(minutes=10)
    lines = [
        RecordedLine(started + place * SECOND, kind, json.dumps(data)) for place, (kind, data) in enumerate(messages)
    ]
    record_lines(session.pk, lines, now=started)
    return GameRecording.objects.get(session=session)
