"""How long the other side asks to be left alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(days=1)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return the wait that ``Retry-After`` asks for (RFC 9110, section 10.2.3), or None if it asks for none.

    It may name seconds or a date. It is never negative and never longer than ``LONGEST_WAIT``, so that a mistyped
    header does not stop a delivery for good; what cannot be read counts as absent.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        seconds = int(value[:9])
        wait = timedelta(seconds=seconds)
    else:
        try:
            date = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), LONGEST_WAIT)
