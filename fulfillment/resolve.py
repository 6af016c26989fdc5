"""Working out the state of every claim not yet sent, many at once (The flow; F1 to F3, R4, L6, L7).

``resolve_due`` takes the claims whose ``resolve_at`` has come. Whatever could matter to a claim only sets that time,
through :mod:`fulfillment.marks`. Doing it again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from fulfillment import pace
from fulfillment.arrival_counts import count_arrivals
from fulfillment.claim_counts import Binding, Changes, quarter_of
from fulfillment.claim_minutes import Minutes
from fulfillment.freeing import free_places, give_up, places_of
from fulfillment.ledger import PORTAL, Move, lock_claims, move_claims
from fulfillment.listing import give_places, place_of
from fulfillment.mapping import Known, judged_at, learn_about
from fulfillment.marks import mark_duplicates
from fulfillment.models import Claim, ClaimEvent, Delivery
from fulfillment.outbox import Settled, settle_deliveries
from fulfillment.rules.codes import Code
from fulfillment.rules.decision import Decision, EndpointKind, decide
from fulfillment.rules.states import LISTED, UNSENT, State
from fulfillment.slots import NO_SLOTS, Contender, Slots, assign_slots, held_slots
from fulfillment.stock import Stock, assigned, read_stock
from fulfillment.viewers import register_viewers
from fulfillment.writing import Row, write_rows
from portal.outliving import in_halves

POISONED_AGAIN_AFTER = timedelta(minutes=15)
UNDER_WAY_AGAIN_AFTER = timedelta(seconds=30)

_ADVISORY_LOCK = 0x44726F70  # any number that nothing else locks: "Drop"

log = logging.getLogger(__name__)

Viewers = dict[tuple[str, str, str], str]


@dataclass(slots=True)
class _Work:
    """One claim while it is worked on."""

    claim: Claim
    known: Known
    decision: Decision
    slots: Slots = NO_SLOTS
    given_day: int | None = None

    @property
    def leaves_ready(self) -> bool:
        """Whether it was about to be sent and is no longer."""
        return self.claim.state == State.READY and self.decision.state is not State.READY

    @property
    def frozen(self) -> bool:
        """Whether a delivery was attempted."""
        return self.known.facts.frozen


def resolve_due(*, now: datetime, limit: int = 500) -> int:
    """Work out at most ``limit`` claims that are due, and return how many there were; 0 where another process is at it.

    The number of statements does not depend on the number of claims. A claim that cannot be worked out is put aside as
    *quarantined* and tried again later, and never keeps the others back.
    """
    due = list(
        Claim.objects.filter(resolve_at__lte=now)
        .order_by("resolve_at")
        .only("organization_id", "platform", "platform_user_id", "platform_user_name", "received_at", "viewer_id")[
            :limit
        ]
    )
    if not due:
        return 0
    # In a transaction of its own and before any claim is locked: whoever makes a link locks the viewer first.
    viewers = register_viewers(due, now=now)
    done = 0

    def work(claim_ids: Sequence[str]) -> None:
        nonlocal done
        done += _resolve(claim_ids, viewers, now=now)

    def put_aside(claim_id: str, fault: Exception) -> None:
        nonlocal done
        _put_aside(claim_id, fault, now=now)
        done += 1

    in_halves([claim.pk for claim in due], work, put_aside)
    return done


def _resolve(claim_ids: Sequence[str], viewers: Viewers, *, now: datetime) -> int:
    with transaction.atomic():
        if not _is_only_resolver():
            return 0
        claims = list(
            Claim.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk__in=claim_ids, resolve_at__lte=now)
            .order_by("pk")
        )
        _resolve_locked(claims, viewers, now=now)
        return len(claims)


def _is_only_resolver() -> bool:
    """Keep other processes from resolving until the transaction ends. SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def _resolve_locked(claims: Sequence[Claim], viewers: Viewers, *, now: datetime) -> None:
    unsent = [claim for claim in claims if claim.state in UNSENT]
    _leave_alone([claim for claim in claims if claim.state not in UNSENT], now=now)
    if not unsent:
        return
    count_arrivals(unsent)
    known = learn_about(unsent, viewers)
    works = [_Work(claim, known[claim.pk], decide(known[claim.pk].facts)) for claim in unsent]
    stock = _give_slots(works, now)
    freed = [work.claim for work in works if _gives_up_slots(work)]
    states_before = {work.claim.pk: work.claim.state for work in works}
    move_claims([_move(work) for work in works if work.leaves_ready], now=now)
    # First whoever takes no slot, so that nobody is refused one that is given up in the same moment.
    takers = [work for work in works if work.slots not in (NO_SLOTS, held_slots(work.claim))]
    taking = {work.claim.pk for work in takers}
    _write([work for work in works if work.claim.pk not in taking], now=now)
    _write(takers, now=now)
    give_up(places_of(work.claim for work in works if _gives_up_place(work)))
    stock.book()
    move_claims([_move(work) for work in works if work.claim.state != work.decision.state], now=now)
    settle_deliveries(
        [
            Settled(
                work.claim,
                work.known.columns.game_id,
                work.known.facts.endpoint,
                was_ready=states_before[work.claim.pk] == State.READY,
            )
            for work in works
        ],
        now=now,
    )
    _deliver_codes([work for work in works if _goes_by_code(work)], stock, now=now)
    mark_duplicates(freed, now=now)


