"""A portal that was set up before its migrations were joined into one per app is upgraded to the same tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.e2e.portal import ask, clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

BY_THE_FORMER_ONES = """
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

executor = MigrationExecutor(connection)
executor.loader = MigrationLoader(connection, replace_migrations=False)
last = [migration.replaces[-1] for migration in executor.loader.disk_migrations.values() if migration.replaces]
executor.migrate([key for key in last if key[0] in ("portal", "campaigns", "linking", "fulfillment")])
"""
AS_NOW = """
from django.core.management import call_command

call_command("migrate", verbosity=0)
print(json.dumps(None))
"""


def test_a_portal_of_before_the_migrations_were_joined_comes_to_the_same_tables(tmp_path: Path) -> None:
    older, newer = tmp_path / "older", tmp_path / "newer"
    ask(BY_THE_FORMER_ONES + AS_NOW, clean_environment(PORTAL_DATA_DIR=str(made(older))))
    ask(AS_NOW, clean_environment(PORTAL_DATA_DIR=str(made(newer))))
    tables = what_is_in(newer)
    assert len(tables) > 300
    assert what_is_in(older) == tables


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def what_is_in(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Return the parts of every table and index, sorted: columns that came later stand last in an older database."""
    found = sqlite3.connect(folder / "portal.sqlite3").execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    return {(kind, name): sorted(parts(sql)) for kind, name, sql in found}


def parts(sql: str) -> list[str]:
    """Split at the commas in the outer brackets; what stands before and behind the brackets is a part too."""
    first, last = sql.index("("), sql.rindex(")")
    found, depth, quoted = [sql[:first], sql[last:], ""], 0, False
    for sign in sql[first + 1 : last]:
        quoted ^= sign == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and not depth and not quoted:
            found.append("")
        else:
            found[-1] += sign
    return [part.strip() for part in found]
