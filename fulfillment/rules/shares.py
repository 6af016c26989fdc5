"""What part of the claims is linked, and what part delivered. Pure; None where there is nothing to take a part of."""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment.rules.states import HOLDS_SLOT, State

LINKED = frozenset(HOLDS_SLOT | {State.DUPLICATE})
"""States that a claim reaches only with a player."""

DELIVERED = frozenset({State.DELIVERED, State.CONFIRMED})

NOT_TO_DELIVER = frozenset({State.DUPLICATE, State.ABANDONED})
"""States in which a claim is done with and nothing is to be delivered."""


def linked_percent(by_state: Mapping[str, int]) -> float | None:
    """Return how many percent have a player, of the claims that have one or wait for one.

    What is held or unknown is left out: whether its viewer has linked, nobody has looked.
    """
    linked = _sum(by_state, LINKED)
    return _percent(linked, linked + by_state.get(State.WAITING.value, 0))


def delivered_percent(by_state: Mapping[str, int]) -> float | None:
    """Return how many percent were delivered of the claims that are to be, or were."""
    total = sum(by_state.values()) - _sum(by_state, NOT_TO_DELIVER)
    return _percent(_sum(by_state, DELIVERED), total)


def _sum(by_state: Mapping[str, int], states: frozenset[State]) -> int:
    return sum(by_state.get(state.value, 0) for state in states)


def _percent(part: int, whole: int) -> float | None:
    """To a tenth, and never 100 or 0 where that is not so: what is missing is what somebody looks for."""
    if whole <= 0:
        return None
    exact = 100 * part / whole
    if part not in (0, whole):
        return min(max(round(exact, 1), 0.1), 99.9)
    return round(exact, 1)
