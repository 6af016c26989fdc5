"""The breaker of an endpoint (D5). Pure: tested as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 5
"""So many failures in a row pause an endpoint; a fault of the endpoint itself pauses it at once."""

FIRST_PROBE = timedelta(seconds=10)
LONGEST_PROBE = timedelta(minutes=5)
LONGEST_ASKED = timedelta(hours=1)
"""A ``Retry-After`` moves a probe at most this far: one that is wrong must not stop a game for a day."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed while ``opened_at`` is empty. Open, nothing is sent but one delivery at ``probe_at`` to see how things are."""

    failures: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    probes: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the endpoint is paused."""
        return self.opened_at is not None


CLOSED = Breaker()


def probe_delay(probes: int) -> timedelta:
    """Return how long to wait after ``probes`` probes that failed: 10 s, 20 s, 40 s … at most 5 minutes."""
    return min(FIRST_PROBE * 2 ** min(probes, 10), LONGEST_PROBE)


def after_success(_breaker: Breaker) -> Breaker:
    """Return the breaker after any answer that shows the endpoint at work."""
    return CLOSED


def after_failure(
    breaker: Breaker, *, now: datetime, at_once: bool = False, probe: bool = False, asked: timedelta | None = None
) -> Breaker:
    """Return the breaker after a failure.

    ``at_once`` opens it whatever came before. ``probe`` says that this was the probe of an open one, which makes the
    next wait longer; what was under way when it opened does not. ``asked`` is the answer's ``Retry-After``.
    """
    failures = breaker.failures + 1
    if breaker.is_open and not probe:
        return Breaker(failures, breaker.opened_at, breaker.probe_at, breaker.probes)
    if not breaker.is_open and not at_once and failures < FAILURES_TO_OPEN:
        return Breaker(failures)
    probes = breaker.probes + 1 if breaker.is_open else 0
    wait = max(probe_delay(probes), min(asked or timedelta(0), LONGEST_ASKED))
    return Breaker(failures, breaker.opened_at or now, now + wait, probes)
