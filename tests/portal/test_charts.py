"""Charts: the same figures drawn and in the table, named without colour, readable in light and dark, without a script."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import Context, Template

from portal.charts import BarChart, BarRow, Drawn, Every, Series, TimeChart, bars_compared, tick_text
from portal.contrast import contrast_ratio

CSS = (Path(settings.BASE_DIR) / "portal" / "static" / "portal" / "charts.css").read_text()
START = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
UNFOLD_DARK = "#101828"  # the panel's colour in the admin's dark theme


def hours(*values: int | None, **fields: object) -> TimeChart:
    starts = [START + timedelta(hours=number) for number in range(len(values))]
    return TimeChart(
        **{
            "key": "k",
            "title": "Watched minutes",
            "axis": "Hour from, in UTC",
            "every": Every.HOUR,
            "starts": starts,
            "labels": [f"{start:%Y-%m-%d %H:%M}" for start in starts],
            "series": [Series("minutes", values)],
            "missing": "nobody reported",
            "empty": "Nothing yet.",
            **fields,
        }  # type: ignore[arg-type]
    )


def drawn(chart: TimeChart | BarChart) -> str:
    tag = "time_chart" if isinstance(chart, TimeChart) else "bar_chart"
    return Template(f"{{% load charts %}}{{% {tag} chart %}}").render(Context({"chart": chart}))


def svg_of(html: str) -> ElementTree.Element:
    found = re.search(r'<div class="drops-chart-plot">\s*(<svg.*?</svg>)\s*</div>', html, re.DOTALL)
    assert found
    return ElementTree.fromstring(found[1])


class Table(HTMLParser):
    """The cells of a page's tables, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data


def test_every_figure_is_in_the_table_and_a_gap_is_said_in_words() -> None:
    rows = Table(drawn(hours(1200, None, 0, 7, so_far=True))).rows
    assert rows == [
        ["Hour from, in UTC", "minutes"],
        ["2026-11-20 22:00", "1,200"],
        ["2026-11-20 23:00", "nobody reported"],
        ["2026-11-21 00:00", "0"],
        ["2026-11-21 01:00 (so far)", "7"],
    ]


def test_bars_say_their_figure_to_who_points_at_them_and_gaps_have_none() -> None:
    svg = svg_of(drawn(hours(1200, None, 0, 7)))
    told = [title.text for title in svg.findall("./g/rect/title")]
    assert told == ["2026-11-20 22:00: 1,200", "2026-11-21 01:00: 7"]


def test_lines_break_at_gaps_and_a_value_alone_is_a_point() -> None:
    svg = svg_of(drawn(hours(5, None, 3, 4, drawn=Drawn.LINES)))
    assert len(svg.findall("./svg/polyline")) == 1
    assert len(svg.findall("./g/circle")) == 1
    strips = [title.text for title in svg.findall("./g/rect/title")]
    assert strips[1] == "2026-11-20 23:00: nobody reported"


def test_a_chart_is_one_image_with_name_and_description() -> None:
    svg = svg_of(drawn(hours(1200, None, 0, 7)))
    assert svg.get("role") == "img"
    names = {part.get("id"): part.text or "" for part in svg if part.tag in ("title", "desc")}
    assert (svg.get("aria-labelledby") or "").split() == list(names)
    assert names["k-name"] == "Watched minutes"
    assert "from 2026-11-20 22:00 to 2026-11-21 01:00" in names["k-told"]
    assert "most 1,200, 2026-11-20 22:00" in names["k-told"]
    assert "1 without: nobody reported" in names["k-told"]


def test_the_axes_have_ticks_and_the_zone_is_named() -> None:
    html = drawn(hours(1200, None, 0, 7))
    svg = svg_of(html)
    texts = {
        style: [t.text for t in svg.findall("./text") if style in (t.get("class") or "")] for style in ("-y", "-x")
    }
    assert texts == {"-y": ["0", "500", "1k", "1.5k"], "-x": ["22:00", "23:00", "11-21", "01:00"]}
    assert '<p class="drops-hint drops-chart-axis">Hour from, in UTC</p>' in html


def test_several_series_differ_in_pattern_and_are_named() -> None:
    two = [Series("most", (3, 4)), Series("average", (2, 1))]
    html = drawn(hours(0, 0, series=two))
    assert 'fill="url(#k-hatch-1)"' in html and '<pattern id="k-hatch-1"' in html
    assert re.findall(r"</svg> (\w+)</span>", html) == ["most", "average"]
    lines = drawn(hours(0, 0, series=two, drawn=Drawn.LINES))
    assert "2026-11-20 22:00: most: 3, average: 2" in lines
    assert ".drops-chart-2.drops-chart-line { stroke-dasharray" in CSS