def _goes_by_code(work: _Work) -> bool:
    return work.decision.state is State.READY and work.known.facts.endpoint is EndpointKind.CODE


def _deliver_codes(works: Sequence[_Work], stock: Stock, *, now: datetime) -> None:
    """Give ready claims their codes, which delivers them: the viewer finds the code beside the reward (D8).

    Their player is what it was from now on, as after an attempt (L6).
    """
    claims = [work.claim for work in works]
    bound = [(work.claim, work.known.columns.campaign_id) for work in works]
    paced = [one for claim, campaign_id in bound for one in pace.delivered_now(claim, campaign_id, now=now)]
    stock.hand_out(now=now)
    if claims:
        transaction.on_commit(partial(pace.count, paced, now=now))
        assigned(claims)
        Claim.objects.filter(pk__in=[claim.pk for claim in claims], attempted_at=None).update(attempted_at=now)
        move_claims([Move(claim, State.DELIVERED, Code.CODE_ASSIGNED) for claim in claims], now=now)


def _give_slots(works: Sequence[_Work], now: datetime) -> Stock:
    contenders = [
        Contender(work.claim, work.known, needs_one=work.decision.state is State.READY)
        for work in works
        if work.decision.state in (State.READY, State.CONFIRMED)
    ]
    stock = read_stock(contenders, now=now)
    slots = assign_slots(contenders, admit=stock.admit) if contenders else {}
    for work in works:
        if work.claim.pk in slots:
            work.slots = slots[work.claim.pk]
            if work.decision.state is State.READY and work.slots == NO_SLOTS:
                lacking = stock.refused.get(work.claim.pk)
                work.decision = decide(replace(work.known.facts, slot_free=lacking is not None, lacking=lacking))
            elif work.decision.state is State.READY:
                work.given_day = stock.day_of(work.claim, work.known.columns.campaign_reward_id)
        elif work.frozen and work.decision.state is State.HELD:
            # The game may have it already: it keeps its slot until somebody abandons it.
            work.slots, work.given_day = held_slots(work.claim), work.claim.given_day
    return stock


def _gives_up_place(work: _Work) -> bool:
    columns, claim = work.known.columns, work.claim
    before = (claim.campaign_reward_id, claim.given_day)
    return claim.given_day is not None and before != (columns.campaign_reward_id, work.given_day)


def _gives_up_slots(work: _Work) -> bool:
    columns, claim = work.known.columns, work.claim
    if held_slots(claim) == NO_SLOTS:
        return False
    moved = (claim.campaign_reward_id, claim.player_id, claim.viewer_id) != (
        columns.campaign_reward_id,
        columns.player_id,
        columns.viewer_id,
    )
    return moved or work.slots != held_slots(claim)


def _move(work: _Work) -> Move:
    return Move(work.claim, work.decision.state, work.decision.reason.value, work.known.detail)


