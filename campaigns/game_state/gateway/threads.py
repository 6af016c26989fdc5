"""The threads in which a gateway asks the database: a few for connect messages, one that writes, one for the rest."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections, connection

from portal.outliving import DATABASE_AWAY

ADMITTING = 4

Answer = TypeVar("Answer")


class Threads:
    """Made and closed by the process; each thread has a database connection of its own."""

    def __init__(self) -> None:
        self._admitting = ThreadPoolExecutor(ADMITTING, "admitting")
        self._writing = ThreadPoolExecutor(1, "writing")
        self._keeping = ThreadPoolExecutor(1, "keeping")

    async def admit(self, work: Callable[[], Answer]) -> Answer:
        """Run what a connect message needs."""
        return await _in(self._admitting, work)

    async def write(self, work: Callable[[], Answer]) -> Answer:
        """Run a write of sessions, after those before."""
        return await _in(self._writing, work)

    async def keep(self, work: Callable[[], Answer]) -> Answer:
        """Run what is done from time to time."""
        return await _in(self._keeping, work)

    def close(self) -> None:
        """Close the threads' database connections and end the threads; returns when what they are at is done."""
        for pool, size in ((self._admitting, ADMITTING), (self._writing, 1), (self._keeping, 1)):
            together = threading.Barrier(size)  # so that no thread takes two turns
            for _number in range(size):
                pool.submit(_close_connection, together)
            pool.shutdown()


async def _in(pool: ThreadPoolExecutor, work: Callable[[], Answer]) -> Answer:
    return await asyncio.get_running_loop().run_in_executor(pool, _with_connection, work)


def _with_connection(work: Callable[[], Answer]) -> Answer:
    close_old_connections()
    try:
        return work()
    except DATABASE_AWAY:
        connection.close()
        raise


def _close_connection(together: threading.Barrier) -> None:
    connection.close()
    try:
        together.wait(10)
    except threading.BrokenBarrierError:
        return
