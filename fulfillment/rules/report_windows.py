"""Which days of reports are read at a time, and when again. Pure; days are of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

LONGEST = 30
"""So many days are read at a time, so that a file is no longer than the portal reads."""

AT_FIRST = 365
"""So many days back the first reading goes, which is as far as Twitch tells."""

AGAIN = 30
"""So many days are read again every day: figures are corrected late."""

LAG = 2
"""Figures of a day come so many days later at most (Twitch API, Get Game Analytics)."""

EVERY = timedelta(days=1)
MOST_ATTEMPTS = 6
_WAITS = (5, 15, 60, 180, 360)
_ONE = timedelta(days=1)
_EPOCH = date(1970, 1, 1)

Window = tuple[date, date]
"""The first day and the last, both inside."""


def windows_to_read(*, now: datetime, read_at: datetime | None) -> list[Window]:
    """Return what is to be read now, the latest first. ``read_at`` is when all was read last; None: never.

    Windows end at fixed days, so that the same days are the same file every day. One that holds a single day waits until
    it has two: of that day there may be no figures yet, and a platform takes no end before the beginning.
    """
    today = now.astimezone(UTC).date()
    last, earliest = today - _ONE, earliest_day(now=now)
    first = earliest
    if read_at is not None:
        since = read_at.astimezone(UTC).date() - timedelta(days=LAG)
        first = max(_begin(min(last - timedelta(days=AGAIN - 1), since)), earliest)
    found: list[Window] = []
    while first < last:
        end = min(_begin(first) + timedelta(days=LONGEST - 1), last)
        found.append((first, end))
        first = end + _ONE
    return found[::-1]


def earliest_day(*, now: datetime) -> date:
    """Return the first day that is ever read."""
    return now.astimezone(UTC).date() - timedelta(days=AT_FIRST)


def halves(window: Window) -> list[Window]:
    """Return a window in two, or nothing where it is a single day."""
    first, last = window
    if first == last:
        return []
    middle = first + (last - first) // 2
    return [(first, middle), (middle + _ONE, last)]


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failures, None where they are enough until the next fetch."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return timedelta(minutes=_WAITS[min(attempts, len(_WAITS)) - 1])


def _begin(day: date) -> date:
    return day - timedelta(days=(day - _EPOCH).days % LONGEST)
