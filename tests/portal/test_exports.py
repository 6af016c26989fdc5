"""Exports: named columns, stated zone, nothing a spreadsheet computes, sent while it is read."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Viewer
from portal.exports import CSV, JSON, Column, Table, export_response, keyset_pages, keyset_rows
from tests.factories import make_organization, make_viewer

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
COLUMNS = (Column("granted_at", "when"), Column("name", "who"), Column("done", "whether"), Column("waived", "what"))


def _table(rows: Any, **fields: Any) -> Table:
    organization = make_organization(name="Größe & Söhne")
    return Table(
        **{
            "organization": organization,
            "kind": "claims",
            "columns": COLUMNS,
            "rows": rows,
            "now": NOW,
            "zone_name": "UTC",
        }
        | fields
    )


def _text(table: Table, format_name: str) -> str:
    pieces: Any = export_response(table, format_name).streaming_content
    return b"".join(pieces).decode()


def test_a_csv_names_its_columns_and_its_zone_and_computes_nothing() -> None:
    text = _text(_table([[NOW, "=1+1", True, ["late", "test"]]], zone_name="Europe/Berlin"), CSV)
    head, row = csv.reader(StringIO(text.removeprefix("\ufeff")))
    assert head == ["granted_at", "name", "done", "waived", "time_zone"]
    assert row == ["2026-11-26T13:00:00+01:00", "'=1+1", "yes", "late test", "Europe/Berlin"]


def test_a_json_says_what_it_is_and_keeps_values_as_they_are() -> None:
    told = json.loads(_text(_table([[NOW, "=1+1", False, ["late"]], [None, "大", True, []]]), JSON))
    assert (told["zone"], told["kind"], told["made_at"]) == ("UTC", "claims", "2026-11-26T12:00:00+00:00")
    assert told["columns"][0] == {"name": "granted_at", "meaning": "when"}
    assert told["rows"] == [
        {"granted_at": "2026-11-26T12:00:00+00:00", "name": "=1+1", "done": False, "waived": ["late"]},
        {"granted_at": None, "name": "大", "done": True, "waived": []},
    ]


def test_a_json_without_rows_is_whole() -> None:
    assert json.loads(_text(_table([]), JSON))["rows"] == []


def test_the_file_is_called_after_organization_kind_and_moment() -> None:
    answer = export_response(_table([]), CSV)
    assert answer["Content-Disposition"] == 'attachment; filename="groe-sohne-claims-20261126T120000Z.csv"'
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("format_name", [CSV, JSON])
def test_the_first_bytes_leave_before_the_first_row_is_read(format_name: str) -> None:
    read: list[int] = []

    def rows() -> Any:
        for number in range(3):
            read.append(number)
            yield [NOW, str(number), True, []]

    pieces: Any = iter(export_response(_table(rows()), format_name).streaming_content)
    assert next(pieces)
    assert read == []


def test_pages_follow_the_key_and_leave_nothing_out() -> None:
    organization = make_organization()
    made = sorted(make_viewer(organization).pk for _ in range(7))
    mine = Viewer.objects.filter(organization=organization)
    assert [[row.pk for row in page] for page in keyset_pages(mine, size=3)] == [made[:3], made[3:6], made[6:]]
    assert [row.pk for row in keyset_rows(mine, newest_first=True, size=2)] == made[::-1]


def test_pages_by_a_column_go_on_among_equal_ones() -> None:
    organization = make_organization()
    for name in ("b", "a", "b", "b", "a"):
        make_viewer(organization, name=name)
    mine = Viewer.objects.filter(organization=organization)
    expected = list(mine.order_by("-name", "-pk").values_list("pk", flat=True))
    assert [row.pk for row in keyset_rows(mine, by="name", newest_first=True, size=2)] == expected


def test_each_page_is_one_query() -> None:
    organization = make_organization()
    for _ in range(4):
        make_viewer(organization)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        list(keyset_rows(Viewer.objects.filter(organization=organization), size=3))
    assert len(queries) == 2
