"""Reading reports by the names of their columns: any order, any further column, quotes, totals, and what is broken."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.report_csv import day_of, number_of, ordered, read_report

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)

texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=12)
names = texts.filter(lambda name: "date" not in name.casefold() and name.casefold() != "day")
sheets = st.tuples(
    st.lists(names, min_size=1, max_size=6, unique=True),
    st.dictionaries(st.integers(0, 29), st.lists(st.one_of(st.just(""), texts), min_size=6, max_size=6), max_size=8),
)


@given(
    sheet=sheets,
    place=st.integers(0, 6),
    date_name=st.sampled_from(["Date", "date", "DATE ", "Day", "Report date"]),
    mark=st.sampled_from(["", "\ufeff"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    blanks=st.sampled_from(["", ",", ", ,"]),
    totals=st.sampled_from([None, "Total", "TOTALS", ""]),
    form=st.sampled_from(
        ["%Y-%m-%d", "%Y-%m-%dT00:00:00Z", "%Y/%m/%d", "%m/%d/%Y", "%m/%d/%y", "%b %d, %Y", "%a %b %d %Y"]
    ),
)
def test_a_report_says_the_same_in_whatever_order_and_dress_its_columns_come(
    sheet: tuple[list[str], dict[int, list[str]]],
    place: int,
    date_name: str,
    mark: str,
    end: str,
    quoting: int,
    blanks: str,
    totals: str | None,
    form: str,
) -> None:
    columns, days = sheet
    place = min(place, len(columns))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow([*columns[:place], date_name, *columns[place:]])
    out.write(blanks + end)
    for number, cells in days.items():
        told = (FIRST + timedelta(days=number)).strftime(form)
        row = cells[: len(columns)]
        writer.writerow([*row[:place], told, *row[place:]])
    if totals is not None:
        writer.writerow([*(["7"] * place), totals, *(["7"] * (len(columns) - place))])
    read = read_report(mark + out.getvalue() + end, first=FIRST, last=LAST)
    assert read.problem == ""
    assert read.columns == tuple(columns)
    assert read.days == {
        FIRST + timedelta(days=number): {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
        for number, cells in days.items()
    }


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_the_reading(text: str) -> None:
    read = read_report(text, first=FIRST, last=LAST)
    assert all(FIRST <= day <= LAST for day in read.days)
    assert all(value for values in read.days.values() for value in values.values())


@pytest.mark.parametrize(
    ("content", "problem", "days"),
    [
        ("", "empty", 0),
        ("\n\n , \n", "empty", 0),
        ("<Error>AccessDenied</Error>", "no_dates", 0),
        ("Hours,Viewers\n1,2\n", "no_dates", 0),
        ("Date,Hours\n", "", 0),
        ("Date,Hours\n2026-11-02,5\n20. November,6\n", "unread_dates", 1),
        ("Date,Hours\n13/45/2026,6\n2026-11-02,5\n", "unread_dates", 1),
        ("Date,Hours\n2026-11-02,5\n2026-12-02,6\n", "outside", 1),
        ("Date,Hours\n2026-11-02,5\n2026-11-02,6\n", "twice", 1),
        ('Date,Hours\n2026-11-02,"' + "x" * 200_000 + '"\n', "no_csv", 0),
    ],
)
def test_what_is_wrong_with_a_report_is_told_and_the_rest_of_it_is_read(content: str, problem: str, days: int) -> None:
    read = read_report(content, first=FIRST, last=LAST)
    assert (read.problem, len(read.days)) == (problem, days)
    if days:
        assert read.days[date(2026, 11, 2)] == {"Hours": "5"}


def test_columns_without_a_name_or_of_the_same_name_are_kept_apart() -> None:
    read = read_report("Date,Views,,Views,Views\n2026-11-02,1,2,3,4,5\n", first=FIRST, last=LAST)
    assert read.columns == ("Views", "column 3", "Views (2)", "Views (3)")
    assert read.days[date(2026, 11, 2)] == {"Views": "1", "column 3": "2", "Views (2)": "3", "Views (3)": "4"}


def test_no_letter_that_a_database_does_not_take_is_left() -> None:
    read = read_report("Date,Na\0me\n2026-11-02,a\0b\ud800\n", first=FIRST, last=LAST)
    assert read.days[date(2026, 11, 2)] == {"Name": "ab?"}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-02", date(2026, 11, 2)),
        ("2026-11-02T00:00:00Z", date(2026, 11, 2)),
        ("2026-11-02 00:00:00 UTC", date(2026, 11, 2)),
        ("2026/1/2", date(2026, 1, 2)),
        ("1/2/2026", date(2026, 1, 2)),
        ("01/02/26 00:00", date(2026, 1, 2)),
        ("November 2, 2026", date(2026, 11, 2)),
        ("Mon Nov 02 2026", date(2026, 11, 2)),
        ("2 Nov 2026", date(2026, 11, 2)),
        ("2026-13-02", None),
        ("2026-11-020", None),
        ("٢٠٢٦-11-02", None),
        ("Total", None),
        ("", None),
    ],
)
def test_a_day_is_read_in_the_forms_that_are_usual(text: str, day: date | None) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234", 1234),
        ("1,234,567", 1234567),
        ("12.5", 12.5),
        ("1,234.50 ", 1234.5),
        ("12%", 12),
        ("0", 0),
        ("-3", None),
        ("1,23", None),
        ("12:30", None),
        ("n/a", None),
        ("9" * 16, None),
        ("٣", None),
        ("", None),
    ],
)
def test_a_figure_is_drawn_only_where_it_is_one(text: str, number: float | None) -> None:
    assert number_of(text) == number


def test_the_order_of_columns_is_the_latest_files_and_further_ones_follow_by_name() -> None:
    assert ordered(["b", "a"], ["z", "a", "c"]) == ["b", "a", "c", "z"]
