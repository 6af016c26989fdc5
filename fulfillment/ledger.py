"""Moving claims from state to state (F3): the only place that writes a claim's state, and each move's event with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.states import State, permitted

if TYPE_CHECKING:
    from portal.models import User

PORTAL = "portal"  # the actor's label where no person acted


class MoveForbidden(Exception):
    """A claim may not make this move. Says from where to where."""


class ClaimChanged(Exception):
    """Another process moved a claim between reading and writing it. Read again and decide anew."""


@dataclass(frozen=True, slots=True)
class Move:
    """One claim's way to another state. ``detail`` is for staff, plain words without personal data."""

    claim: Claim
    to: State
    reason: str = ""
    detail: str = ""


def lock_claims(claim_ids: Iterable[str], *, only: Sequence[str] = ()) -> list[Claim]:
    """Return these claims under a row lock, in key order. Only inside a transaction.

    ``only`` names the columns that are read, where a worker with many claims needs few of them.
    """
    claims = Claim.objects.select_for_update(of=("self",)).filter(pk__in=list(claim_ids)).order_by("pk")
    return list(claims.only(*only) if only else claims)


def move_claims(moves: Sequence[Move], *, now: datetime, actor: User | None = None, actor_label: str = PORTAL) -> None:
    """Make these moves and write their events, all or none, by compare-and-set on the state read before.

    The instances are changed to match. Other columns of a claim are the caller's to write.

    Raises:
        MoveForbidden: the table of moves does not have one of them.
        ClaimChanged: a claim is no longer in the state that its instance has.
    """
    groups: dict[tuple[State, State, str, str], list[Claim]] = defaultdict(list)
    for move in moves:
        before = State(move.claim.state)
        if not permitted(before, move.to):
            raise MoveForbidden(f"Claim {move.claim.pk} cannot go from {before} to {move.to}.")
        groups[before, move.to, move.reason, move.detail[:500]].append(move.claim)
    label = str(actor)[:150] if actor else actor_label
    with transaction.atomic():
        for (before, after, reason, detail), claims in groups.items():
            _move_group(claims, before=before, after=after, reason=reason, detail=detail, now=now)
        ClaimEvent.objects.bulk_create(
            [
                ClaimEvent(
                    claim=claim,
                    at=now,
                    from_state=before,
                    to_state=after,
                    reason=reason,
                    detail=detail,
                    actor=actor,
                    actor_label=label,
                )
                for (before, after, reason, detail), claims in groups.items()
                for claim in claims
            ]
        )


def _move_group(claims: list[Claim], *, before: State, after: State, reason: str, detail: str, now: datetime) -> None:
    changes: dict[str, object] = {"state": after, "reason": reason, "detail": detail, "state_changed_at": now}
    if after == State.DELIVERED:
        changes["delivered_at"] = now
    moved = Claim.objects.filter(pk__in=[claim.pk for claim in claims], state=before).update(**changes)
    if moved != len(claims):
        raise ClaimChanged(f"{len(claims) - moved} of {len(claims)} claims are no longer {before}.")
    for claim in claims:
        for name, value in changes.items():
            setattr(claim, name, value)
