"""SQLite is told how large its tables are, but not of small ones, which may soon be large."""

from __future__ import annotations

import pytest
from django.db import connection

from portal import table_statistics
from portal.table_statistics import renew_statistics
from tests.factories import make_claim, make_organization

pytestmark = pytest.mark.django_db


@pytest.mark.sqlite
def test_only_of_large_tables_sqlite_believes_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    organization = make_organization()
    for _number in range(4):
        make_claim(organization)
    assert renew_statistics() == "0 large tables"
    monkeypatch.setattr(table_statistics, "SMALL", 3)
    renew_statistics()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tbl FROM sqlite_stat1")
        known = {name for (name,) in cursor.fetchall()}
    assert "fulfillment_claim" in known
    assert "portal_organization" not in known
