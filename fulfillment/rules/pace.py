"""How long it took from claim to delivery, kept as counts of few lengths, and percentiles of that. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

BOUNDS: tuple[int, ...] = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50),
    *(60, 75, 90, 120, 150),
    *(minutes * _MINUTE for minutes in (3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 90)),
    *(hours * _HOUR for hours in (2, 3, 4, 6, 8, 12, 18)),
    *(days * _DAY for days in (1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 60, 90, 180, 365)),
)
"""Seconds. A length is counted under the first of these that it does not exceed; what exceeds all, under the last."""

_WITHIN = "within:"


def bound_of(seconds: float) -> int:
    """Return under how many seconds a length is counted: at most so long it took."""
    return BOUNDS[min(bisect_left(BOUNDS, seconds), len(BOUNDS) - 1)]


def outcome_within(seconds: float) -> str:
    """Return as which outcome a delivery is counted that took so long."""
    return f"{_WITHIN}{bound_of(seconds)}"


def bound_in(outcome: str) -> int | None:
    """Return the seconds that an outcome names; None for one that is something else."""
    return int(outcome.removeprefix(_WITHIN)) if outcome.startswith(_WITHIN) else None


def percentile(counts: Mapping[int, int], percent: int) -> int | None:
    """Return within how many seconds so many percent were delivered; None where nothing was.

    ``counts`` are by the bounds under which lengths are counted: the answer is one of them, the true length at most that.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    wanted, reached = -(-total * percent // 100), 0
    for bound in sorted(counts):
        reached += counts[bound]
        if reached >= wanted:
            return bound
    return max(counts)
