"""Leasing events that are due (D1): the lane of events on the machinery of :mod:`fulfillment.delivery`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet

from fulfillment.delivery.attempts import LOST_ATTEMPT
from fulfillment.delivery.sending import Lane, Leased
from fulfillment.delivery.turns import LEASE, Taken, lease_in_turn, with_work
from fulfillment.models import EventAttempt, EventDelivery, EventSubscription, Worker

_READ = ("subscription", "event__body", "due_at", "attempt", "leased")


def lease_due(
    *, now: datetime, limit: int, worker_id: str = "", room: Callable[[EventSubscription], int] | None = None
) -> list[Leased]:
    """Take at most ``limit`` events that are due, fairly from all subscriptions that have some.

    As :func:`fulfillment.delivery.lease_due` does with deliveries: see there. One query where nothing is due.
    """

    def take(subscription: EventSubscription, due: Q, count: int) -> list[Taken]:
        rows = _rows(Q(subscription=subscription.pk, due_at__isnull=False) & due)[:count]
        return _grant(list(rows), now=now, worker_id=worker_id)

    wanted = room or (lambda subscription: subscription.concurrency)
    return lease_in_turn(Lane.EVENTS, _working(now), take, now=now, limit=limit, room=wanted)


def give_back(unsent: Iterable[Leased], *, now: datetime) -> None:
    """Return leases that were never sent: due at once, their attempt not counted."""
    by_id = {leased.row: leased for leased in unsent}
    if not by_id:
        return
    with transaction.atomic():
        rows = EventDelivery.objects.select_for_update().filter(pk__in=by_id, leased=True).order_by("pk")
        returned = [row.pk for row in rows if row.attempt == by_id[row.pk].attempt]
        EventDelivery.objects.filter(pk__in=returned).update(
            leased=False, leased_by="", due_at=now, attempt=F("attempt") - 1
        )
        probes = sorted({str(by_id[pk].receiver_id) for pk in returned if by_id[pk].probe})
        EventSubscription.objects.filter(pk__in=probes, opened_at__isnull=False).update(probe_at=now)


def take_over_leases(*, now: datetime) -> int:
    """Make due at once what is leased by workers that are gone. Returns how many events that were."""
    alive = Worker.objects.values("pk")
    orphans = EventDelivery.objects.filter(leased=True, due_at__gt=now).exclude(leased_by__in=alive)
    return orphans.update(due_at=now) if orphans.exists() else 0


def _working(now: datetime) -> QuerySet[EventSubscription]:
    due = EventDelivery.objects.filter(subscription=OuterRef("pk"), due_at__isnull=False)
    return with_work(EventSubscription.objects.all(), due, now=now)


def _rows(wanted: Q) -> QuerySet[EventDelivery]:
    rows = EventDelivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("event")
    return rows.only(*_READ).filter(wanted).order_by("due_at", "pk")


def _grant(rows: list[EventDelivery], *, now: datetime, worker_id: str) -> list[Taken]:
    lost = [
        EventAttempt(
            delivery=row,
            number=row.attempt,
            started_at=(row.due_at or now) - LEASE,
            duration_ms=0,
            error=LOST_ATTEMPT,
        )
        for row in rows
        if row.leased
    ]
    EventAttempt.objects.bulk_create(lost, ignore_conflicts=True)
    EventDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        leased=True, leased_by=worker_id, due_at=now + LEASE, attempt=F("attempt") + 1
    )
    return [Taken(row.pk, row.event_id, row.event.body, row.attempt + 1) for row in rows]
