"""Lengths of time in words of the reader's language."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_MINUTES_A_DAY = 24 * 60


def minutes_in_words(minutes: int) -> str:
    """Return a number of minutes as hours and minutes: “1 hour 30 minutes”, “45 minutes”, “0 minutes”."""
    hours, rest = divmod(max(0, minutes), 60)
    parts = [_hours(hours)] if hours else []
    if rest or not hours:
        parts.append(_minutes(rest))
    return " ".join(parts)


def time_in_words(span: timedelta) -> str:
    """Return a span by its two largest units, rounded down: “3 days 4 hours”, “2 hours 5 minutes”, “less than a minute”."""
    total = int(span.total_seconds() // 60)
    if total < 1:
        return _("less than a minute")
    days, rest = divmod(total, _MINUTES_A_DAY)
    hours, minutes = divmod(rest, 60)
    if days:
        return " ".join(filter(None, [_days(days), _hours(hours) if hours else ""]))
    if hours:
        return " ".join(filter(None, [_hours(hours), _minutes(minutes) if minutes else ""]))
    return _minutes(minutes)


def _days(count: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", count) % {"n": count}


def _hours(count: int) -> str:
    return ngettext("%(n)d hour", "%(n)d hours", count) % {"n": count}


def _minutes(count: int) -> str:
    return ngettext("%(n)d minute", "%(n)d minutes", count) % {"n": count}
