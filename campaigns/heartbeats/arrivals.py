"""Storing a heartbeat, once per source and id, before anything else (W1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Heartbeat, HeartbeatSource, HeartbeatViewers
from campaigns.rules.counting import due_at
from campaigns.rules.heartbeats import HeartbeatMessage


class Stored(StrEnum):
    """How storing ended. The same id again changes nothing, whatever it says: the first counts."""

    NEW = "accepted"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"


_COLUMNS = (
    "source_id, heartbeat_id, sent_at, received_at, broadcaster, game_name, viewers, listed, retries, digest, extra, "
    "due_at, unknown, repeats, conflicts, outcome"
)
_GIVEN = 12


def record_heartbeat(*, source: HeartbeatSource, message: HeartbeatMessage, now: datetime) -> Stored:
    """Store a heartbeat whole, to be counted when it is due. One that is stored already is noted there.

    The same id with other contents is flagged: the first counts.
    """
    moment = connection.ops.adapt_datetimefield_value
    due = due_at(message.sent_at, now=now, one_stream_at_a_time=source.game.organization.one_stream_at_a_time)
    header = [
        source.pk,
        message.id,
        moment(message.sent_at),
        moment(now),
        message.broadcaster,
        message.game,
        message.viewers,
        len(message.viewer_ids),
        message.retries,
        message.digest,
        message.extra,
        moment(due),
    ]
    if _insert(header, orjson.dumps(message.viewer_ids)):
        return Stored.NEW
    known = Heartbeat.objects.filter(source=source, heartbeat_id=message.id)
    if known.filter(digest=message.digest).update(repeats=F("repeats") + 1):
        return Stored.REPEATED
    known.update(conflicts=F("conflicts") + 1)
    return Stored.CONFLICTING


def _insert(header: list[Any], ids: bytes) -> bool:
    """Insert a heartbeat and its list, both or neither; tell whether it is new."""
    beats, lists = Heartbeat._meta.db_table, HeartbeatViewers._meta.db_table
    heartbeat = (
        f"INSERT INTO {beats} ({_COLUMNS}) VALUES ({', '.join(['%s'] * _GIVEN)}, 0, 0, 0, 'waiting') "  # noqa: S608
        "ON CONFLICT (source_id, heartbeat_id) DO NOTHING RETURNING id"
    )
    if connection.vendor == "postgresql":  # one statement, so one way to the database and back
        both = f"WITH new AS ({heartbeat}) INSERT INTO {lists} (heartbeat_id, ids) SELECT id, %s FROM new"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(both, [*header, ids])
            return bool(cursor.rowcount)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(heartbeat, header)
        new = cursor.fetchone()
        if new:
            cursor.execute(f"INSERT INTO {lists} (heartbeat_id, ids) VALUES (%s, %s)", [new[0], ids])  # noqa: S608
        return bool(new)
