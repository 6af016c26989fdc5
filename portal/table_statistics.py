"""What SQLite knows of its tables when it chooses an index. PostgreSQL keeps its own statistics."""

from __future__ import annotations

from django.db import connection

ROWS_LOOKED_AT = 1_000
"""So many rows of each index: with a million claims this takes a twentieth of a second."""

SMALL = 10_000
"""A table with fewer rows may be many times as large within the hour: SQLite's own assumption, that it is large, is safer."""


def renew_statistics() -> str:
    """Have SQLite look at its large tables again. Returns what was done, for the job's result."""
    if connection.vendor != "sqlite":
        return "the database does this itself"
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {ROWS_LOOKED_AT}")
        cursor.execute("ANALYZE")
        cursor.execute(
            "DELETE FROM sqlite_stat1 WHERE tbl IN ("
            "SELECT tbl FROM sqlite_stat1 GROUP BY tbl HAVING MAX(CAST(stat AS INTEGER)) < %s)",
            [SMALL],
        )
        cursor.execute("SELECT COUNT(DISTINCT tbl) FROM sqlite_stat1")
        return f"{cursor.fetchone()[0]} large tables"
