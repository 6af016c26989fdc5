"""Doing several things at the same moment, each on a connection of its own: what only PostgreSQL can show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

PATIENCE = 60.0


def at_once(*deeds: Callable[[], Any]) -> list[BaseException]:
    """Do all at once; return what went wrong, such as that one did not end."""
    start, wrong = threading.Barrier(len(deeds)), list[BaseException]()

    def work(deed: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE)
            deed()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return [*wrong, *(TimeoutError(thread.name) for thread in threads if thread.is_alive())]
