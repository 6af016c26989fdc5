"""Times as platforms write them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?(?:([Zz])|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_SECONDS = re.compile(r"\d{9,10}", re.ASCII)
_MILLISECONDS = re.compile(r"\d{13}", re.ASCII)


def parse_time(text: str) -> datetime | None:
    """Read an RFC 3339 time, also one with nanoseconds, or Unix seconds or milliseconds; return it in UTC.

    What is finer than a microsecond is cut off, a leap second is the second before. None where ``text`` is no time, and for
    the first day of the year 1, by which programs written in Go say that there is none.
    """
    text = text.strip()
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text[:-3]), UTC) + timedelta(milliseconds=int(text[-3:]))
        return _parse_rfc3339(text)
    except (ValueError, OverflowError, OSError):
        return None


def _parse_rfc3339(text: str) -> datetime | None:
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, zulu, sign, offset_hours, offset_minutes = match.groups()[6:]
    zone = UTC
    if not zulu:
        if int(offset_minutes) > 59:
            return None
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
        zone = timezone(-offset if sign == "-" else offset)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    time = datetime(year, month, day, hour, minute, 59 if second == 60 else second, microsecond, zone).astimezone(UTC)
    return None if time.date() == date.min else time
