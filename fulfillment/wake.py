"""Waking the workers at once, where the database can tell them: NOTIFY on PostgreSQL. Elsewhere they look by themselves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS, Error, connection, connections

logger = logging.getLogger(__name__)

CHANNEL = "drops_work"
_LISTEN_SECONDS = 1.0
_RETRY_SECONDS = 5.0


def announce_work() -> None:
    """Wake the workers when the current transaction commits. Nothing depends on it: they look twice a second anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


class Listener(threading.Thread):
    """Calls ``wake`` for every announcement, on a database connection of its own. Ends when ``stop`` is set."""

    def __init__(self, *, wake: Callable[[], None], stop: threading.Event) -> None:
        super().__init__(name="listener", daemon=True)
        self._wake = wake
        self._stop_event = stop

    def run(self) -> None:
        """Listen, and listen anew after every loss of the connection."""
        while not self._stop_event.is_set():
            own = connections.create_connection(DEFAULT_DB_ALIAS)
            try:
                with own.cursor() as cursor:
                    cursor.execute(f"LISTEN {CHANNEL}")
                while not self._stop_event.is_set():
                    with own.wrap_database_errors:
                        for _notice in own.connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                            self._wake()
            except Error as error:
                logger.warning("Listening for work was interrupted (%s).", type(error).__name__)
                self._stop_event.wait(_RETRY_SECONDS)
            finally:
                own.close()


def listener(*, wake: Callable[[], None], stop: threading.Event) -> Listener | None:
    """Return a listener, not yet started, where the database announces work."""
    return Listener(wake=wake, stop=stop) if connection.vendor == "postgresql" else None
