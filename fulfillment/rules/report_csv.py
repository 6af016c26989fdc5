"""Reading a platform's report about a game: CSV with a row for each day, whose columns are known by their names alone.

Twitch says that columns are never removed, and that new ones may come anywhere in the sequence (dev.twitch.tv,
"Insights & Analytics"). Which ones there are, and how a day is written, it does not say: so every column is kept by its
name, and a day is read in ISO form, as in the United States (11/20/2026) and with the month's name.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

MOST_COLUMNS = 500
LONGEST_NAME = 200

_ISO = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ].*)?", re.ASCII)
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?: .*)?", re.ASCII)
_NAMED = ("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%a %b %d %Y", "%d %b %Y", "%d %B %Y")
_DATE_NAMES = ("date", "day")
_NUMBER = re.compile(r"(?:\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a report says: its other columns in their order, and of each day the values that are not empty, as texts.

    ``problem`` is a code; what could be read is there all the same: ``empty``, ``no_csv``, ``no_dates`` (no column of
    days), ``unread_dates`` (days in a form that is not understood), ``outside`` (days that the report is not about),
    ``twice`` (a day in several rows, of which the first counts).
    """

    columns: tuple[str, ...] = ()
    days: dict[date, dict[str, str]] = field(default_factory=dict)
    problem: str = ""


def read_report(content: str, *, first: date, last: date) -> Sheet:
    """Return what the days from ``first`` to ``last`` of a report say.

    Blank rows count for nothing, and neither do rows whose day has no digit, such as a row of totals.
    """
    try:
        head, *rows = _rows(content) or [[]]
    except csv.Error:
        return Sheet(problem="no_csv")
    names = _names(head)
    place = _place_of_date(names)
    if not names:
        return Sheet(problem="empty")
    if place is None:
        return Sheet(columns=tuple(names), problem="no_dates")
    columns = tuple(name for position, name in enumerate(names) if position != place)
    days: dict[date, dict[str, str]] = {}
    problems: set[str] = set()
    for row in rows:
        told = row[place] if place < len(row) else ""
        if not any(character.isdigit() for character in told):
            continue
        day = day_of(told)
        if day is None or not first <= day <= last or day in days:
            problems.add("unread_dates" if day is None else "twice" if day in days else "outside")
            continue
        days[day] = {
            name: value
            for position, (name, value) in enumerate(zip(names, row, strict=False))
            if position != place and value
        }
    return Sheet(columns, days, next((one for one in ("unread_dates", "outside", "twice") if one in problems), ""))


def day_of(text: str) -> date | None:
    """Return the day that a text names, None where its form is not understood."""
    text = text.strip()
    try:
        if found := _ISO.fullmatch(text):
            return date(int(found[1]), int(found[3]), int(found[4]))
        if found := _AMERICAN.fullmatch(text):
            year = int(found[3])
            return date(year + 2000 if year < 100 else year, int(found[1]), int(found[2]))
    except ValueError:
        return None
    return next((day for form in _NAMED if (day := _named(text, form)) is not None), None)


def number_of(text: str) -> int | float | None:
    """Return a figure as it can be drawn: 1234, 1,234, 1234.5 or 12%; None for what is none, and for what is below 0."""
    plain = text.strip().removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(plain):
        return None
    plain = plain.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def ordered(first: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the names of columns, those of ``first`` in their order, then the others by name, none twice."""
    names = list(dict.fromkeys(first))
    return names + sorted(set(others) - set(names))


def _rows(content: str) -> list[list[str]]:
    text = content.replace("\0", "").encode("utf-8", "replace").decode().removeprefix("\ufeff")
    return list(_cells(io.StringIO(text, newline="")))


def _cells(lines: Iterable[str]) -> Iterator[list[str]]:
    for row in csv.reader(lines, skipinitialspace=True):
        cells = [cell.strip() for cell in row[:MOST_COLUMNS]]
        if any(cells):
            yield cells


def _names(head: list[str]) -> list[str]:
    """Return a name for every column: of two of the same name the second is called so."""
    names: list[str] = []
    for position, cell in enumerate(head):
        name = base = cell[:LONGEST_NAME] or f"column {position + 1}"
        number = 1
        while name in names:
            number += 1
            name = f"{base} ({number})"
        names.append(name)
    return names


def _place_of_date(names: list[str]) -> int | None:
    known = [name.casefold() for name in names]
    for name in _DATE_NAMES:
        if name in known:
            return known.index(name)
    return next((place for place, name in enumerate(known) if re.search(r"\bdate\b", name)), None)


def _named(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
