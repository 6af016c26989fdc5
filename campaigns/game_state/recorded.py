"""What staff do with recordings of sessions: name them, look at them again, remove them (S5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from campaigns.models import GameRecording, RecordedMessage
from campaigns.rules.game_state.replay import Line
from portal import audit
from portal.models import User


def lines_of(recording: GameRecording) -> Iterator[Line]:
    """Yield the messages of a recording in their order."""
    rows = RecordedMessage.objects.filter(recording=recording).order_by("number")
    for number, kind, at, data in rows.values_list("number", "kind", "at", "data").iterator(chunk_size=500):
        yield Line(number, kind, at, data)


def rename_recording(*, recording: GameRecording, name: str, actor: User, now: datetime) -> None:
    """Give a recording a name; an empty one takes it away."""
    with transaction.atomic():
        before = recording.name
        GameRecording.objects.filter(pk=recording.pk).update(name=name)
        if name != before:
            _record(recording, "renamed recording", actor, {"name": before}, {"name": name}, now)


def remove_recording(*, recording: GameRecording, actor: User, now: datetime) -> None:
    """Remove a recording with its messages. If its session still runs, what it sends from now on begins another."""
    with transaction.atomic():
        _record(
            recording, "deleted recording", actor, {"name": recording.name, "messages": recording.messages}, {}, now
        )
        recording.delete()


def _record(
    recording: GameRecording,
    action: str,
    actor: User,
    before: dict[str, object],
    after: dict[str, object],
    now: datetime,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=recording,
        organization=recording.session.organization,
        before=before,
        after=after,
        now=now,
    )
