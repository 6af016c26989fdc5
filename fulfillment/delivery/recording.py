"""Recording what came of sends (D4): attempts, the claims' moves, the next due times, and the endpoints' breakers (D5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from fulfillment.delivery.sending import Result
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, Delivery, DeliveryAttempt, Endpoint
from fulfillment.rules.breaker import Breaker, after_failure, after_success
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import MAX_ATTEMPTS, Outcome, next_delay
from fulfillment.rules.states import State

logger = logging.getLogger(__name__)

FAULT_WAIT_LIMIT = timedelta(minutes=5)
"""The longest wait that a delivery is given for a fault of its endpoint: the breaker does the waiting."""

SPREAD = timedelta(seconds=10)
"""Over this time the waiting deliveries of an endpoint are sent that works again."""

SPREAD_STEPS = 10
SPREAD_ROWS = 5000
FREE_ATTEMPTS_BROUGHT_FORWARD = 3
"""A claim that met more endpoint faults than this is perhaps their cause: it keeps its own time when others go on."""


@dataclass(slots=True)
class Recorded:
    """How many sends came to what. ``late`` ones were of a lease that had run out, and changed nothing."""

    delivered: int = 0
    failed: int = 0
    retried: int = 0
    paused: int = 0
    late: int = 0
    reopened_games: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Door:
    """An endpoint while its results are gone through."""

    row: Endpoint
    breaker: Breaker
    was_open: bool
    success: bool = False
    error: str = ""


def record_outcomes(results: Sequence[Result], *, now: datetime, random: Callable[[], float]) -> Recorded:
    """Record these results in one transaction; doing it twice changes nothing more.

    A result whose attempt number is no longer the delivery's is kept as an attempt and changes nothing else: its lease ran
    out and another worker has the delivery. ``random`` gives numbers from 0 to 1, for jitter.
    """
    recorded = Recorded()
    if not results:
        return recorded
    ids = {result.leased.claim_id for result in results}
    with transaction.atomic():
        claims = {claim.pk: claim for claim in lock_claims(ids, only=("state", "staff_hold"))}
        deliveries = {row.pk: row for row in Delivery.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        _keep_attempts([_without_what_was_erased(r, deliveries) for r in results if r.leased.claim_id in deliveries])
        doors = _lock_doors({result.leased.endpoint_id for result in results})
        moves: list[Move] = []
        changed: dict[str, Delivery] = {}
        for result in results:
            delivery = deliveries.get(result.leased.claim_id)
            if delivery is None or not delivery.leased or delivery.attempt != result.leased.attempt:
                recorded.late += 1
                continue
            door = doors.get(result.leased.endpoint_id)
            move = _settle(result, claims[delivery.pk], delivery, door, now=now, random=random)
            changed[delivery.pk] = delivery
            if move is not None:
                moves.append(move)
        _write(list(changed.values()))
        move_claims(moves, now=now)
        _write_doors(doors.values(), now=now)
    _count(recorded, moves)
    for door in doors.values():
        if door.was_open and not door.breaker.is_open:
            recorded.reopened_games.append(door.row.game_id)
            bring_forward(game_id=door.row.game_id, now=now, random=random)
    return recorded


def bring_forward(*, game_id: str, now: datetime, random: Callable[[], float]) -> int:
    """Make the deliveries that wait for another attempt due within ``SPREAD``, as their endpoint works again.

    Returns how many. Rows that others hold are left alone; they have their own time.
    """
    with transaction.atomic():
        waiting = list(
            Delivery.objects.select_for_update(skip_locked=True)
            .filter(game=game_id, leased=False, due_at__gt=now + SPREAD)
            .filter(attempt__lte=MAX_ATTEMPTS + FREE_ATTEMPTS_BROUGHT_FORWARD - F("attempts_left"))
            .order_by("pk")
            .values_list("pk", flat=True)[:SPREAD_ROWS]
        )
        steps: dict[int, list[str]] = {}
        for pk in waiting:
            steps.setdefault(int(random() * SPREAD_STEPS), []).append(pk)
        for step, ids in sorted(steps.items()):
            Delivery.objects.filter(pk__in=ids).update(due_at=now + SPREAD * step / SPREAD_STEPS)
    return len(waiting)


def _settle(
    result: Result,
    claim: Claim,
    delivery: Delivery,
    door: _Door | None,
    *,
    now: datetime,
    random: Callable[[], float],
) -> Move | None:
    """Apply one result to its delivery and its endpoint; return the claim's move."""
    paused = door is not None and door.breaker.is_open
    if door is not None:
        _tell_breaker(door, result, now=now)
    delivery.leased, delivery.leased_by, delivery.due_at = False, "", None
    if claim.state != State.DELIVERING:
        return None  # somebody took the claim out of delivery while it was under way
    if result.outcome is Outcome.DELIVERED:
        return Move(claim, State.DELIVERED, Code.DELIVERED)
    detail = _detail(result)
    if result.outcome is Outcome.REJECTED:
        return Move(claim, State.FAILED, Code.REJECTED, detail)
    if claim.staff_hold:  # the hold was set while this attempt was under way
        return Move(claim, State.HELD, Code.HELD_BY_STAFF, detail)
    if result.outcome is Outcome.ENDPOINT_FAULT or paused:
        # D5: no attempt is used up while the endpoint is paused, and a fault of the endpoint's own uses none.
        wait = next_delay(min(delivery.attempt, MAX_ATTEMPTS - 1), retry_after=result.retry_after, random=random)
        delivery.due_at = now + min(wait or FAULT_WAIT_LIMIT, FAULT_WAIT_LIMIT)
        return Move(claim, State.READY, Code.ENDPOINT_PAUSED, detail)
    delivery.attempts_left = max(delivery.attempts_left - 1, 0)
    wait = next_delay(MAX_ATTEMPTS - delivery.attempts_left, retry_after=result.retry_after, random=random)
    if wait is None:
        return Move(claim, State.FAILED, Code.ATTEMPTS_EXHAUSTED, detail)
    delivery.due_at = now + wait
    return Move(claim, State.READY, result.reason, detail)


