"""What is still missing for a reward that the portal counts (R3): other rewards, minutes; and which reward comes next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A reward that minutes earn, and how far somebody has come. Minutes are whole."""

    reward_id: str
    needed_minutes: int
    done_minutes: int
    earned: bool = False

    @property
    def left(self) -> int:
        """The minutes that are missing; 0 once earned, whatever was counted."""
        return 0 if self.earned else minutes_left(self.needed_minutes, self.done_minutes)


def open_requirements(reward_id: str, *, requires: Mapping[str, str | None], earned: Collection[str]) -> list[str]:
    """Return the rewards that are not earned yet of this one and all that it requires; empty: it can be claimed.

    ``requires`` tells of each reward which other it requires. What has to be earned first comes first, the reward itself
    last. Rewards that require each other in a circle are each looked at once.
    """
    chain: dict[str, None] = {}
    step: str | None = reward_id
    while step is not None and step not in chain:
        chain[step] = None
        step = requires.get(step)
    return [each for each in reversed(chain) if each not in earned]


def minutes_left(needed: int, done: int) -> int:
    """Return how many of ``needed`` minutes are missing, never less than 0."""
    return max(0, needed - done)


def percent(needed: int, done: int) -> int:
    """Return the share in whole per cent, rounded down, so that 100 says that nothing is missing."""
    if needed <= 0:
        return 100
    return max(0, min(100, done * 100 // needed))


def next_goal(goals: Iterable[Goal]) -> Goal | None:
    """Return the goal that fewest minutes are missing for, of equal ones the first; None where all are earned."""
    return min((goal for goal in goals if not goal.earned), key=lambda goal: goal.left, default=None)
