"""The resident loop that settles game events (G4): within half a second of each, until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import Error, connection
from django.utils import timezone

from campaigns.game_state.settling import settle_due

PAUSE_SECONDS = 0.5
PAUSE_AFTER_FAULT_SECONDS = 5.0

log = logging.getLogger(__name__)


class Settler:
    """One thread that settles. ``run`` returns after ``stop``, which may be called from a signal handler."""

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._clock = clock
        self._pause = pause_seconds
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask ``run`` to come to an end after the round that it is at. Returns at once."""
        self._stop.set()

    def run(self) -> None:
        """Work until ``stop`` is called. A database that is away is outlived: an event waits, and is not lost."""
        while not self._stop.is_set():
            pause = self._pause
            try:
                if settle_due(now=self._clock()):
                    continue
            except Error as error:
                log.warning("Game events could not be settled, they wait: %s", error)
                connection.close()
                pause = PAUSE_AFTER_FAULT_SECONDS
            self._stop.wait(pause)
        connection.close()
