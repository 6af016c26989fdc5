"""Timelines as the portal draws them: when things happened, a line for each kind, marks that count and marks that do not.

Like :mod:`portal.charts`: SVG made on the server, no script, no colour that alone carries a meaning: a mark that counts is
filled, one that does not is a ring. The page has a table with the same beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.rules.charts import moment_ticks, place_of

MOST_TICKS = 6
_DAY = 86_400
MOST_MARKS = 500
"""Of one line: more could not be told apart."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened. ``told`` says what, to who points at it."""

    at: datetime
    told: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A line with its marks, in order of time. ``summary`` stands at its end."""

    name: str
    summary: str
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Lines over the same time. ``key`` is unique on the page; ``axis`` says what the times are, with the zone.

    ``counting`` and ``other`` name the two kinds of marks.
    """

    key: str
    title: str
    axis: str
    starts_at: datetime
    ends_at: datetime
    counting: str
    other: str
    rows: Sequence[TimelineRow] = field(default_factory=list)

    @property
    def has_other(self) -> bool:
        """Whether a mark does not count."""
        return any(not mark.counts for row in self.rows for mark in row.marks)


def drawing_of(line: Timeline, row: TimelineRow) -> SafeString:
    """Return a row's marks. Those that do not count are drawn first, so that none hides one that does."""
    ordered = sorted(row.marks[:MOST_MARKS], key=lambda mark: mark.counts)
    return format_html_join(
        "",
        '<circle class="{}" cx="{}%" cy="50%" r="{}"><title>{}</title></circle>',
        [
            (
                "drops-mark" if mark.counts else "drops-mark-other",
                place_of(mark.at, start=line.starts_at, end=line.ends_at),
                5 if mark.counts else 4,
                mark.told,
            )
            for mark in ordered
        ],
    )


def ticks_of(line: Timeline) -> SafeString:
    """Return the times below the lines."""
    ticks, step = moment_ticks(start=line.starts_at, end=line.ends_at, most=MOST_TICKS)
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < _DAY else "%m-%d"
    return format_html_join(
        "",
        '<text class="{}" x="{}%" y="1em">{}</text>',
        [
            (
                "drops-chart-x drops-chart-x-less" if rank % 2 else "drops-chart-x",
                place_of(tick, start=line.starts_at, end=line.ends_at),
                format(tick, form),
            )
            for rank, tick in enumerate(ticks)
        ],
    )


def described(line: Timeline) -> str:
    """Return in words what somebody sees who sees the timeline."""
    told = [
        _("From %(first)s to %(last)s.") % {"first": f"{line.starts_at:%H:%M:%S}", "last": f"{line.ends_at:%H:%M:%S}"}
    ]
    told += [_("%(name)s: %(summary)s.") % {"name": row.name, "summary": row.summary} for row in line.rows]
    return " ".join(told)
