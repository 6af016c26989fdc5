"""The background job: registers, checks and removes what is due (L9, L10). Killed at any moment, the next run goes on."""

from __future__ import annotations

import logging
import random as randomness
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.registering.calls import Leased, Result, perform
from campaigns.registering.leasing import credentials_with_work, lease_due, put_off, record
from campaigns.rules.registering import Outcome

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""So many calls are under way at the same time; what is leased is called at once, so that a lease is never old."""

BUDGET_SECONDS = 10.0
"""So long one run takes up new work: its last calls may take 15 seconds more, and a background job has 30."""

MOST_GENERAL_FAILURES = 3
"""After so many failures in a row that the next viewer would meet too, a credential is left alone until the next run."""


@dataclass(slots=True)
class Run:
    """What a run did: how often each outcome came, and whether work that is due is left."""

    outcomes: Counter[str] = field(default_factory=Counter)
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        told = ", ".join(f"{outcome}: {count}" for outcome, count in sorted(self.outcomes.items()))
        return told or "nothing was due"


@dataclass(slots=True)
class _Turn:
    """How a credential's calls go in this run."""

    failures: int = 0
    over: bool = False

    def note(self, result: Result) -> None:
        """End the turn where the platform asks for a pause, or fails again and again."""
        self.failures = self.failures + 1 if result.general else 0
        self.over = self.over or result.retry_after is not None or self.failures >= MOST_GENERAL_FAILURES


def run_due(
    *,
    clock: Callable[[], datetime],
    seconds: float = BUDGET_SECONDS,
    at_once: int = AT_ONCE,
    random: Callable[[], float] = randomness.random,
) -> Run:
    """Work on what is due for at most so many ``seconds``, fairly among credentials, and return what was done.

    ``clock`` tells the time anew for each round: waits are counted from when a call has ended. No call is made inside a
    transaction, and any number of processes may run this at the same time.
    """
    run, ends = Run(), time.monotonic() + seconds
    turns: dict[str, _Turn] = {}
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="registering") as pool:
        while True:
            found = credentials_with_work(now=clock())
            open_ones = [key for key in found if key not in turns or not turns[key].over]
            if not open_ones:
                return run
            share = max(1, at_once // len(open_ones))
            for position in range(0, len(open_ones), at_once):
                if time.monotonic() >= ends:
                    run.finished = False
                    return run
                _round(open_ones[position : position + at_once], share, turns, run, pool, clock, random)


def _round(
    credentials: list[str],
    share: int,
    turns: dict[str, _Turn],
    run: Run,
    pool: ThreadPoolExecutor,
    clock: Callable[[], datetime],
    random: Callable[[], float],
) -> None:
    """Make some calls at the same time, and write each down as soon as it has ended."""
    leased = [one for key in credentials for one in lease_due(credential_id=key, limit=share, now=clock())]
    calls = {pool.submit(perform, one): one for one in leased}
    for call in as_completed(calls):
        one = calls[call]
        fault = call.exception()
        if fault is None:
            result = call.result()
        else:
            # One of ours with one viewer. Raised, it would leave the others' calls unrecorded, and meet them again.
            logger.error("Registered identifier %s could not be dealt with.", one.pk, exc_info=fault)
            result = Result(outcome=Outcome.FAILED, problem="internal", permanent=True)
        now = clock()
        turns.setdefault(one.credential_id, _Turn()).note(result)
        record(one, result, now=now, random=random)
        if result.retry_after is not None:
            put_off(credential_id=one.credential_id, until=now + result.retry_after, now=now)
        run.outcomes[_told(one, result)] += 1
        if result.outcome == Outcome.FAILED:
            logger.warning("%s for registered identifier %s failed: %s", one.step, one.pk, result.problem)


def _told(leased: Leased, result: Result) -> str:
    return f"{leased.step.value} {result.outcome.value}"
