"""How the admin shows times and states, in words that mean the same everywhere."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _


def chip(text: str, icon: str = "", style: str = "") -> SafeString:
    """Return words in a chip, with an icon that screen readers pass over."""
    drawn = format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', icon) if icon else ""
    return format_html('<span class="drops-chip drops-chip-icon {}">{}{}</span>', style, drawn, text)


def span_between(start: datetime, end: datetime) -> str:
    """Return how long it is from one time to a later one, in its largest unit: nobody says "0 minutes"."""
    if (end - start).total_seconds() < 60:
        return _("less than a minute")
    return timesince(start, end, depth=1)


def ago(moment: datetime | None, *, now: datetime | None = None) -> SafeString | str:
    """Return how long ago something was, with the time itself in UTC."""
    if moment is None:
        return "–"
    now = now or timezone.now()
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        _("in %(span)s") % {"span": span_between(now, moment)}
        if moment > now
        else _("%(span)s ago") % {"span": span_between(moment, now)},
    )


def utc(moment: datetime | None) -> SafeString | str:
    """Return a time in UTC, to the minute."""
    if moment is None:
        return "–"
    return format_html(
        '<time datetime="{}" class="drops-when">{} UTC</time>', moment.isoformat(), f"{moment:%Y-%m-%d %H:%M}"
    )


def utc_in_two(moment: datetime | None) -> SafeString | str:
    """Return a time in UTC on two short lines, for lists."""
    if moment is None:
        return "–"
    return format_html(
        '<time datetime="{}" class="drops-when">{}<br><span class="drops-name-plain">{} UTC</span></time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d}",
        f"{moment:%H:%M}",
    )
