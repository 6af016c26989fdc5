"""How often a client may call (S4, A1): so many points a minute, one for each call, in the database and not in a process.

A process takes points in small portions and spends them by itself, so that reading a page writes a row only now and then.
Points taken count as spent: together the processes never give out more than there are. What one has left over at the end
of the minute is lost, which is why a portion is a small part of the whole.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from fulfillment.models import ApiUse

WINDOW_SECONDS = 60
PORTIONS = 40
"""One portion is this part of a minute's points, and at least one point."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What came of one call: the points of a minute, how many are left, and when there are all again (Unix seconds)."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    def wait(self, *, now: datetime) -> int:
        """Return after how many seconds there are points again."""
        return max(1, self.reset - int(now.timestamp()))


class Purses:
    """The points that this process has taken and not spent. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._minute = 0

    def spend(self, *, client_id: str, who: str, limit: int, now: datetime) -> Spent:
        """Spend a point, if there is one. ``who`` is empty for the client's own token, else the user's key."""
        minute = int(now.timestamp()) // WINDOW_SECONDS
        reset = (minute + 1) * WINDOW_SECONDS
        key = (client_id, who)
        with self._lock:
            self._forget_before(minute)
            of_minute, left, taken = self._left.get(key, (minute, 0, 0))
            if of_minute != minute:
                left, taken = 0, 0
            # Once all points are known to be taken, who keeps calling costs no statement.
            if left == 0 and taken < limit:
                portion = max(1, limit // PORTIONS)
                taken = _take(client_id, who, minute=minute, portion=portion)
                left = min(portion, max(0, limit - (taken - portion)))
            allowed = left > 0
            left -= allowed
            self._left[key] = (minute, left, taken)
        return Spent(allowed, limit, max(0, limit - taken) + left, reset)

    def forget(self) -> None:
        """Throw away what was taken, as a process that ends does."""
        with self._lock:
            self._left.clear()
            self._minute = 0

    def _forget_before(self, minute: int) -> None:
        """Throw away the purses of minutes that are over, once in each: clients come and go, and players more so."""
        if minute > self._minute:
            self._minute = minute
            self._left = {key: purse for key, purse in self._left.items() if purse[0] >= minute}


def _take(client_id: str, who: str, *, minute: int, portion: int) -> int:
    """Take points of a minute and return how many were taken in it by all, these included. One statement."""
    table = ApiUse._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (client_id, who, minute, calls) VALUES (%s, %s, %s, %s) "  # noqa: S608 - own names
            f"ON CONFLICT (client_id, who) DO UPDATE SET calls = CASE WHEN {table}.minute >= excluded.minute "
            f"THEN {table}.calls ELSE 0 END + excluded.calls, "
            f"minute = CASE WHEN {table}.minute >= excluded.minute THEN {table}.minute ELSE excluded.minute END "
            "RETURNING calls",
            [client_id, who, minute, portion],
        )
        return int(cursor.fetchone()[0])


purses = Purses()
"""Those of this process."""
