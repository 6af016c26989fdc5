"""The stretches of time that a timeline shows, in whole days of a zone. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from campaigns.rules.zones import zone

WEEKS = 6
_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)


class Range(StrEnum):
    """How much is shown at once."""

    WEEKS = "weeks"
    MONTH = "month"
    QUARTER = "quarter"


def days_of(kind: Range, day: date) -> tuple[date, date]:
    """Return the first day of the stretch that a day lies in, and the day after its last.

    Six weeks begin with the day's own week, on a Monday; months and quarters are those of the calendar. A day beyond 2000
    to 2199 is taken for the nearest.
    """
    day = min(max(day, _FIRST), _LAST)
    if kind is Range.WEEKS:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(weeks=WEEKS)
    months = 1 if kind is Range.MONTH else 3
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return first, _months_on(first, months)


def earlier(kind: Range, first: date) -> date:
    """Return a day of the stretch before the one that begins with ``first``."""
    return first - timedelta(weeks=WEEKS) if kind is Range.WEEKS else first - timedelta(days=1)


def midnight(day: date, zone_name: str) -> datetime:
    """Return the first moment of a day in a zone, in UTC; where clocks skip midnight, the first that exists."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)).astimezone(UTC)


def mondays(first: date, after: date) -> list[date]:
    """Return the Mondays from ``first`` to before ``after``."""
    day = first + timedelta(days=-first.weekday() % 7)
    found = []
    while day < after:
        found.append(day)
        day += timedelta(weeks=1)
    return found


def _months_on(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
