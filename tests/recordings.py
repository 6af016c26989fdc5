"""Recorded sessions for tests: each state is a full message, each change a delta."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from campaigns.models import Game, GameRecording, RecordedMessage
from tests.factories import NOW, make_game_session


def record(game: Game, first: dict[str, Any], *deltas: dict[str, Any], every: int = 2, **fields: Any) -> GameRecording:
    """Record a session that began an hour ago: its first state, and the changes after it, ``every`` so many seconds."""
    session = make_game_session(game, started_at=NOW - timedelta(hours=1), ended_at=NOW, end_code="disconnected")
    lines = list(_lines([("connect", first), *(("delta", delta) for delta in deltas)]))
    values = {
        "started_at": session.started_at,
        "messages": len(lines),
        "bytes": sum(map(len, (one[1] for one in lines))),
    }
    recording = GameRecording.objects.create(session=session, game=game, **values | fields)
    RecordedMessage.objects.bulk_create(
        [
            RecordedMessage(
                recording=recording,
                number=number,
                at=session.started_at + timedelta(seconds=every * (number - 1)),
                kind=kind,
                data=data,
            )
            for number, (kind, data) in enumerate(lines, start=1)
        ],
        batch_size=1000,
    )
    return recording


def _lines(messages: Iterable[tuple[str, dict[str, Any]]]) -> Iterable[tuple[str, str]]:
    for kind, data in messages:
        yield kind, json.dumps(data)
