"""The hours, days or weeks that a chart over time is drawn in, as clocks in a zone show them. Pure; times are aware.

Every span begins and ends on a full quarter of an hour of UTC, since every zone in use is so many quarters away from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from campaigns.rules.zones import from_utc, zone

QUARTER = timedelta(minutes=15)
HOURS_UP_TO = timedelta(days=7)
DAYS_UP_TO = timedelta(days=186)
"""What is longer is told in weeks."""


class Unit(StrEnum):
    """How long one span is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` to ``end``, which itself is outside; both UTC. ``local`` is the start in the zone."""

    start: datetime
    end: datetime
    local: datetime

    @property
    def occurs_again(self) -> bool:
        """Whether clocks showed this hour before: it is the second of two."""
        return self.local.fold == 1


def unit_for(start: datetime, until: datetime) -> Unit:
    """Return hours for up to 7 days, days for up to half a year, else weeks."""
    length = until - start
    if length <= HOURS_UP_TO:
        return Unit.HOUR
    return Unit.DAY if length <= DAYS_UP_TO else Unit.WEEK


def spans(start: datetime, until: datetime, zone_name: str, unit: Unit) -> list[Span]:
    """Return the spans that hold the time from ``start`` to before ``until``, without a gap; none if there is none.

    Weeks begin with the day of ``start``. Raises ``UnknownZone``, and ``ValueError`` for naive times.
    """
    if until <= start:
        return []
    edges = _hours(start, until, zone_name) if unit is Unit.HOUR else _days(start, until, zone_name, unit)
    return [Span(begin, end, from_utc(begin, zone_name)) for begin, end in pairwise(edges)]


def _hours(start: datetime, until: datetime, zone_name: str) -> Iterator[datetime]:
    """Yield every moment at which clocks show a full hour, from the last one before ``start`` to the first past the end."""
    at = _quarter(start)
    while from_utc(at, zone_name).minute:
        at -= QUARTER
    yield at
    while at < until:
        at += QUARTER
        while from_utc(at, zone_name).minute:
            at += QUARTER
        yield at


def _days(start: datetime, until: datetime, zone_name: str, unit: Unit) -> Iterator[datetime]:
    day = from_utc(start, zone_name).date()
    step = timedelta(days=7 if unit is Unit.WEEK else 1)
    place = zone(zone_name)
    while True:
        # A midnight that clocks skip is read by the clock before the change: that is the first moment of the day.
        at = datetime(day.year, day.month, day.day, tzinfo=place).astimezone(UTC)
        yield at
        if at >= until:
            return
        day += step


def _quarter(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    return utc - timedelta(minutes=utc.minute % 15, seconds=utc.second, microseconds=utc.microsecond)
