"""Days of UTC as numbers: how figures that are kept by day name theirs. Pure; times are aware."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

HOURS = 24
SECONDS = 86_400

_FIRST = date(1970, 1, 1)


def day_number(moment: datetime) -> int:
    """Return the day of a moment, counted from 1970 in UTC."""
    return (moment.astimezone(UTC).date() - _FIRST).days


def date_of(day: int) -> date:
    """Return the date of a day."""
    return _FIRST + timedelta(days=day)


def midnight_of(day: int) -> datetime:
    """Return when a day begins."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
