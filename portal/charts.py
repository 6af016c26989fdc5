"""Charts as the portal draws them: inline SVG made on the server, each with its figures as a table behind it.

No script, no style inline, no colour that alone carries a meaning: several series differ in pattern or dash and are named
in a legend, horizontal bars each have their name and number beside them. ``{% load charts %}`` has the tags that draw
them; where the parts lie is worked out in :mod:`portal.rules.charts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.rules import charts as geometry
from portal.rules.charts import Scale, Value

MOST_TICKS = 8
"""Along the time; on a narrow screen every second one is left out."""

_POWERS = ("%(number)s", "%(number)sk", "%(number)sM", "%(number)sbn")


class Every(StrEnum):
    """What stands at each place of a chart over time."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Drawn(StrEnum):
    """How a chart over time is drawn."""

    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Series:
    """Figures with a name; None is what is not known."""

    name: str
    values: Sequence[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeChart:
    """Figures over time. All sequences have the same length.

    ``key`` is unique on the page; ``starts`` are local times, ``labels`` the same in full; ``axis`` names what the places
    are, with the zone. ``missing`` stands in the table for what is not known, ``empty`` on the page where nothing is.
    ``so_far`` says that the last place is not over yet.
    """

    key: str
    title: str
    axis: str
    every: Every
    starts: Sequence[datetime]
    labels: Sequence[str]
    series: Sequence[Series]
    drawn: Drawn = Drawn.BARS
    missing: str = "–"
    empty: str = ""
    so_far: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw: no place, or nothing known that is more than 0."""
        return not any(value for one in self.series for value in one.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """One thing that is compared, with a value for each series; ``url`` leads to what is behind it."""

    name: str
    values: Sequence[Value]
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Horizontal bars that compare things. ``names`` are those of the series, in the order of each row's values.

    ``table`` False: the page has a table with these and more figures right below. ``whole`` is what a bar of full length
    stands for, 100 where values are percents; without it the longest bar is the largest value's.
    """

    key: str
    title: str
    head: str
    names: Sequence[str]
    rows: Sequence[BarRow] = field(default_factory=list)
    missing: str = "–"
    empty: str = ""
    table: bool = True
    whole: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw; none of a whole is something to tell."""
        values = [value for row in self.rows for value in row.values]
        return all(value is None for value in values) if self.whole is not None else not any(values)


def number(value: Value, missing: str = "–") -> str:
    """Return a figure as it stands in tables: with thousands set apart."""
    return missing if value is None else f"{value:,}"


def tick_text(value: int) -> str:
    """Return a round number as it stands at an axis: 1.5M."""
    text, power = geometry.compact(value)
    return _(_POWERS[power]) % {"number": text}


# Over time.


def drawing_over_time(chart: TimeChart) -> SafeString:
    """Return what is inside the drawing of a chart over time."""
    scale = geometry.scale_for([value for one in chart.series for value in one.values])
    parts = [_grid(scale)]
    if chart.drawn is Drawn.BARS:
        drawn = geometry.bars([one.values for one in chart.series], scale)
        parts += [_bars(chart, row, bars) for row, bars in enumerate(drawn)]
    else:
        parts += [_lines(geometry.lines(one.values, scale), row) for row, one in enumerate(chart.series)]
        parts.append(_hits(chart))
    parts.append(_time_axis(chart))
    return mark_safe("".join(parts))  # noqa: S308 - put together from numbers and escaped texts


def described(chart: TimeChart) -> str:
    """Return in a sentence or two what somebody sees who sees the chart."""
    told = [
        _("%(count)s places from %(first)s to %(last)s.")
        % {"count": len(chart.labels), "first": chart.labels[0], "last": chart.labels[-1]}
    ]
    for one in chart.series:
        known = [(value, label) for value, label in zip(one.values, chart.labels, strict=True) if value is not None]
        if known:
            most, at = max(known, key=lambda pair: pair[0])
            told.append(_("%(name)s: most %(most)s, %(at)s.") % {"name": one.name, "most": number(most), "at": at})
        unknown = len(one.values) - len(known)
        if unknown:
            told.append(_("%(count)s without: %(missing)s.") % {"count": unknown, "missing": chart.missing})
    return " ".join(told)


def table_over_time(chart: TimeChart) -> SafeString:
    """Return the rows of the table behind a chart over time."""
    so_far = f" {escape(_('(so far)'))}" if chart.so_far else ""
    last = len(chart.labels) - 1
    missing = escape(chart.missing)
    rows = []
    for place, label in enumerate(chart.labels):
        cells = "".join(f"<td>{_cell(one.values[place], missing)}</td>" for one in chart.series)
        rows.append(f'<tr><th scope="row">{escape(label)}{so_far if place == last else ""}</th>{cells}</tr>')
    return mark_safe("".join(rows))  # noqa: S308 - escaped one by one above


def _cell(value: Value, missing: str) -> str:
    return missing if value is None else f"{value:,}"


def _grid(scale: Scale) -> str:
    marks = []
    for tick in scale.ticks:
        y = round(100 - scale.height(tick), 3)
        style = "drops-chart-foot" if tick == 0 else "drops-chart-grid"
        marks.append(f'<line class="{style}" x1="0" x2="100%" y1="{y}%" y2="{y}%"/>')
        marks.append(f'<text class="drops-chart-y" x="-8" y="{y}%" dy="0.32em">{escape(tick_text(tick))}</text>')
    return "".join(marks)


def _bars(chart: TimeChart, row: int, bars: Sequence[geometry.Bar | None]) -> str:
    one = chart.series[row]
    several = len(chart.series) > 1
    name = f"{escape(one.name)}: " if several else ""
    drawn = "".join(
        f'<rect x="{bar.x}%" y="{bar.y}%" width="{bar.width}%" height="{bar.height}%">'
        f"<title>{escape(label)}: {name}{number(value)}</title></rect>"
        for bar, label, value in zip(bars, chart.labels, one.values, strict=True)
        if bar is not None
    )
    return f'{_pattern(chart.key, row)}<g class="drops-chart-bar drops-chart-{row + 1}" {_fill(chart.key, row)}>{drawn}</g>'


def _pattern(key: str, row: int) -> str:
    """Return a hatching for every series but the first."""
    if not row:
        return ""
    turned = 45 if row % 2 else -45
    return (
        f'<pattern id="{escape(key)}-hatch-{row}" class="drops-chart-hatch drops-chart-{row + 1}" width="6" height="6" '
        f'patternUnits="userSpaceOnUse" patternTransform="rotate({turned})"><rect width="4" height="6"/></pattern>'
    )


def _fill(key: str, row: int) -> str:
    return f'fill="url(#{escape(key)}-hatch-{row})"' if row else ""


def _lines(runs: Sequence[Sequence[geometry.Point]], row: int) -> str:
    """Return lines, stretched with the drawing, and a point for each value that stands alone."""
    drawn = "".join(
        f'<polyline points="{" ".join(f"{point.x},{point.y}" for point in run)}"/>' for run in runs if len(run) > 1
    )
    points = "".join(
        f'<circle class="drops-chart-{row + 1}" cx="{run[0].x}%" cy="{run[0].y}%" r="3"/>'
        for run in runs
        if len(run) == 1
    )
    return (
        f'<svg class="drops-chart-line drops-chart-{row + 1}" viewBox="0 0 100 100" preserveAspectRatio="none" '
        f'width="100%" height="100%">{drawn}</svg><g class="drops-chart-point">{points}</g>'
    )


def _hits(chart: TimeChart) -> str:
    """Return an unseen strip for each place, which says its figures to who points at it."""
    width = 100 / len(chart.labels)
    several = len(chart.series) > 1
    strips = []
    for place, label in enumerate(chart.labels):
        told = ", ".join(
            (f"{one.name}: " if several else "") + number(one.values[place], chart.missing) for one in chart.series
        )
        strips.append(
            f'<rect x="{round(place * width, 3)}%" width="{round(width, 3)}%" y="0" height="100%">'
            f"<title>{escape(label)}: {escape(told)}</title></rect>"
        )
    return f'<g class="drops-chart-hit">{"".join(strips)}</g>'


def _time_axis(chart: TimeChart) -> str:
    width = 100 / len(chart.starts)
    marks = []
    for rank, place in enumerate(_tick_places(chart)):
        style = "drops-chart-x drops-chart-x-less" if rank % 2 else "drops-chart-x"
        text = escape(_tick_of(chart, place))
        marks.append(f'<text class="{style}" x="{round((place + 0.5) * width, 3)}%" y="100%" dy="1.5em">{text}</text>')
    return "".join(marks)


def _tick_places(chart: TimeChart) -> list[int]:
    if chart.every is Every.MINUTE:
        return geometry.minute_ticks(chart.starts, most=MOST_TICKS)
    if chart.every is Every.HOUR:
        return geometry.hour_ticks(chart.starts, most=MOST_TICKS)
    return geometry.day_ticks(len(chart.starts), most=MOST_TICKS)


def _tick_of(chart: TimeChart, place: int) -> str:
    start = chart.starts[place]
    if chart.every is Every.DAY or (chart.every is Every.HOUR and start.hour == 0):
        return f"{start:%m-%d}"
    return f"{start:%H:%M}"


# Compared.


def bars_compared(chart: BarChart) -> SafeString:
    """Return the bars of a comparison, each with its series' name before and its number behind it."""
    values = [value for row in chart.rows for value in row.values]
    lengths = iter(geometry.lengths(values, whole=chart.whole))
    several = len(chart.names) > 1
    blocks = []
    for row in chart.rows:
        lines = [
            (name if several else row.name, place + 1, _strip(next(lengths)), number(value, chart.missing))
            for place, (name, value) in enumerate(zip(chart.names, row.values, strict=True))
        ]
        shown = format_html_join(
            "",
            '<div class="drops-compared-row"><span>{}</span><svg class="drops-chart-bar drops-chart-{}" width="100%" '
            'height="14">{}</svg><span class="drops-compared-number">{}</span></div>',
            lines,
        )
        head = format_html('<p class="drops-compared-name">{}</p>', row.name) if several else ""
        blocks.append(format_html('<div class="drops-compared-one">{}{}</div>', head, shown))
    return mark_safe("".join(blocks))  # noqa: S308 - formatted with escapes above


def _strip(length: float | None) -> SafeString:
    return format_html('<rect width="{}%" height="100%" rx="2"/>', length) if length else SafeString("")


def compared_described(chart: BarChart) -> str:
    """Return the figures of a comparison in words."""
    several = len(chart.names) > 1
    told = []
    for row in chart.rows:
        figures = ", ".join(
            (f"{name} " if several else "") + number(value, chart.missing)
            for name, value in zip(chart.names, row.values, strict=True)
        )
        told.append(f"{row.name}: {figures}.")
    return " ".join(told)
