"""The resident loop that counts heartbeats until it is told to stop: at most a tenth of the time, at most 20 s behind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from campaigns.heartbeats.again import drop_kept_viewers
from campaigns.heartbeats.overlooked import count_overlooked
from campaigns.watch.counting import count_due
from campaigns.watch.keeping import drop_recent_viewers
from campaigns.watch.people import People
from portal.ids import new_ulid
from portal.outliving import outliving

SHORTEST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 20.0
_REST_FOR_WORK = 9.0
"""After a round the loop rests so many times as long as the round took: what comes meanwhile is counted together."""

_CLEANING_SECONDS = 600.0

log = logging.getLogger(__name__)


class Counter:
    """One process that counts. ``run`` returns after ``stop``, which may be called from a signal handler."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = timezone.now,
        shortest_pause_seconds: float = SHORTEST_PAUSE_SECONDS,
        report: Callable[[int], None] | None = None,
    ) -> None:
        self._clock = clock
        self._shortest = shortest_pause_seconds
        self._report = report
        self._stop = threading.Event()
        self._holder = new_ulid()
        self._people = People()
        self._next_cleaning = 0.0

    def stop(self) -> None:
        """Ask ``run`` to come to an end after the batch that it is at. Returns at once."""
        self._stop.set()

    def run(self) -> None:
        """Work until ``stop`` is called. Faults are logged and outlived: a watched minute waits, and is not lost."""
        while not self._stop.is_set():
            began = time.monotonic()
            failed = not self._round()
            took = time.monotonic() - began
            rest = LONGEST_PAUSE_SECONDS / 2 if failed else took * _REST_FOR_WORK
            self._stop.wait(min(max(rest, self._shortest), LONGEST_PAUSE_SECONDS))

    def _round(self) -> bool:
        """Count all that is due; return whether it went well. Whatever it fails with, the next round begins anew."""
        with outliving(log, "A round of counting failed.", reconnect=True) as round_:
            while not self._stop.is_set():
                counted = count_due(now=self._clock(), holder=self._holder, people=self._people)
                if not counted:
                    break
                if self._report:
                    self._report(counted)
            if time.monotonic() >= self._next_cleaning:
                self._next_cleaning = time.monotonic() + _CLEANING_SECONDS
                count_overlooked(now=self._clock())
                drop_kept_viewers(now=self._clock())
                drop_recent_viewers(now=self._clock())
        return round_.fault is None
