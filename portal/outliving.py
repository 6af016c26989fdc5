"""The one place that outlives whatever it is: where a fault with one must not keep the others from their turn.

For work that goes through rows of many, or on which a whole process waits. What is left undone is still stored with a due
time, so that it has another turn; code that knows what it is afraid of catches that, and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

Row = TypeVar("Row")

DATABASE_AWAY: tuple[type[Exception], ...] = (OperationalError, InterfaceError)
"""The database is away or busy: that says nothing about what it was asked for."""


class outliving:  # noqa: N801 - reads as what the ``with`` block does, like ``suppress``
    """Log what a ``with`` block fails with, under ``message`` and its ``args``, and go on behind the block.

    ``passing`` are raised nevertheless: what says nothing about this one, such as ``DATABASE_AWAY``.
    ``reconnect`` has a failed block's database connection closed, as it may be what failed; the next use opens another.
    """

    fault: Exception | None = None
    """What the block failed with, once it is left; None where it went well."""

    def __init__(
        self,
        log: logging.Logger,
        message: str,
        *args: object,
        passing: tuple[type[Exception], ...] = (),
        reconnect: bool = False,
    ) -> None:
        self._log, self._message, self._args = log, message, args
        self._passing, self._reconnect = passing, reconnect

    def __enter__(self) -> outliving:
        """Begin the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        """Outlive any ``Exception`` but the passing ones; not the end of the process."""
        if not isinstance(error, Exception) or isinstance(error, self._passing):
            return False
        self.fault = error
        self._log.error(self._message, *self._args, exc_info=error)
        if self._reconnect and not connection.in_atomic_block:
            connection.close()
        return True


def in_halves(
    rows: Sequence[Row],
    work: Callable[[Sequence[Row]], None],
    put_aside: Callable[[Row, Exception], None],
    *,
    passing: tuple[type[Exception], ...] = DATABASE_AWAY,
) -> None:
    """Do ``work`` on all rows together, and where that fails, in halves, until those are found that fail alone.

    Each of these is given to ``put_aside`` with what it fails with, to be logged and tried at another time. ``work`` leaves
    nothing behind where it fails. ``passing`` are raised: they say nothing about the rows.
    """
    try:
        work(rows)
    except passing:
        raise
    except Exception as error:  # noqa: BLE001 - see the module
        if len(rows) == 1:
            put_aside(rows[0], error)
            return
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            in_halves(half, work, put_aside, passing=passing)
