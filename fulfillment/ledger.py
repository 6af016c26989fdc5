"""Moving claims from state to state (F3): the only place that writes a claim's state, and each move's event with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from fulfillment.claim_counts import Changes
from fulfillment.listing import KNOWN_THERE
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.states import ACKNOWLEDGED, State, permitted

if TYPE_CHECKING:
    from portal.models import User

_EVENT_COLUMNS = ("claim_id", "at", "from_state", "to_state", "reason", "detail", "actor_id", "actor_label")
EVENTS_PER_STATEMENT = 1000

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


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that was made, as whoever listens is told of it."""

    claim_id: str
    before: State
    after: State
    reason: str


claims_moved: list[Callable[[Sequence[Moved], datetime], None]] = []
"""Called with all moves that were made together, in their transaction. A listener must not cost a statement for each."""


def lock_claims(claim_ids: Iterable[str], *, only: Sequence[str] = ()) -> list[Claim]:
    """Return these claims under a row lock, in key order. Only inside a transaction.

    ``only`` names the columns that are read, where a worker with many claims needs few of them.
    """
    claims = Claim.objects.select_for_update(of=("self",)).filter(pk__in=list(claim_ids)).order_by("pk")
    return list(claims.only(*only) if only else claims)


def move_claims(moves: Sequence[Move], *, now: datetime, actor: User | None = None, actor_label: str = PORTAL) -> None:
    """Make these moves and write their events, all or none, by compare-and-set on the state read before.

    The counts follow (:mod:`fulfillment.claim_counts`), and the instances are changed to match; who listens to
    ``claims_moved`` is told. Other columns of a claim are the caller's to write, and to be written before.

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
        changes = Changes()
        for (before, after, reason, detail), claims in groups.items():
            places = _move_group(claims, before=before, after=after, reason=reason, detail=detail, now=now)
            for (campaign, campaign_reward), count in places.items():
                changes.in_state(campaign, campaign_reward, before, -count)
                changes.in_state(campaign, campaign_reward, after, count)
                changes.moved(campaign, campaign_reward, to=after, claims=count, now=now)
        changes.write()
        _write_events(
            [
                (claim.pk, now, before.value, after.value, reason, detail, actor.pk if actor else None, label)
                for (before, after, reason, detail), claims in groups.items()
                for claim in claims
            ]
        )
        made = [
            Moved(claim.pk, before, after, reason)
            for (before, after, reason, _detail), claims in groups.items()
            for claim in claims
        ]
        for listener in claims_moved if made else ():
            listener(made, now)


def _write_events(rows: Sequence[tuple[Any, ...]]) -> None:
    """Add history rows. By a statement of our own: each delivery writes two, and instances would cost more than it."""
    row = f"({', '.join(['%s'] * len(_EVENT_COLUMNS))})"
    for start in range(0, len(rows), EVENTS_PER_STATEMENT):
        part = rows[start : start + EVENTS_PER_STATEMENT]
        values = [_adapted(value) for values in part for value in values]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {ClaimEvent._meta.db_table} ({', '.join(_EVENT_COLUMNS)}) "  # noqa: S608 - own names only
                f"VALUES {', '.join([row] * len(part))}",
                values,
            )


def _move_group(
    claims: list[Claim], *, before: State, after: State, reason: str, detail: str, now: datetime
) -> Counter[tuple[str | None, str | None]]:
    """Move claims that go the same way; return how many they are by campaign and its reward, as their rows say."""
    changes: dict[str, Any] = {
        "state": after.value,
        "reason": str(reason),
        "detail": detail,
        "state_changed_at": now,
    }
    if after == State.DELIVERED:
        changes["delivered_at"] = now
    told, told_values = _to_be_told(before, after, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Claim._meta.db_table} SET {', '.join(f'{name} = %s' for name in changes)}{told} "  # noqa: S608
            f"WHERE state = %s AND id IN ({', '.join(['%s'] * len(claims))}) RETURNING campaign_id, campaign_reward_id",
            [*map(_adapted, [*changes.values(), *told_values]), before.value, *(claim.pk for claim in claims)],
        )
        places = Counter(cursor.fetchall())
    if places.total() != len(claims):
        raise ClaimChanged(f"{len(claims) - places.total()} of {len(claims)} claims are no longer {before}.")
    for claim in claims:
        for name, value in changes.items():
            setattr(claim, name, value)
    return places


def _to_be_told(before: State, after: State, now: datetime) -> tuple[str, list[datetime]]:
    """Return what to set so that the platform is told, or told no more, where it has a claim of its own (F6, R4)."""
    if after in ACKNOWLEDGED:
        sources = ", ".join(f"'{source}'" for source in sorted(KNOWN_THERE))
        return f", write_back_at = CASE WHEN source IN ({sources}) THEN %s END", [now]
    return (", write_back_at = NULL", []) if before in ACKNOWLEDGED else ("", [])


def _adapted(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
