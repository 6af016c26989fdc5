"""CSV that spreadsheets open without harm: streamed row by row, in UTF-8, no cell of which is taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM = "\ufeff"
"""Without it spreadsheets take UTF-8 for something else."""


class _Echo:
    """Gives back what is written to it: the writer makes a line, the answer sends it."""

    def write(self, text: str) -> str:
        return text


def safe_cell(value: Any) -> Any:
    """Return a value as it may stand in a cell: a text that a spreadsheet would compute gets an apostrophe before it.

    Numbers stay numbers, also negative ones; None is an empty cell.
    """
    if not isinstance(value, str):
        return "" if value is None else value
    if value.lstrip(" ").startswith(_FORMULA) or value.startswith(_FORMULA):
        return f"'{value}"
    return value


def csv_lines(rows: Iterable[Sequence[Any]], *, marked: bool = True) -> Iterator[str]:
    """Yield a line for each row, the first with the mark of UTF-8 unless programs read it, which take it for a letter."""
    writer = csv.writer(_Echo())
    mark = _BOM if marked else ""
    for row in rows:
        line: str = writer.writerow([safe_cell(value) for value in row])
        yield mark + line
        mark = ""


def csv_response(rows: Iterable[Sequence[Any]], *, name: str, marked: bool = True) -> StreamingHttpResponse:
    """Return a download that is sent while it is made. ``name`` is plain ASCII, without its ending."""
    return StreamingHttpResponse(
        csv_lines(rows, marked=marked),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )
