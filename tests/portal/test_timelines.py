"""Timelines: every mark where its time is, round ticks, and nothing told by colour alone."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.charts import moment_ticks, place_of
from portal.timelines import MOST_MARKS, Mark, Timeline, TimelineRow

START = datetime(2026, 11, 20, 12, 0, 7, tzinfo=UTC)


def line(*rows: TimelineRow, seconds: float = 100) -> Timeline:
    return Timeline(
        key="found",
        title="When it happened",
        axis="Time in UTC",
        starts_at=START,
        ends_at=START + timedelta(seconds=seconds),
        counting="happened",
        other="held back",
        rows=rows,
    )


def drawn(timeline: Timeline) -> str:
    return Template("{% load charts %}{% timeline line %}").render(Context({"line": timeline}))


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@given(st.integers(0, 40 * 86400), st.integers(1, 8))
def test_ticks_are_round_times_within_the_line_and_not_too_many(seconds: int, most: int) -> None:
    end = START + timedelta(seconds=seconds)
    ticks, step = moment_ticks(start=START, end=end, most=most)
    assert len(ticks) <= most
    assert all(START <= tick <= end for tick in ticks)
    assert {(later - earlier).total_seconds() for earlier, later in itertools.pairwise(ticks)} <= {step}
    assert all(
        (tick - tick.replace(hour=0, minute=0, second=0)).total_seconds() % min(step, 86400) == 0 for tick in ticks
    )


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (4, ["12:00:07", "12:00:08", "12:00:09", "12:00:10", "12:00:11"]),
        (150, ["12:00:30", "12:01:00", "12:01:30", "12:02:00", "12:02:30"]),
        (3000, ["12:10", "12:20", "12:30", "12:40", "12:50"]),
        (3 * 86400, ["11-21", "11-22", "11-23"]),
    ],
)
def test_ticks_are_told_as_clocks_show_them(seconds: int, texts: list[str]) -> None:
    assert re.findall(r"<text[^>]*>([^<]+)</text>", drawn(line(TimelineRow("A", "never"), seconds=seconds))) == texts


def test_a_mark_stands_where_its_time_is() -> None:
    assert [place_of(after(s), start=START, end=after(200)) for s in (0, 50, 200, 300)] == [0, 25, 100, 100]
    assert place_of(START, start=START, end=START) == 50, "a recording of one message"


def test_what_does_not_count_differs_in_form_and_has_words_and_the_legend_says_so() -> None:
    marks = [Mark(after(10), "12:00:17: first"), Mark(after(20), "12:00:27: held back", counts=False)]
    html = drawn(line(TimelineRow("Boss <down>", "happened once", marks)))
    assert re.search(r'<circle class="drops-mark" cx="10.0%"[^>]*r="5"><title>12:00:17: first</title>', html)
    assert re.search(r'<circle class="drops-mark-other" cx="20.0%"[^>]*r="4"><title>12:00:27: held back</title>', html)
    assert "held back" in html.split("drops-timeline-name")[0], "the legend"
    assert "Boss &lt;down&gt;: happened once." in html
    only = drawn(line(TimelineRow("A", "happened once", marks[:1])))
    assert "drops-mark-other" not in only


def test_a_line_draws_no_more_marks_than_can_be_told_apart() -> None:
    marks = [Mark(after(n / 100), str(n)) for n in range(MOST_MARKS + 50)]
    assert drawn(line(TimelineRow("A", "often", marks))).count("<title>") == MOST_MARKS
