"""Times as both shapes write them. Apart from the encoder's, because SQLite hands out text where PostgreSQL has times."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(value: str | datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC with a ``Z``, from what the database's driver gives for a column of times.

    Quick, because a page asks it twice for each of a thousand rows: SQLite's text (``2026-11-20 12:00:00.123456``, UTC)
    is not parsed. Fractions of a second are kept as they are, and left out where there are none.
    """
    if value is None:
        return None
    if isinstance(value, str):
        # With the offset where a statement of ours handed the driver a time with its zone, without it where Django did.
        return f"{value[:10]}T{value[11:].removesuffix('+00:00')}Z"
    return value.astimezone(UTC).isoformat()[:-6] + "Z"
