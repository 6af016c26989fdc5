"""Counts of how webhook calls ended (P1): kept in memory and written every few seconds, never in a request.

What is in memory when a process is killed is lost. That is accepted: the counts are for people, nothing rests on them.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import Counter
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, connection

from fulfillment.models import WebhookTally

FLUSH_SECONDS = 10.0

log = logging.getLogger(__name__)

_Key = tuple[str, datetime, str]


class Tallies:
    """Counters of one process, with the thread that writes them away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[_Key] = Counter()
        self._owner = 0
        self._writes = threading.Lock()

    def count(self, credential_id: str, outcome: str, *, now: datetime) -> None:
        """Count one call that ended in ``outcome``. Touches no database."""
        key = (credential_id, now.replace(minute=0, second=0, microsecond=0), outcome)
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
                _add(taken)
            except IntegrityError:
                # A credential was deleted meanwhile, and its counts with it: trying again would fail for ever.
                log.warning("%d webhook counts were dropped: their credential is gone.", len(taken))
            except (DatabaseError, InterfaceError) as error:
                with self._lock:
                    self._counts.update(taken)
                log.warning("Webhook counts could not be written, they are kept: %s", error)

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
            threading.Thread(target=self._run, args=(seconds,), name="webhook-tally", daemon=True).start()
            atexit.register(self.flush)

    def _run(self, seconds: float) -> None:
        pause = threading.Event()
        while not pause.wait(seconds):
            try:
                self.flush()
            finally:
                connection.close()


def _add(counts: Counter[_Key]) -> None:
    table = WebhookTally._meta.db_table
    parameters: list[Any] = []
    for (credential_id, hour, outcome), count in sorted(counts.items()):
        parameters += [credential_id, connection.ops.adapt_datetimefield_value(hour), outcome, count]
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(counts))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (credential_id, hour, outcome, count) VALUES {rows} "  # noqa: S608 - own names only
            "ON CONFLICT (credential_id, hour, outcome) DO UPDATE SET "
            f"count = {table}.count + excluded.count",
            parameters,
        )


tallies = Tallies()
"""The counters of this process."""
