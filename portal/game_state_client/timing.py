"""When something may be sent, and how long is waited before the next connection. The clock is given, so that tests need no time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

SECONDS_APART = 1.05
"""Between two messages. A little over a second: 58 in a minute, so that what a network delays stays within 60 too."""

IDLE_SECONDS = 180.0
"""After so long a silence something is sent, or earlier where the portal allows less."""

LONGEST_WAIT_SECONDS = 60.0
STEADY_SECONDS = 10.0
"""A connection that lasted so long was well: the waits begin anew."""


class Clock(Protocol):
    """Time that passes: monotonic seconds, and a way to wait."""

    def now(self) -> float:
        """Return seconds since some moment."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Pace:
    """Keeps messages apart, over all connections of a client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None

    async def wait(self) -> None:
        """Wait until a message may be sent."""
        while self._last is not None and (left := self._last + SECONDS_APART - self._clock.now()) > 0:
            await self._clock.sleep(left)

    def took(self) -> None:
        """A message is sent now."""
        self._last = self._clock.now()


class Backoff:
    """Waits that double, from about a second up to a minute; each is drawn between its half and its whole."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._failures = 0

    def next(self) -> float:
        """Return how many seconds to wait after one more failure."""
        longest = min(LONGEST_WAIT_SECONDS, 2.0 ** min(self._failures, 10))
        self._failures += 1
        return longest * (0.5 + self._draw() / 2)

    def reset(self) -> None:
        """All was well for a while."""
        self._failures = 0


def longest_silence(idle_seconds: float) -> float:
    """Return after how long a silence something is sent, where the portal closes the line after ``idle_seconds``."""
    return min(IDLE_SECONDS, idle_seconds * IDLE_SECONDS / 195)


async def first_of(*waits: Awaitable[Any]) -> None:
    """Wait until one of these is done, and give the others up. What one of them raises is raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()
