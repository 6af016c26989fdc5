"""What the drain holds of one lane between a send and its record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from django.db import InterfaceError, OperationalError

from fulfillment.delivery import Leased, Result
from fulfillment.delivery.recording import Recorded

logger = logging.getLogger(__name__)


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
        self._doubtful = False

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
        """Record all of it; ``done`` is called with each part once it is recorded. What cannot be recorded is raised.

        After a batch that failed each result goes alone: one that cannot be recorded must not keep the others back.
        """
        batch = 1 if self._doubtful else max(1, len(self._results))
        while self._results:
            part = self._results[:batch]
            recorded = self._write_some(part, now=now, random=random)
            if recorded is not None:
                done(recorded, part)
            self._results = self._results[batch:]
        self._doubtful = False
        if self._unsent:
            self._give_back(self._unsent, now=now)
            self._unsent = []

    def _write_some(self, part: list[Result], *, now: datetime, random: Callable[[], float]) -> Recorded | None:
        try:
            return self._record(part, now=now, random=random)
        except (OperationalError, InterfaceError):
            raise  # the database, not the result
        except Exception:
            # Whatever one result fails with, the rest are to be recorded: after a batch that failed, each goes alone.
            if not self._doubtful:
                self._doubtful = True
                raise
            logger.exception("What came of sending %s could not be recorded.", part[0].leased.message_id)
            return None  # its lease runs out, and it is sent again under the same key