@pytest.mark.parametrize("chart", [hours(), hours(None, None), hours(0, 0)])
def test_where_nothing_is_there_are_words_instead_of_a_drawing(chart: TimeChart) -> None:
    html = drawn(chart)
    assert "drops-chart-plot" not in html
    assert '<p class="drops-chart-empty">Nothing yet.</p>' in html
    assert Table(html).rows[1:] == [["Nothing yet."]]


def test_what_people_entered_is_escaped() -> None:
    evil = '<script>alert("1")</script>'
    time = drawn(hours(1, 2, title=evil, series=[Series(evil, (1, 2)), Series(evil, (1, 2))], labels=[evil, evil]))
    bars = drawn(BarChart(key="b", title=evil, head=evil, names=[evil, evil], rows=[BarRow(name=evil, values=[1, 2])]))
    for html in (time, bars):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def compared(**fields: object) -> BarChart:
    rows = [
        BarRow(name="Comet banner", values=[1500, 1200], url="/claims/"),
        BarRow(name="Cape", values=[None, 0]),
    ]
    return BarChart(
        **{
            "key": "b",
            "title": "Rewards",
            "head": "Reward",
            "names": ["earned", "claimed"],
            "rows": rows,
            "missing": "not known",
            "empty": "Nothing yet.",
            **fields,
        }  # type: ignore[arg-type]
    )


def test_compared_bars_have_name_and_number_beside_them_and_their_table() -> None:
    html = drawn(compared())
    found = re.findall(r"<span>(\w+)</span><svg[^>]*>(.*?)</svg><span[^>]*>([^<]*)</span>", html)
    assert [(name, "<rect" in strip, number) for name, strip, number in found] == [
        ("earned", True, "1,500"),
        ("claimed", True, "1,200"),
        ("earned", False, "not known"),
        ("claimed", False, "0"),
    ]
    assert Table(html).rows == [
        ["Reward", "earned", "claimed"],
        ["Comet banner", "1,500", "1,200"],
        ["Cape", "not known", "0"],
    ]
    assert "Comet banner: earned 1,500, claimed 1,200. Cape: earned not known, claimed 0." in html
    assert 'role="img" aria-labelledby="b-name b-told"' in html


def test_compared_bars_of_nothing_are_words() -> None:
    html = drawn(compared(rows=[]))
    assert '<p class="drops-chart-empty">Nothing yet.</p>' in html
    assert "drops-compared" not in html


def test_a_chart_can_leave_its_table_to_the_page() -> None:
    assert "<details" not in drawn(compared(table=False))


@pytest.mark.parametrize("html", [drawn(hours(1, 2)), drawn(hours(1, drawn=Drawn.LINES)), drawn(compared())])
def test_s3_nothing_is_inline_that_a_strict_policy_forbids(html: str) -> None:
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", html)


def test_every_id_is_there_once() -> None:
    for html in (drawn(hours(1, None, 2)), drawn(compared())):
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("value,told", [(0, "0"), (1500, "1.5k"), (20_000_000, "20M"), (3_000_000_000, "3bn")])
def test_ticks_are_short(value: int, told: str) -> None:
    assert tick_text(value) == told


@pytest.mark.parametrize(
    ("theme", "backgrounds"), [(":root", ("#ffffff", "#f9fafb")), (".dark", (UNFOLD_DARK, "#18181b"))]
)
def test_the_colours_of_charts_have_three_to_one_in_light_and_dark(theme: str, backgrounds: tuple[str, ...]) -> None:
    block = re.search(re.escape(theme) + r" \{([^}]*)\}", CSS)
    assert block
    colours = dict(re.findall(r"--drops-chart-(\w+): (#[0-9a-f]{6})", block[1]))
    for name in ("1", "2", "3", "foot"):
        for background in backgrounds:
            assert contrast_ratio(colours[name], background) >= 3, (name, background)


def test_none_of_a_whole_is_drawn_and_bars_are_measured_by_the_whole() -> None:
    rows = [BarRow(name="Linked", values=[0]), BarRow(name="Delivered", values=[50])]
    chart = BarChart(key="shares", title="Shares", head="Of", names=["percent"], rows=rows, whole=100)
    assert not chart.is_empty and 'width="50.0%"' in bars_compared(chart)
    assert not replace(chart, rows=rows[:1]).is_empty
    assert replace(chart, rows=[BarRow(name="Linked", values=[None])]).is_empty
    assert replace(chart, rows=rows[:1], whole=None).is_empty
