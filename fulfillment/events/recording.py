"""Recording what came of sending events (D4): attempts, the next due times, and the subscriptions' breakers (D5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from fulfillment.delivery.attempts import bring_forward, keep_attempts
from fulfillment.delivery.doors import Door, lock_doors, tell_breaker, write_doors
from fulfillment.delivery.recording import Recorded
from fulfillment.delivery.sending import Result
from fulfillment.models import EventAttempt, EventDelivery, EventSubscription, Progress
from fulfillment.rules.retries import Outcome, next_try


def record_outcomes(results: Sequence[Result], *, now: datetime, random: Callable[[], float]) -> Recorded:
    """Record these results in one transaction; doing it twice changes nothing more.

    As :func:`fulfillment.delivery.record_outcomes` does with deliveries: see there.
    """
    recorded = Recorded()
    if not results:
        return recorded
    with transaction.atomic():
        rows = _lock(result.leased.row for result in results)
        known = [result for result in results if result.leased.row in rows]
        keep_attempts(EventAttempt, [_without_what_was_erased(result, rows) for result in known])
        doors = lock_doors(EventSubscription.objects.filter(pk__in={result.leased.receiver_id for result in results}))
        changed = []
        for result in results:
            row = rows.get(result.leased.row)
            if row is None or not row.leased or row.attempt != result.leased.attempt:
                recorded.late += 1
                continue
            _settle(result, row, doors.get(row.subscription_id), recorded, now=now, random=random)
            changed.append(row)
        _write(changed)
        write_doors(doors.values(), now=now)
    for key, door in doors.items():
        if door.reopened:
            bring_forward(EventDelivery.objects.filter(subscription=key), now=now, random=random)
    return recorded


def _lock(keys: Iterable[str | int]) -> dict[str | int, EventDelivery]:
    rows = EventDelivery.objects.select_for_update(of=("self",)).select_related("event")
    return {row.pk: row for row in rows.filter(pk__in=set(keys)).order_by("pk")}


def _settle(
    result: Result,
    row: EventDelivery,
    door: Door[EventSubscription] | None,
    recorded: Recorded,
    *,
    now: datetime,
    random: Callable[[], float],
) -> None:
    """Apply one result to its row and its subscription."""
    paused = door is not None and door.is_open
    if door is not None:
        tell_breaker(door, result, detail=_detail(result), now=now)
    row.leased, row.leased_by, row.due_at = False, "", None
    if result.outcome is Outcome.DELIVERED:
        row.progress, row.finished_at = Progress.DELIVERED, now
        recorded.delivered += 1
        return
    if result.outcome is Outcome.REJECTED:
        row.progress, row.finished_at = Progress.FAILED, now
        recorded.failed += 1
        return
    following = next_try(
        attempt=row.attempt,
        attempts_left=row.attempts_left,
        uses_none=paused or result.outcome is Outcome.ENDPOINT_FAULT,
        retry_after=result.retry_after,
        random=random,
    )
    row.attempts_left = following.attempts_left
    if following.wait is None:
        row.progress, row.finished_at = Progress.FAILED, now
        recorded.failed += 1
        return
    row.due_at = now + following.wait
    if following.used:
        recorded.retried += 1
    else:
        recorded.paused += 1


def _detail(result: Result) -> str:
    return f"The subscriber answered {result.status}." if result.status is not None else result.error


def _without_what_was_erased(result: Result, rows: dict[str | int, EventDelivery]) -> Result:
    # F8: an erasure blanked the body while a worker was too slow; what the subscriber answered may name the person.
    return result if rows[result.leased.row].event.body else replace(result, answer="", error="")


def _write(rows: Sequence[EventDelivery]) -> None:
    # Each has values of its own: an upsert of rows that are locked and exist writes them in one statement.
    EventDelivery.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["progress", "due_at", "attempts_left", "leased", "leased_by", "finished_at"],
    )
