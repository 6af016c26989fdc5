"""What the drain holds of one lane between a send and its record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from fulfillment.delivery import Leased, Result
from fulfillment.delivery.recording import Recorded
from portal.outliving import DATABASE_AWAY, outliving

logger = logging.getLogger(__name__)

_UNRECORDED = "What came of %d messages, the first of them %s, could not be recorded."


class Record(Protocol):
    """Records results in one transaction: the ``record_outcomes`` of a lane."""

    def __call__(self, results: Sequence[Result], *, now: datetime, random: Callable[[], float]) -> Recorded:
        """Record them."""


class GiveBack(Protocol):
    """Returns leases that were never sent: the ``give_back`` of a lane."""

    def __call__(self, unsent: Sequence[Leased], *, now: datetime) -> None:
        """Return them."""


class Recorder:
    """The results of one lane, and its leases that ran too late, until they are recorded."""

    def __init__(self, record: Record, give_back: GiveBack) -> None:
        self._record = record
        self._give_back = give_back
        self._results: list[Result] = []
        self._unsent: list[Leased] = []

    def __len__(self) -> int:
        return len(self._results)

    def add(self, result: Result) -> None:
        """Take in what came of a send."""
        self._results.append(result)

    def add_unsent(self, leased: Leased) -> None:
        """Take in a lease that was never sent."""
        self._unsent.append(leased)

    def write(
        self, *, now: datetime, random: Callable[[], float], done: Callable[[Recorded, Sequence[Result]], None]
    ) -> None:
        """Record all of it; ``done`` is called with each part once it is recorded.

        After a batch that failed each result goes alone: one that cannot be recorded must not keep the others back. Its
        lease runs out, and it is sent again under the same key. What says that the database is away is raised.
        """
        batch = max(1, len(self._results))
        while self._results:
            part = self._results[:batch]
            recorded: Recorded | None = None
            with outliving(logger, _UNRECORDED, len(part), part[0].leased.message_id, passing=DATABASE_AWAY):
                recorded = self._record(part, now=now, random=random)
            if recorded is not None:
                done(recorded, part)
            elif batch > 1:
                batch = 1
                continue
            self._results = self._results[batch:]
        if self._unsent:
            self._give_back(self._unsent, now=now)
            self._unsent = []
