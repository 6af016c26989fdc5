"""CSV that a spreadsheet opens without computing anything of it."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from portal.csv_files import csv_lines, csv_response, safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0", "＝1+1", '=HYPERLINK("http://x")'],
)
def test_a_text_that_would_be_computed_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Comet banner", "", "a=b", "12", "2026-11-20 12:00", -5, 0, 1.5, True])
def test_everything_else_stays_what_it_is(value: object) -> None:
    assert safe_cell(value) == value


def test_nothing_is_an_empty_cell() -> None:
    assert safe_cell(None) == ""


def test_rows_can_be_read_back_whatever_is_in_them() -> None:
    rows = [["name", "figure"], ['a "quoted"; name, with a\nbreak', 7], ["Größe 大", 0]]
    text = "".join(csv_lines(rows))
    assert text.startswith("\ufeff")
    assert list(csv.reader(StringIO(text.removeprefix("\ufeff")))) == [[str(cell) for cell in row] for row in rows]


def test_a_program_s_file_begins_with_its_first_cell() -> None:
    answer = csv_response([["date"], ["Größe"]], name="figures", marked=False)
    assert b"".join(answer.streaming_content).decode() == "date\r\nGröße\r\n"  # type: ignore[arg-type]


def test_a_download_is_made_while_it_is_sent() -> None:
    made: list[int] = []

    def rows():  # type: ignore[no-untyped-def]
        for number in range(3):
            made.append(number)
            yield [number]

    answer = csv_response(rows(), name="figures")
    assert made == []
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="figures.csv"'
    assert b"".join(answer.streaming_content).decode() == "\ufeff0\r\n1\r\n2\r\n"  # type: ignore[arg-type]
