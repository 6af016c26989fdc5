"""Storing a heartbeat, once per source and id, before anything else (W1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import orjson
from django.db import connection
from django.db.models import F

from campaigns.models import Heartbeat, HeartbeatSource
from campaigns.rules.counting import due_at
from campaigns.rules.heartbeats import HeartbeatMessage


class Stored(StrEnum):
    """How storing ended. The same id again changes nothing, whatever it says: the first counts."""

    NEW = "accepted"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"


_COLUMNS = (
    "source_id, heartbeat_id, sent_at, received_at, broadcaster, game_name, viewers, listed, retries, digest, extra, "
    "due_at, viewer_list, unknown, repeats, conflicts, outcome"
)
_GIVEN = 13


def record_heartbeat(*, source: HeartbeatSource, message: HeartbeatMessage, now: datetime) -> Stored:
    """Store a heartbeat in one statement, to be counted when it is due. One that is stored already is noted there.

    The same id with other contents is flagged: the first counts.
    """
    moment = connection.ops.adapt_datetimefield_value
    due = due_at(message.sent_at, now=now, one_stream_at_a_time=source.game.organization.one_stream_at_a_time)
    table = Heartbeat._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({_COLUMNS}) VALUES ({', '.join(['%s'] * _GIVEN)}, 0, 0, 0, 'waiting') "  # noqa: S608
            "ON CONFLICT (source_id, heartbeat_id) DO NOTHING",
            [
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
                orjson.dumps(message.viewer_ids),
            ],
        )
        if cursor.rowcount:
            return Stored.NEW
    known = Heartbeat.objects.filter(source=source, heartbeat_id=message.id)
    if known.filter(digest=message.digest).update(repeats=F("repeats") + 1):
        return Stored.REPEATED
    known.update(conflicts=F("conflicts") + 1)
    return Stored.CONFLICTING
