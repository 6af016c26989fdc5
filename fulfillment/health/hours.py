"""From when on counts that are kept by the hour are summed up for the last hour and the last day. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY_HOURS = 24


def hour_of(moment: datetime) -> datetime:
    """Return when the hour of ``moment`` began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def hour_before(now: datetime) -> datetime:
    """Return from when on the last hour is counted: with the full hour before this one, never less than an hour."""
    return hour_of(now) - HOUR


def hours_of_day(now: datetime) -> list[datetime]:
    """Return when each hour of the last day began, this one last."""
    return [hour_of(now) - HOUR * back for back in reversed(range(DAY_HOURS))]
