"""Writing events (D1): in the transaction of what happened, once, and only where a subscription wants to be told.

Few statements for many events, and a single small one where nobody is to be told.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from fulfillment.message import iso
from fulfillment.models import Event, EventDelivery, EventSubscription, Progress
from fulfillment.rules.retries import MAX_ATTEMPTS
from fulfillment.wake import announce_work
from portal.ids import new_ulid

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something to be told: ``subject`` is our id of what it is about, ``data`` what the message says."""

    type: str
    organization_id: str
    subject: str
    data: Mapping[str, Any]


class Wanted:
    """Who wants to be told of what, as it was just now."""

    def __init__(self, rows: Iterable[tuple[str, str, Sequence[str]]], types: Collection[str]) -> None:
        self._subscriptions: dict[tuple[str, str], list[str]] = {}
        for key, organization_id, wanted in rows:
            for kind in set(wanted).intersection(types):
                self._subscriptions.setdefault((organization_id, kind), []).append(key)

    def __bool__(self) -> bool:
        return bool(self._subscriptions)

    @property
    def organizations(self) -> set[str]:
        """The organizations that want any of it."""
        return {organization_id for organization_id, _type in self._subscriptions}

    def by(self, organization_id: str, kind: str) -> Sequence[str]:
        """Return the subscriptions of an organization that want one type of event."""
        return self._subscriptions.get((organization_id, kind), ())


def wanted(types: Collection[str], **of: Any) -> Wanted:
    """Return who wants to be told of these types: of the subscriptions that meet ``of``. One query."""
    rows = EventSubscription.objects.filter(enabled=True, **of).order_by("pk")
    return Wanted(rows.values_list("pk", "organization_id", "types"), types)


def announce(happened: Sequence[Happened], wanting: Wanted, *, now: datetime) -> int:
    """Store events and whom to tell; return how many there are. Only in the transaction of what happened.

    The message is worked out here and never again: it is the same for all subscribers and on every attempt.
    """
    told = [(one, keys) for one in happened if (keys := wanting.by(one.organization_id, one.type))]
    if not told:
        return 0
    with transaction.atomic():
        for start in range(0, len(told), BATCH):
            _write(told[start : start + BATCH], now=now)
        announce_work()
    return len(told)


def _write(told: Sequence[tuple[Happened, Sequence[str]]], *, now: datetime) -> None:
    """Store these. By statements of our own, as arrivals of hundreds of claims and their deliveries write many at once."""
    at = connection.ops.adapt_datetimefield_value(now)
    numbered = [(new_ulid(), one, keys) for one, keys in told]
    _insert(
        Event._meta.db_table,
        ("id", "organization_id", "type", "at", "subject", "body"),
        [
            (key, one.organization_id, one.type, at, one.subject, event_body(one.type, one.data, now=now))
            for key, one, _keys in numbered
        ],
    )
    _insert(
        EventDelivery._meta.db_table,
        ("event_id", "subscription_id", "progress", "due_at", "attempt", "attempts_left", "leased", "leased_by"),
        [
            (key, subscription, Progress.WAITING.value, at, 0, MAX_ATTEMPTS, False, "")
            for key, _one, subscriptions in numbered
            for subscription in subscriptions
        ],
    )


def _insert(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    row = f"({', '.join(['%s'] * len(columns))})"
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * len(part))}",  # noqa: S608
                [value for values in part for value in values],
            )


def event_body(kind: str, data: Mapping[str, Any], *, now: datetime, **more: Any) -> str:
    """Return the JSON text that tells of an event, as Standard Webhooks has it: type, time and data."""
    message = {"type": kind, **more, "timestamp": iso(now), "data": data}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)
