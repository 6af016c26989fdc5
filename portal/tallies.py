"""Counts of how calls ended (P1): kept in memory and written every few seconds, never in a request.

What is in memory when a process is killed is lost. That is accepted: the counts are for people, nothing rests on them.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, connection, models

FLUSH_SECONDS = 10.0

log = logging.getLogger(__name__)

_Key = tuple[str | int, datetime, str]


class Tallies:
    """Counters of one process, with the thread that writes them away.

    ``model`` names the table: the foreign key ``whose``, ``hour``, ``outcome``, ``count``, unique by the first three.
    """

    def __init__(self, *, model: Callable[[], type[models.Model]], whose: str) -> None:
        self._model = model
        self._whose = f"{whose}_id"
        self._lock = threading.Lock()
        self._counts: Counter[_Key] = Counter()
        self._owner = 0
        self._writes = threading.Lock()

    def count(self, whose: str | int, outcome: str, *, now: datetime) -> None:
        """Count one call that ended in ``outcome``. Touches no database."""
        key = (whose, now.replace(minute=0, second=0, microsecond=0), outcome)
        with self._lock:
            if self._owner != os.getpid():
                self._start()
            self._counts[key] += 1

    def flush(self) -> None:
        """Add what was counted to the stored rows, in one statement. What cannot be written is kept for the next time."""
        with self._writes:
            with self._lock:
                taken, self._counts = self._counts, Counter()
            if not taken:
                return
            try:
                self._add(taken)
            except IntegrityError:
                # Whose they are was deleted meanwhile, and its counts with it: trying again would fail for ever.
                log.warning("%d counts were dropped: whose they were is gone.", len(taken))
            except (DatabaseError, InterfaceError) as error:
                with self._lock:
                    self._counts.update(taken)
                log.warning("Counts could not be written, they are kept: %s", error)

    def drop(self) -> None:
        """Forget what was counted and not written yet."""
        with self._lock:
            self._counts.clear()

    def _start(self) -> None:
        # Begun by the first count of a process, so that a fork of the server has a thread of its own.
        self._owner = os.getpid()
        self._counts = Counter()
        seconds = getattr(settings, "PORTAL_WEBHOOK_TALLY_SECONDS", FLUSH_SECONDS)
        if seconds:
            threading.Thread(target=self._run, args=(seconds,), name="tally", daemon=True).start()
            atexit.register(self.flush)

    def _run(self, seconds: float) -> None:
        pause = threading.Event()
        while not pause.wait(seconds):
            try:
                self.flush()
            finally:
                connection.close()

    def _add(self, counts: Counter[_Key]) -> None:
        table, whose = self._model()._meta.db_table, self._whose
        parameters: list[Any] = []
        for (key, hour, outcome), count in sorted(counts.items()):
            parameters += [key, connection.ops.adapt_datetimefield_value(hour), outcome, count]
        rows = ", ".join(["(%s, %s, %s, %s)"] * len(counts))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({whose}, hour, outcome, count) VALUES {rows} "  # noqa: S608 - own names only
                f"ON CONFLICT ({whose}, hour, outcome) DO UPDATE SET count = {table}.count + excluded.count",
                parameters,
            )