def _write(works: Sequence[_Work], *, now: datetime) -> None:
    """Store what the claims are bound to, in one statement, and a new reason where the state stays."""
    rows: list[Row] = []
    events: list[ClaimEvent] = []
    changes, minutes = Changes(), Minutes()
    entering = [work.claim for work in works if work.decision.state in LISTED and work.claim.state not in LISTED]
    places = give_places(entering)
    for work in works:
        claim, reason, detail = work.claim, work.claim.reason, work.claim.detail
        stays = claim.state == work.decision.state
        # Why a claim that was attempted is ready, its delivery says.
        if stays and not (work.frozen and claim.state == State.READY):
            reason, detail = work.decision.reason.value, work.known.detail
        if stays and reason != claim.reason:
            events.append(_event(claim, reason, detail, now))
        quarter = quarter_of(judged_at(claim)) if work.known.columns.campaign_id else None
        _count(changes, minutes, work, quarter)
        place = places.get(claim.pk) or place_of(claim)
        rows.append(Row(claim.pk, work.known.columns, work.slots, quarter, reason, detail, place, work.given_day))
    # What was attempted stays where it is, but for a claim that its game fetched, and that was taken back when sent again.
    changes.history({work.claim.pk: _bindings(work) for work in works if work.claim.delivered_at and not work.frozen})
    write_rows(rows)
    changes.write()
    minutes.write()
    ClaimEvent.objects.bulk_create(events)


def _count(changes: Changes, minutes: Minutes, work: _Work, quarter: int | None) -> None:
    """Have the claim counted where it is bound to now, and no longer where it was. It is locked, so its row is as read."""
    claim, (before, after) = work.claim, _bindings(work)
    if before != after:
        changes.in_state(*before, claim.state, -1)
        changes.in_state(*after, claim.state, 1)
    if before[0] != after[0]:
        minutes.add(before[0], claim, -1)
        minutes.add(after[0], claim)
    if (before, claim.counted_quarter) != (after, quarter):
        changes.granted(*before, claim.counted_quarter, -1)
        changes.granted(*after, quarter, 1)


def _bindings(work: _Work) -> tuple[Binding, Binding]:
    """Return what the claim's row binds it to, and what it is bound to now."""
    columns = work.known.columns
    return (work.claim.campaign_id, work.claim.campaign_reward_id), (columns.campaign_id, columns.campaign_reward_id)


def _event(claim: Claim, reason: str, detail: str, now: datetime) -> ClaimEvent:
    return ClaimEvent(
        claim=claim,
        at=now,
        from_state=claim.state,
        to_state=claim.state,
        reason=reason,
        detail=detail,
        actor_label=PORTAL,
    )


def _leave_alone(claims: Sequence[Claim], *, now: datetime) -> None:
    """Look again soon at what is being sent; there is nothing to work out about what is over."""
    under_way = [claim.pk for claim in claims if claim.state == State.DELIVERING]
    over = [claim.pk for claim in claims if claim.state != State.DELIVERING]
    if under_way:
        Claim.objects.filter(pk__in=under_way).update(resolve_at=now + UNDER_WAY_AGAIN_AFTER)
    if over:
        Claim.objects.filter(pk__in=over).update(resolve_at=None)


def _put_aside(claim_id: str, error: Exception, *, now: datetime) -> None:
    """Quarantine a claim that could not be worked out, with a time for another try, and go on with the others."""
    log.error("Claim %s could not be worked out.", claim_id, exc_info=error)
    with transaction.atomic():
        row = Claim.objects.filter(pk=claim_id)
        row.update(resolve_at=now + POISONED_AGAIN_AFTER)
        for claim in lock_claims([claim_id]):
            if claim.state not in UNSENT or claim.attempted_at is not None:
                continue
            if claim.state == State.QUARANTINED:
                row.update(reason=Code.RESOLVE_ERROR.value, detail=type(error).__name__)
            else:
                move_claims([Move(claim, State.QUARANTINED, Code.RESOLVE_ERROR, type(error).__name__)], now=now)
            row.update(player_slot=None, viewer_slot=None)
            free_places([claim])
            Delivery.objects.filter(pk=claim_id, attempt=0).delete()
            mark_duplicates([claim], now=now)
