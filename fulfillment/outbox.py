"""Deliveries as the outbox of claims (D1).

Written with the move that makes a claim ready, taken back with the one that makes it wait again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, PositiveSmallIntegerField, When

from fulfillment.models import Claim, Delivery
from fulfillment.rules.decision import EndpointKind
from fulfillment.rules.retries import MAX_ATTEMPTS
from fulfillment.rules.states import State
from fulfillment.wake import announce_work


@dataclass(frozen=True, slots=True)
class Settled:
    """A claim in its new state, with its game, how that is reached, and whether the claim was ready before."""

    claim: Claim
    game_id: str | None
    endpoint: EndpointKind
    was_ready: bool

    @property
    def to_be_sent(self) -> bool:
        """Whether the portal has to call the game backend about it."""
        return self.claim.state == State.READY and self.endpoint not in (EndpointKind.PULL, EndpointKind.CODE)


def settle_deliveries(settled: Sequence[Settled], *, now: datetime) -> None:
    """Make the deliveries of these claims what their states ask for.

    A game that pulls has none, nor has what is given as a code. Where the game has no endpoint yet there is one all the same: it goes once there is one.
    """
    sent = [one for one in settled if one.to_be_sent]
    if sent:
        Delivery.objects.bulk_create(
            [Delivery(claim_id=one.claim.pk, game_id=one.game_id or "", due_at=now, created_at=now) for one in sent],
            ignore_conflicts=True,
        )
        announce_work()
    resumed = [one.claim.pk for one in sent if one.claim.attempted_at is not None and not one.was_ready]
    if resumed:
        start_round(resumed, now=now, fresh=False)
    withdrawn = [one.claim.pk for one in settled if not one.to_be_sent and one.was_ready]
    if withdrawn:
        withdraw(withdrawn)


def start_round(claim_ids: Sequence[str], *, now: datetime, fresh: bool) -> None:
    """Have existing deliveries sent now. ``fresh`` gives them all attempts anew, else only where none is left."""
    spent = Case(
        When(attempts_left=0, then=MAX_ATTEMPTS), default=F("attempts_left"), output_field=PositiveSmallIntegerField()
    )
    Delivery.objects.filter(pk__in=claim_ids).update(
        due_at=now, leased=False, leased_by="", attempts_left=MAX_ATTEMPTS if fresh else spent
    )
    announce_work()


def withdraw(claim_ids: Sequence[str]) -> None:
    """Take back deliveries: those never attempted go, the others keep their history and are not due."""
    Delivery.objects.filter(pk__in=claim_ids, attempt=0).delete()
    Delivery.objects.filter(pk__in=claim_ids, due_at__isnull=False).update(due_at=None, leased=False, leased_by="")
