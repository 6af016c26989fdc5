"""Codes and limits as plain rules: what a line of an import is, how long a stock lasts, what room a limit leaves (D8)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LONGEST_CODE = 200
SHORTEST_CODE = 4
SUFFIX = 4
HIDDEN_LEAST = 4
"""So many characters of a code are never shown in lists: of a short one fewer than ``SUFFIX`` are kept."""

NEAR_PERCENT = 80


class BadLine(StrEnum):
    """Why a line of an import holds no code."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNPRINTABLE = "unprintable"
    SPACES = "spaces"


def problem_of(code: str) -> BadLine | None:
    """Return what is wrong with a code, which has no spaces around it; None if nothing is.

    Spaces inside are refused: a line with two columns or a sentence was taken for a code.
    """
    if any(unicodedata.category(letter).startswith("C") for letter in code):
        return BadLine.UNPRINTABLE
    if any(letter.isspace() for letter in code):
        return BadLine.SPACES
    if len(code) < SHORTEST_CODE:
        return BadLine.TOO_SHORT
    return BadLine.TOO_LONG if len(code) > LONGEST_CODE else None


def suffix_of(code: str) -> str:
    """Return the last characters, by which people tell a code: at most four, and never all that guards it."""
    return code[len(code) - max(0, min(SUFFIX, len(code) - HIDDEN_LEAST)) :]


def masked(suffix: str) -> str:
    """Return how lists show a code."""
    return f"…{suffix}"


def day_in(zone: str, now: datetime) -> int:
    """Return the date in a time zone as its ordinal."""
    return now.astimezone(ZoneInfo(zone)).date().toordinal()


def date_of_day(day: int) -> date:
    """Return the date of such an ordinal."""
    return date.fromordinal(day)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many codes went out within how long."""

    codes: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long a stock lasts at the pace of ``rate``. ``until`` is None where nothing goes out, or for over a year."""

    rate: Rate | None
    until: datetime | None


FORECAST_MOST = timedelta(days=365)
LEAST_FOR_A_RATE = 3
"""Fewer codes than this say nothing of a pace."""


def forecast(*, free: int, rates: Iterable[Rate], now: datetime) -> Forecast:
    """Return until about when ``free`` codes last. The first of the rates, the shortest time first, that tells is taken."""
    for rate in rates:
        if rate.codes >= LEAST_FOR_A_RATE:
            lasts = rate.within * (free / rate.codes)
            return Forecast(rate, now + lasts if lasts <= FORECAST_MOST else None)
    return Forecast(None, None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands. ``limit`` None: there is none."""

    given: int
    limit: int | None

    @property
    def left(self) -> int | None:
        """How many may still be given; None: any number. Never below 0, though staff may have let through more."""
        return None if self.limit is None else max(0, self.limit - self.given)

    @property
    def percent(self) -> int:
        """Which share was given, in full percent; 0 where there is no limit."""
        return self.given * 100 // self.limit if self.limit else 0

    @property
    def reached(self) -> bool:
        """Whether nothing more may be given."""
        return self.left == 0
