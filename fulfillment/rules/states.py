"""The states of a claim and the moves between them (F3). One table; nothing else decides what may follow what."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a claim is."""

    RECEIVED = "received"
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    HELD = "held"
    READY = "ready"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    ABANDONED = "abandoned"


UNSENT = frozenset({State.RECEIVED, State.WAITING, State.QUARANTINED, State.HELD, State.READY, State.DUPLICATE})
"""States that ``resolve`` may work out again, as long as no delivery was attempted."""

HOLDS_SLOT = frozenset({State.READY, State.DELIVERING, State.DELIVERED, State.CONFIRMED, State.FAILED})
"""States in which a claim holds its slot (R4)."""

OPEN = frozenset({State.READY, State.DELIVERING, State.FAILED})
"""States that a partner sees as claimed and not yet fulfilled (A5)."""

DONE = frozenset({State.DELIVERED, State.CONFIRMED})
"""States that a partner sees as fulfilled (A5)."""

LISTED = OPEN | DONE
"""States in which a partner sees a claim at all (A5)."""

ACKNOWLEDGED = frozenset({State.DELIVERED, State.DUPLICATE})
"""States on entering which a claim's platform is to be told that it is done with (F6, R4)."""

FINAL_FOR_VIEWER = frozenset({State.DELIVERED, State.CONFIRMED, State.DUPLICATE, State.ABANDONED})

_RESOLVED = {State.WAITING, State.QUARANTINED, State.HELD, State.READY, State.DUPLICATE, State.ABANDONED}

MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset(_RESOLVED | {State.CONFIRMED}),
    State.WAITING: frozenset(_RESOLVED - {State.WAITING}),
    State.QUARANTINED: frozenset(_RESOLVED - {State.QUARANTINED}),
    State.HELD: frozenset(_RESOLVED - {State.HELD}),
    State.DUPLICATE: frozenset(_RESOLVED - {State.DUPLICATE}),
    # A claim that was never attempted may still lose its link, its mapping or its permission to go (L6).
    State.READY: frozenset((_RESOLVED - {State.READY}) | {State.DELIVERING, State.DELIVERED, State.FAILED}),
    State.DELIVERING: frozenset({State.READY, State.HELD, State.DELIVERED, State.FAILED}),
    State.DELIVERED: frozenset({State.CONFIRMED, State.READY}),
    State.CONFIRMED: frozenset({State.READY}),
    # A game that pulls may fulfil what failed while it was pushed (D3).
    State.FAILED: frozenset({State.READY, State.HELD, State.ABANDONED, State.DELIVERED}),
    State.ABANDONED: frozenset({State.RECEIVED}),
}


def permitted(before: State, after: State) -> bool:
    """Say whether a claim may move from ``before`` to ``after``."""
    return after in MOVES[before]