def _detail(result: Result) -> str:
    return f"The game backend answered {result.status}." if result.status is not None else result.error


def _tell_breaker(door: _Door, result: Result, *, now: datetime) -> None:
    if result.outcome in (Outcome.DELIVERED, Outcome.REJECTED):
        door.breaker, door.success = after_success(door.breaker), True
        return
    door.error = _detail(result)
    door.breaker = after_failure(
        door.breaker,
        now=now,
        at_once=result.outcome is Outcome.ENDPOINT_FAULT,
        probe=result.leased.probe,
        asked=result.retry_after,
    )


def _without_what_was_erased(result: Result, deliveries: dict[str, Delivery]) -> Result:
    # F8: an erasure blanked the body while a worker was too slow; what the game answered may name the person.
    return result if deliveries[result.leased.claim_id].body else replace(result, answer="", error="")


def _keep_attempts(results: Iterable[Result]) -> None:
    # A number that is there already is the note that a worker was lost, or this very batch recorded before a crash.
    DeliveryAttempt.objects.bulk_create(
        [
            DeliveryAttempt(
                delivery_id=result.leased.claim_id,
                number=result.leased.attempt,
                started_at=result.started_at,
                duration_ms=max(result.duration_ms, 0),
                status=result.status,
                answer=result.answer,
                error=result.error,
            )
            for result in results
        ],
        update_conflicts=True,
        unique_fields=["delivery", "number"],
        update_fields=["started_at", "duration_ms", "status", "answer", "error"],
    )


def _lock_doors(ids: Iterable[int]) -> dict[int, _Door]:
    rows = (
        Endpoint.objects.select_for_update().filter(pk__in=list(ids)).defer("secret", "previous_secret").order_by("pk")
    )
    doors = {}
    for row in rows:
        breaker = Breaker(row.failures, row.opened_at, row.probe_at, row.probes)
        doors[row.pk] = _Door(row, breaker, breaker.is_open)
    return doors


def _write_doors(doors: Iterable[_Door], *, now: datetime) -> None:
    for door in doors:
        breaker = door.breaker
        changes: dict[str, object] = {
            "failures": breaker.failures,
            "opened_at": breaker.opened_at,
            "probe_at": breaker.probe_at,
            "probes": breaker.probes,
        }
        if door.success:
            changes["last_success_at"] = now
        if door.error:
            changes["last_error"] = door.error
        Endpoint.objects.filter(pk=door.row.pk).update(**changes)
        if breaker.is_open != door.was_open:
            logger.warning(
                "The endpoint of game %s is %s.", door.row.game_id, "paused" if breaker.is_open else "at work again"
            )


def _write(rows: Sequence[Delivery]) -> None:
    done = [row.pk for row in rows if row.due_at is None and row.attempts_left]
    Delivery.objects.filter(pk__in=done).update(due_at=None, leased=False, leased_by="")
    # What is to be sent again has a time of its own each: an upsert of rows that are locked and exist writes them at once.
    Delivery.objects.bulk_create(
        [row for row in rows if row.due_at is not None or not row.attempts_left],
        update_conflicts=True,
        unique_fields=["claim"],
        update_fields=["due_at", "attempts_left", "leased", "leased_by"],
    )


def _count(recorded: Recorded, moves: Iterable[Move]) -> None:
    for move in moves:
        if move.to is State.DELIVERED:
            recorded.delivered += 1
        elif move.to is State.FAILED:
            recorded.failed += 1
        elif move.reason in (Code.ENDPOINT_PAUSED, Code.HELD_BY_STAFF):
            recorded.paused += 1
        else:
            recorded.retried += 1
