"""Recording what came of sends (D4): attempts, the claims' moves, the next due times, and the endpoints' breakers (D5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from fulfillment import pace
from fulfillment.delivery.attempts import bring_forward, keep_attempts
from fulfillment.delivery.doors import Door, lock_doors, tell_breaker, write_doors
from fulfillment.delivery.sending import Result
from fulfillment.delivery.tally import tallies
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, Delivery, DeliveryAttempt, DeliveryTally, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome, next_try
from fulfillment.rules.states import State

_READ = ("state", "staff_hold", "campaign", "granted_at", "received_at", "delivered_at")
"""The columns of a claim that are needed here: there are many claims."""


@dataclass(slots=True)
class Recorded:
    """How many sends came to what. ``late`` ones were of a lease that had run out, and changed nothing."""

    delivered: int = 0
    failed: int = 0
    retried: int = 0
    paused: int = 0
    late: int = 0


def record_outcomes(results: Sequence[Result], *, now: datetime, random: Callable[[], float]) -> Recorded:
    """Record these results in one transaction; doing it twice changes nothing more.

    A result whose attempt number is no longer the delivery's is kept as an attempt and changes nothing else: its lease ran
    out and another worker has the delivery. ``random`` gives numbers from 0 to 1, for jitter.
    """
    recorded = Recorded()
    if not results:
        return recorded
    ids = {result.leased.message_id for result in results}
    with transaction.atomic():
        claims = {claim.pk: claim for claim in lock_claims(ids, only=_READ)}
        deliveries = {row.pk: row for row in Delivery.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        known = [result for result in results if result.leased.message_id in deliveries]
        keep_attempts(DeliveryAttempt, [_without_what_was_erased(result, deliveries) for result in known])
        doors = lock_doors(Endpoint.objects.filter(pk__in={result.leased.receiver_id for result in results}))
        moves: list[Move] = []
        paced: list[pace.Paced] = []
        changed: dict[str, Delivery] = {}
        for result in results:
            delivery = deliveries.get(result.leased.message_id)
            if delivery is None or not delivery.leased or delivery.attempt != result.leased.attempt:
                recorded.late += 1
                continue
            door = doors.get(result.leased.receiver_id)
            move = _settle(result, claims[delivery.pk], delivery, door, now=now, random=random)
            changed[delivery.pk] = delivery
            if move is not None:
                moves.append(move)
                paced += _paced(move, result, now=now)
        _write(list(changed.values()))
        move_claims(moves, now=now)
        write_doors(doors.values(), now=now)
    _count(recorded, moves)
    pace.count(paced, now=now)
    for result in known:
        ended = DeliveryTally.Outcome.DELIVERED if result.outcome is Outcome.DELIVERED else DeliveryTally.Outcome.FAILED
        tallies.count(deliveries[result.leased.message_id].game_id, ended.value, now=now)
    for door in doors.values():
        if door.reopened:
            bring_forward(Delivery.objects.filter(game=door.row.game_id), now=now, random=random)
    return recorded


def _settle(
    result: Result,
    claim: Claim,
    delivery: Delivery,
    door: Door[Endpoint] | None,
    *,
    now: datetime,
    random: Callable[[], float],
) -> Move | None:
    """Apply one result to its delivery and its endpoint; return the claim's move."""
    paused = door is not None and door.is_open
    detail = _detail(result)
    if door is not None:
        tell_breaker(door, result, detail=detail, now=now)
    delivery.leased, delivery.leased_by, delivery.due_at = False, "", None
    if claim.state != State.DELIVERING:
        return None  # somebody took the claim out of delivery while it was under way
    if result.outcome is Outcome.DELIVERED:
        return Move(claim, State.DELIVERED, Code.DELIVERED)
    if result.outcome is Outcome.REJECTED:
        return Move(claim, State.FAILED, Code.REJECTED, detail)
    if claim.staff_hold:  # the hold was set while this attempt was under way
        return Move(claim, State.HELD, Code.HELD_BY_STAFF, detail)
    following = next_try(
        attempt=delivery.attempt,
        attempts_left=delivery.attempts_left,
        uses_none=paused or result.outcome is Outcome.ENDPOINT_FAULT,
        retry_after=result.retry_after,
        random=random,
    )
    delivery.attempts_left = following.attempts_left
    if following.wait is None:
        return Move(claim, State.FAILED, Code.ATTEMPTS_EXHAUSTED, detail)
    delivery.due_at = now + following.wait
    return Move(claim, State.READY, result.reason if following.used else Code.ENDPOINT_PAUSED, detail)


def _paced(move: Move, result: Result, *, now: datetime) -> list[pace.Paced]:
    if move.to is State.DELIVERED:
        return pace.delivered_now(move.claim, move.claim.campaign_id, now=now)
    return pace.failed_now(move.claim, Code.REJECTED if result.outcome is Outcome.REJECTED else result.reason)


def _detail(result: Result) -> str:
    return f"The game backend answered {result.status}." if result.status is not None else result.error


def _without_what_was_erased(result: Result, deliveries: dict[str, Delivery]) -> Result:
    # F8: an erasure blanked the body while a worker was too slow; what the game answered may name the person.
    return result if deliveries[result.leased.message_id].body else replace(result, answer="", error="")


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
