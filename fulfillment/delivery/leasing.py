"""Leasing deliveries that are due: their bodies are frozen and their claims go on to *delivering* with it (D1, L6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet

from fulfillment.delivery.attempts import LOST_ATTEMPT
from fulfillment.delivery.sending import Lane, Leased
from fulfillment.delivery.turns import LEASE, Taken, lease_in_turn, with_work
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.message import delivery_body
from fulfillment.models import Claim, Delivery, DeliveryAttempt, Endpoint, Worker
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State

PARKED = timedelta(seconds=30)
"""How long a delivery is left alone that may not go just now: its campaign is paused, or staff hold the claim."""

_SENDABLE = frozenset({State.READY.value, State.DELIVERING.value})
_READ = (
    *("game", "due_at", "attempt", "attempts_left", "leased", "leased_by", "body", "created_at"),
    *("claim__state", "claim__state_changed_at", "claim__attempted_at", "claim__staff_hold", "claim__granted_at"),
    *("claim__source", "claim__platform", "claim__platform_claim_id"),
    *("claim__platform_user_id", "claim__platform_user_name"),
    *("claim__player__player_id", "claim__player__name", "claim__viewer__name", "claim__game__name"),
    *("claim__reward__external_id", "claim__reward__name"),
    *("claim__campaign__name", "claim__campaign__test_mode", "claim__campaign__deliveries_paused"),
)
"""What sending needs of a delivery and what belongs to it: its claim alone has thirty columns."""

_PARKING_ROUNDS = 10
_PARKING_BATCH = 200


def lease_due(
    *, now: datetime, limit: int, worker_id: str = "", room: Callable[[Endpoint], int] | None = None
) -> list[Leased]:
    """Take at most ``limit`` deliveries that are due, fairly from all endpoints that have some.

    ``room`` says how many more of an endpoint the caller wants; by default as many as it may have under way. Of an
    endpoint whose breaker is open exactly one is taken, when the time of its probe has come. The body is frozen and the
    claim moved to *delivering* in the same transaction. A lease that ran out is taken again under a new attempt number.
    """

    def take(endpoint: Endpoint, due: Q, count: int) -> list[Taken]:
        rows = _take_sendable(Q(game=endpoint.game_id, due_at__isnull=False) & due, count=count, now=now)
        _grant(rows, now=now, worker_id=worker_id)
        return [Taken(row.pk, row.pk, row.body, row.attempt) for row in rows]

    wanted = room or (lambda endpoint: endpoint.concurrency)
    return lease_in_turn(Lane.REWARDS, _working(now), take, now=now, limit=limit, room=wanted)


def give_back(unsent: Iterable[Leased], *, now: datetime) -> None:
    """Return leases that were never sent: due at once, their attempt not counted (L6: nothing is frozen by them)."""
    by_id = {str(leased.row): leased for leased in unsent}
    if not by_id:
        return
    with transaction.atomic():
        claims = {claim.pk: claim for claim in lock_claims(by_id)}
        returned = [
            delivery
            for delivery in Delivery.objects.select_for_update().filter(pk__in=by_id).order_by("pk")
            if delivery.leased and delivery.attempt == by_id[delivery.pk].attempt
        ]
        for delivery in returned:
            delivery.leased, delivery.leased_by, delivery.due_at = False, "", now
            delivery.attempt -= 1
            if delivery.attempt == 0:
                delivery.body = ""
        _write(returned)
        mine = [claims[delivery.pk] for delivery in returned]
        moves = [Move(claim, State.READY, Code.DUE) for claim in mine if claim.state == State.DELIVERING]
        move_claims(moves, now=now)
        fresh = [delivery.pk for delivery in returned if delivery.attempt == 0]
        Claim.objects.filter(pk__in=fresh).update(attempted_at=None)
        probes = sorted({by_id[delivery.pk].receiver_id for delivery in returned if by_id[delivery.pk].probe})
        Endpoint.objects.filter(pk__in=probes, opened_at__isnull=False).update(probe_at=now)


def take_over_leases(*, now: datetime) -> int:
    """Make due at once what is leased by workers that are gone. Returns how many deliveries that were."""
    alive = Worker.objects.values("pk")
    orphans = Delivery.objects.filter(leased=True, due_at__gt=now).exclude(leased_by__in=alive)
    return orphans.update(due_at=now) if orphans.exists() else 0


def _working(now: datetime) -> QuerySet[Endpoint]:
    due = Delivery.objects.filter(game=OuterRef("game"), due_at__isnull=False)
    return with_work(Endpoint.objects.filter(mode=Endpoint.Mode.PUSH), due, now=now)


def _take_sendable(wanted: Q, *, count: int, now: datetime) -> list[Delivery]:
    taken: list[Delivery] = []
    seen: set[str] = set()
    batch = count
    for _round in range(_PARKING_ROUNDS):
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self", "claim"))
            .select_related("claim__player", "claim__reward", "claim__game", "claim__campaign", "claim__viewer")
            .only(*_READ)
            .filter(wanted)
            .exclude(pk__in=seen)
            .order_by("due_at")[:batch]
        )
        seen.update(row.pk for row in rows)
        sendable = [row for row in rows if _may_go(row.claim)]
        taken += sendable[: count - len(taken)]
        _park([row for row in rows if not _may_go(row.claim)], now=now)
        if len(taken) == count or len(rows) < batch:
            break
        batch = max(count, _PARKING_BATCH)
    return taken


def _may_go(claim: Claim) -> bool:
    paused = claim.campaign is not None and claim.campaign.deliveries_paused
    return claim.state in _SENDABLE and not claim.staff_hold and not paused


def _park(rows: Sequence[Delivery], *, now: datetime) -> None:
    """Put aside what was held or paused after it became ready. What is held or no longer ready is not due at all."""
    sendable = [row for row in rows if row.claim.state in _SENDABLE]
    held = [row for row in sendable if row.claim.staff_hold]
    move_claims([Move(row.claim, State.HELD, Code.HELD_BY_STAFF) for row in held], now=now)
    later = [row.pk for row in sendable if not row.claim.staff_hold]
    never = [row.pk for row in rows if row.pk not in set(later)]
    if later:
        Delivery.objects.filter(pk__in=later).update(due_at=now + PARKED, leased=False, leased_by="")
    if never:
        Delivery.objects.filter(pk__in=never).update(due_at=None, leased=False, leased_by="")


def _grant(rows: Sequence[Delivery], *, now: datetime, worker_id: str) -> None:
    lost = [
        DeliveryAttempt(
            delivery=row, number=row.attempt, started_at=row.claim.state_changed_at, duration_ms=0, error=LOST_ATTEMPT
        )
        for row in rows
        if row.leased
    ]
    DeliveryAttempt.objects.bulk_create(lost, ignore_conflicts=True)
    for row in rows:
        row.attempt += 1
        row.leased, row.leased_by, row.due_at = True, worker_id, now + LEASE
        row.body = row.body or delivery_body(row.claim, now=now)
    _write(rows)
    first = [row.pk for row in rows if row.claim.attempted_at is None]
    if first:
        Claim.objects.filter(pk__in=first).update(attempted_at=now)
    moves = [Move(row.claim, State.DELIVERING, Code.SENDING) for row in rows if row.claim.state == State.READY]
    move_claims(moves, now=now)


def _write(rows: Sequence[Delivery]) -> None:
    """Write rows that are locked and exist, each with its own values, in one statement."""
    Delivery.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["claim"],
        update_fields=["due_at", "attempt", "attempts_left", "leased", "leased_by", "body"],
    )
