"""Downloads of many rows as CSV or JSON: sent while they are read, at constant memory, columns named and explained, zone stated."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from portal.csv_files import csv_lines
from portal.models import Organization

M = TypeVar("M", bound=Model)
Row = Sequence[Any]
"""The values of one row in the order of the columns: text, number, bool, list, time with its zone, or None."""

CSV = "csv"
JSON = "json"
FORMATS = (CSV, JSON)

PAGE = 1000
_CHUNK = 32 * 1024
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Column:
    """One column: its name is a promise to whoever reads the files, so it is never translated; the meaning is for people."""

    name: str
    meaning: str | Promise
    personal: bool = False
    """Whether it names a person: such a column is masked or left out for whom may not export personal data (S1)."""


ZONE = Column("time_zone", _("In which zone the times of the row are written. CSV only: JSON says it once, as zone."))
"""Stands last in every CSV."""


@dataclass(frozen=True)
class Table:
    """What is sent: of whom, what kind of rows, in which zone (a name of the tz database), and when it was asked for."""

    organization: Organization
    kind: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]
    zone_name: str
    now: datetime

    @property
    def file_name(self) -> str:
        """Return the file's name without its ending: organization, kind and moment, in plain ASCII."""
        who = slugify(self.organization.name)[:_LONGEST_NAME].strip("-") or self.organization.pk
        return f"{who}-{self.kind}-{self.now:%Y%m%dT%H%M%SZ}"


def export_response(table: Table, format_name: str) -> StreamingHttpResponse:
    """Return the download. Its first bytes leave before the first row is read.

    Raises:
        ValueError: the format is none of :data:`FORMATS`.
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    zone = zoneinfo.ZoneInfo(table.zone_name)
    if format_name not in FORMATS:
        raise ValueError(format_name)
    pieces = _csv(table, zone) if format_name == CSV else _json(table, zone)
    kind = "text/csv; charset=utf-8" if format_name == CSV else "application/json"
    return StreamingHttpResponse(
        pieces,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{table.file_name}.{format_name}"',
            "Cache-Control": "no-store",
        },
    )


def keyset_pages(rows: QuerySet[M], *, by: str = "", newest_first: bool = False, size: int = PAGE) -> Iterator[list[M]]:
    """Yield all rows in the order of their primary key, ``size`` at a time, each page a short query of its own.

    No page repeats or leaves out a row that was there all the while, whatever is added meanwhile, and no transaction stays
    open between two. ``by`` is a column that comes before the key, never empty and never changed. The query must not be
    sliced, and needs an index on what it is filtered by, then ``by``, then the key.
    """
    sign, side = ("-", "lt") if newest_first else ("", "gt")
    rows = rows.order_by(*(f"{sign}{name}" for name in (by, "pk") if name))
    page = list(rows[:size])
    while page:
        yield page
        if len(page) < size:
            return
        beyond = Q(**{f"pk__{side}": page[-1].pk})
        if by:
            last = getattr(page[-1], by)
            beyond = Q(**{f"{by}__{side}e": last}) & (Q(**{f"{by}__{side}": last}) | beyond)
        page = list(rows.filter(beyond)[:size])


def keyset_rows(rows: QuerySet[M], *, by: str = "", newest_first: bool = False, size: int = PAGE) -> Iterator[M]:
    """Yield what :func:`keyset_pages` gives, row by row."""
    for page in keyset_pages(rows, by=by, newest_first=newest_first, size=size):
        yield from page


def _csv(table: Table, zone: zoneinfo.ZoneInfo) -> Iterator[str]:
    """A last column names the zone: who opens the file in a spreadsheet sees nothing but the rows."""

    def lines() -> Iterator[Row]:
        yield [*(column.name for column in table.columns), ZONE.name]
        for row in table.rows:
            yield [*(_cell(value, zone) for value in row), table.zone_name]

    return _in_chunks(csv_lines(lines()))


def _json(table: Table, zone: zoneinfo.ZoneInfo) -> Iterator[str]:
    """One object: what it is first, then ``rows``, one a line, so that the file can be read piece by piece."""
    names = [column.name for column in table.columns]
    about = {
        "organization": {"id": table.organization.pk, "name": table.organization.name},
        "kind": table.kind,
        "made_at": _time(table.now, zone),
        "zone": table.zone_name,
        "columns": [{"name": column.name, "meaning": str(column.meaning)} for column in table.columns],
    }

    def pieces() -> Iterator[str]:
        yield json.dumps(about, ensure_ascii=False)[:-1] + ', "rows": ['
        before = "\n"
        for row in table.rows:
            values = {name: _value(value, zone) for name, value in zip(names, row, strict=True)}
            yield before + json.dumps(values, ensure_ascii=False)
            before = ",\n"
        yield "\n]}\n"

    return _in_chunks(pieces())


def _in_chunks(pieces: Iterator[str]) -> Iterator[str]:
    """Send the first piece at once, so that the download begins, and the others together: a line is little to send."""
    yield next(pieces)
    held: list[str] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= _CHUNK:
            yield "".join(held)
            held, length = [], 0
    yield "".join(held)


def _time(moment: datetime, zone: zoneinfo.ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")


def _value(value: Any, zone: zoneinfo.ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return _time(value, zone)
    return str(value) if isinstance(value, Promise) else value


def _cell(value: Any, zone: zoneinfo.ZoneInfo) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return _value(value, zone)
