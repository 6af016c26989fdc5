"""Counts of how calls ended (P1): kept in memory and written every few seconds, never in a request.

What is in memory when a process is killed is lost. That is accepted: the counts are for people, nothing rests on them.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, connection, models

FLUSH_SECONDS = 10.0

log = logging.getLogger(__name__)

_Key = tuple[str | int, datetime, str]
_Counted = tuple[int, datetime]
"""How many, and when the last was."""


class Tallies:
    """Counters of one process, with the thread that writes them away.

    ``model`` names the table: the foreign key ``whose``, ``hour``, ``outcome``, ``count``, unique by the first three.
    With ``keeps_last`` the table has ``last_at`` besides: when the last of them was.
    """

    def __init__(self, *, model: Callable[[], type[models.Model]], whose: str, keeps_last: bool = False) -> None:
        self._model = model
        self._whose = f"{whose}_id"
        self._keeps_last = keeps_last
        self._lock = threading.Lock()
        self._counts: dict[_Key, _Counted] = {}
        self._owner = 0
        self._writes = threading.Lock()

    def count(self, whose: str | int, outcome: str, *, now: datetime) -> None:
        """Count one call that ended in ``outcome``. Touches no database."""
        key = (whose, now.replace(minute=0, second=0, microsecond=0), outcome)
        with self._lock:
            if self._owner != os.getpid():
                self._start()
            self._take_in(key, (1, now))

    def flush(self) -> None:
        """Add what was counted to the stored rows, in one statement. What cannot be written is kept for the next time."""
        with self._writes:
            with self._lock:
                taken, self._counts = self._counts, {}
            if not taken:
                return
            try:
                self._add(taken)
            except IntegrityError:
                # Whose they are was deleted meanwhile, and its counts with it: trying again would fail for ever.
                log.warning("%d counts were dropped: whose they were is gone.", len(taken))
            except (DatabaseError, InterfaceError) as error:
                with self._lock:
                    for key, counted in taken.items():
                        self._take_in(key, counted)
                log.warning("Counts could not be written, they are kept: %s", error)

    def drop(self) -> None:
        """Forget what was counted and not written yet."""
        with self._lock:
            self._counts.clear()

    def _take_in(self, key: _Key, counted: _Counted) -> None:
        count, last = self._counts.get(key, (0, counted[1]))
        self._counts[key] = (count + counted[0], max(last, counted[1]))

    def _start(self) -> None:
        # Begun by the first count of a process, so that a fork of the server has a thread of its own.
        self._owner = os.getpid()
        self._counts = {}
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

    def _add(self, counts: dict[_Key, _Counted]) -> None:
        table, columns = self._model()._meta.db_table, [self._whose, "hour", "outcome", "count"]
        change = f"count = {table}.count + excluded.count"
        if self._keeps_last:
            columns.append("last_at")
            # Written so that both databases take it: of times that may be NULL, each has a greatest of its own.
            change += f", last_at = CASE WHEN {table}.last_at > excluded.last_at THEN {table}.last_at ELSE excluded.last_at END"
        time = connection.ops.adapt_datetimefield_value
        parameters: list[Any] = []
        for (key, hour, outcome), (count, last) in sorted(counts.items()):
            parameters += [key, time(hour), outcome, count, *([time(last)] if self._keeps_last else [])]
        row = f"({', '.join(['%s'] * len(columns))})"
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * len(counts))} "  # noqa: S608 - own names only
                f"ON CONFLICT ({self._whose}, hour, outcome) DO UPDATE SET {change}",
                parameters,
            )
