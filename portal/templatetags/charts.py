"""``{% time_chart chart %}`` and ``{% bar_chart chart %}`` draw what :mod:`portal.charts` describes, ``{% timeline line %}`` a timeline."""

from __future__ import annotations

from typing import Any

from django import template

from portal import charts, timelines

register = template.Library()


@register.inclusion_tag("admin/charts/over_time.html")
def time_chart(chart: charts.TimeChart) -> dict[str, Any]:
    """Draw figures over time, with their table."""
    columns = len(chart.series) + 1
    if chart.is_empty:
        return {"chart": chart, "columns": columns}
    return {
        "chart": chart,
        "columns": columns,
        "drawing": charts.drawing_over_time(chart),
        "description": charts.described(chart),
        "rows": charts.table_over_time(chart),
        "several": len(chart.series) > 1,
    }


@register.inclusion_tag("admin/charts/compared.html")
def bar_chart(chart: charts.BarChart) -> dict[str, Any]:
    """Draw horizontal bars, with their table."""
    columns = len(chart.names) + 1
    if chart.is_empty:
        return {"chart": chart, "columns": columns}
    return {
        "chart": chart,
        "columns": columns,
        "bars": charts.bars_compared(chart),
        "description": charts.compared_described(chart),
        "rows": [
            (row.name, row.url, [charts.number(value, chart.missing) for value in row.values]) for row in chart.rows
        ],
    }


@register.inclusion_tag("admin/charts/timeline.html")
def timeline(line: timelines.Timeline) -> dict[str, Any]:
    """Draw when things happened; the page has a table with the same right below."""
    return {
        "line": line,
        "rows": [(row, timelines.drawing_of(line, row)) for row in line.rows],
        "ticks": timelines.ticks_of(line),
        "described": timelines.described(line),
    }
