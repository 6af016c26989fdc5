"""Recordings of sessions (G): the messages of a game that records, kept to be looked at again and to try game events on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from campaigns.models import GameRecording, GameSession, RecordedMessage

MOST_MESSAGES = 5000
MOST_BYTES = 4 * 1024 * 1024
"""Of one recording; after that it is full."""

MOST_RECORDINGS = 20
"""Of one game; the oldest make room."""

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A message that was taken: ``kind`` is connect, delta or refresh, ``data`` its JSON object."""

    at: datetime
    kind: str
    data: str


def record_lines(session_id: str, lines: Sequence[RecordedLine], *, now: datetime) -> bool:
    """Add messages to the recording of a session, which begins with a full state; tell whether there is room for more.

    One that has made room for later sessions does not begin again in the middle of its match.
    """
    with transaction.atomic():
        # The session's row is locked: a connection that took it over writes after us, with numbers of its own.
        session = GameSession.objects.select_for_update().filter(pk=session_id).first()
        if session is None or (lines[0].kind == "delta" and not GameRecording.objects.filter(session=session).exists()):
            return False
        recording, begun = GameRecording.objects.get_or_create(
            session=session, defaults={"game_id": session.game_id, "started_at": now}
        )
        if begun:
            _make_room(session.game_id)
        if recording.full_at is None:
            _add(recording, lines, now=now)
        return recording.full_at is None


def _add(recording: GameRecording, lines: Sequence[RecordedLine], *, now: datetime) -> None:
    rows = []
    for line in lines:
        size = len(line.data.encode())
        if recording.messages >= MOST_MESSAGES or recording.bytes + size > MOST_BYTES:
            recording.full_at = now
            break
        recording.messages += 1
        recording.bytes += size
        rows.append(
            RecordedMessage(recording=recording, number=recording.messages, at=line.at, kind=line.kind, data=line.data)
        )
    RecordedMessage.objects.bulk_create(rows, batch_size=_CHUNK)
    GameRecording.objects.filter(pk=recording.pk).update(
        messages=recording.messages, bytes=recording.bytes, full_at=recording.full_at
    )


def _make_room(game_id: str) -> None:
    kept = GameRecording.objects.filter(game=game_id).order_by("-pk").values_list("pk", flat=True)[:MOST_RECORDINGS]
    GameRecording.objects.filter(game=game_id).exclude(pk__in=list(kept)).delete()
