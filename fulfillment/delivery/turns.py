"""Taking what is due, fairly from all receivers of a lane, so that no other process sends it too (D1).

Rows are locked receiver first, in key order, then what is sent to it, skipping what others hold: a lease waits for
nobody while it holds rows that others want.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Q, QuerySet

from fulfillment.delivery.doors import R, locked, pause_without_secret, secrets_of
from fulfillment.delivery.sending import Lane, Leased

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken for a receiver: its row is leased, and its body is what will be sent."""

    row: str | int
    message_id: str
    body: str
    attempt: int


Take = Callable[[R, Q, int], Iterable[Taken]]
"""Takes at most so many of what a receiver is to be sent and what meets the condition, and marks it as leased."""


def with_work(receivers: QuerySet[R], rows: QuerySet[Any], *, now: datetime) -> QuerySet[R]:
    """Keep the receivers that something can be sent to now. ``rows`` are one's own that have a time, by ``OuterRef``."""
    closed = Q(opened_at=None) & Exists(rows.filter(due_at__lte=now))
    probing = Q(probe_at__lte=now) & Exists(rows.filter(free(now)))
    return receivers.filter(closed | probing, enabled=True)


def free(now: datetime) -> Q:
    """Return the condition that nobody has a lease on a row."""
    return Q(leased=False) | Q(due_at__lte=now)


def lease_in_turn(
    lane: Lane, working: QuerySet[R], take: Take[R], *, now: datetime, limit: int, room: Callable[[R], int]
) -> list[Leased]:
    """Take at most ``limit`` messages, at most ``room`` of each receiver, fairly from all that are ``working``.

    Of one whose breaker is open exactly one is taken, when the time of its probe has come.
    """
    waiting = list(working.values_list("pk", flat=True)) if limit > 0 else []
    if not waiting:  # asked outside a transaction: idle polling writes nothing
        return []
    leased: list[Leased] = []
    with transaction.atomic():
        receivers = [(room(row), row) for row in locked(working.filter(pk__in=waiting))]
        receivers.sort(key=lambda pair: -pair[0])
        for position, (wants, row) in enumerate(receivers):
            share = -(-(limit - len(leased)) // (len(receivers) - position))
            count = min(wants, share, 1 if row.opened_at else share)
            if count > 0:
                leased += _lease_from(lane, row, take, count=count, now=now)
    return leased


def _lease_from(lane: Lane, row: R, take: Take[R], *, count: int, now: datetime) -> list[Leased]:
    secrets = secrets_of(row)
    if not secrets:
        pause_without_secret(row, now=now)
        return []
    # A probe takes what would be next, even if its own time has not come: somebody has to find out.
    taken = list(take(row, free(now) if row.opened_at else Q(due_at__lte=now), count))
    if row.opened_at and taken:
        # The row lock makes this the only probe; should it never be heard of again, the next goes when its lease ends.
        type(row)._default_manager.filter(pk=row.pk).update(probe_at=now + LEASE)
    return [
        Leased(
            lane=lane,
            row=one.row,
            message_id=one.message_id,
            receiver_id=row.pk,
            url=row.url,
            concurrency=row.concurrency,
            secrets=secrets,
            body=one.body,
            attempt=one.attempt,
            probe=row.opened_at is not None,
            lease_ends_at=now + LEASE,
        )
        for one in taken
    ]
