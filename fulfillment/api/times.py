"""Times as both shapes write them, from the text that :func:`fulfillment.api.pages.read_page` gives."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(value: str | datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC with a ``Z``, from a column's text (``2026-11-20 12:00:00.123456``) or a time.

    Both are UTC where they name no zone. Fractions of a second are kept as they are. Quick, because a page asks it twice
    for each of a thousand rows: text is not parsed.
    """
    if isinstance(value, str):
        return f"{value[:10]}T{value[11:].removesuffix('+00:00')}Z"
    if value is None:
        return None
    utc = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return utc.isoformat()[:-6] + "Z"
