"""Where the parts of charts lie: round ticks, gaps as gaps, nothing outside the drawing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.charts import (
    Bar,
    Point,
    bars,
    compact,
    day_ticks,
    hour_ticks,
    lengths,
    lines,
    minute_ticks,
    scale_for,
)

values = st.one_of(st.none(), st.integers(0, 10**13))


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (3, (0, 1, 2, 3)),
        (7, (0, 2, 4, 6, 8)),
        (11, (0, 5, 10, 15)),
        (100, (0, 20, 40, 60, 80, 100)),
        (101, (0, 50, 100, 150)),
        (1_234_567, (0, 500_000, 1_000_000, 1_500_000)),
    ],
)
def test_an_axis_has_round_ticks_up_to_the_largest_value(largest: int, ticks: tuple[int, ...]) -> None:
    assert scale_for([None, largest, 0]).ticks == ticks


@given(st.lists(values, max_size=20))
def test_an_axis_holds_every_value_and_wastes_less_than_a_step(given_values: list[int | None]) -> None:
    scale = scale_for(given_values)
    largest = max((value for value in given_values if value is not None), default=0)
    assert scale.ticks[0] == 0 and scale.ticks[-1] == scale.top >= max(largest, 1)
    assert len(scale.ticks) <= 6
    assert scale.top - largest < scale.ticks[1] or largest == 0
    assert all(
        text.replace(".", "").replace(",", "").isdigit() and len(text) <= 6 for text, _ in map(compact, scale.ticks)
    )


@given(
    st.integers(1, 4).flatmap(
        lambda rows: st.lists(st.lists(values, min_size=5, max_size=5), min_size=rows, max_size=rows)
    )
)
def test_bars_stand_side_by_side_inside_the_drawing(series: list[list[int | None]]) -> None:
    scale = scale_for([value for one in series for value in one])
    drawn = bars(series, scale)
    right_end = 0.0
    for place in range(5):
        for row, one in enumerate(series):
            bar = drawn[row][place]
            assert (bar is None) == (not one[place])  # what is not known, and 0, have none
            if bar is None:
                continue
            assert place * 20 <= bar.x and bar.x + bar.width <= (place + 1) * 20 + 0.01
            assert bar.x >= right_end - 0.01
            right_end = bar.x + bar.width
            assert bar.height >= 1 and bar.y >= -0.001 and abs(bar.y + bar.height - 100) < 0.01


def test_a_bar_is_as_high_as_its_value() -> None:
    assert bars([[50, None, 100, 0]], scale_for([100])) == [
        [Bar(2.5, 50.0, 20.0, 50.0), None, Bar(52.5, 0.0, 20.0, 100.0), None]
    ]
    assert Bar(2.5, 50.0, 20.0, 50.0).middle == 12.5


def test_nothing_to_draw_is_nothing() -> None:
    scale = scale_for([])
    assert (bars([], scale), bars([[]], scale), lines([], scale), lengths([])) == ([], [[]], [], [])
    assert (minute_ticks([], most=5), hour_ticks([], most=5), day_ticks(0, most=5)) == ([], [], [])


def test_a_line_is_broken_where_nothing_is_known() -> None:
    assert lines([100, None, 0, 50, None], scale_for([100])) == [
        [Point(10.0, 0.0)],
        [Point(50.0, 100.0), Point(70.0, 50.0)],
    ]


@given(st.lists(values, max_size=30))
def test_lines_have_a_point_for_each_known_value_and_none_else(given_values: list[int | None]) -> None:
    runs = lines(given_values, scale_for(given_values))
    assert sum(map(len, runs)) == sum(value is not None for value in given_values)
    assert all(0 <= point.x <= 100 and -0.001 <= point.y <= 100 for run in runs for point in run)


def test_lengths_are_of_the_longest_and_small_ones_can_be_seen() -> None:
    assert lengths([200, 100, 1, 0, None]) == [100.0, 50.0, 1.0, 0.0, None]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, ("0", 0)),
        (999, ("999", 0)),
        (1000, ("1", 1)),
        (1500, ("1.5", 1)),
        (20_000_000, ("20", 2)),
        (3_000_000_000, ("3", 3)),
        (5_000_000_000_000, ("5,000", 3)),
    ],
)
def test_round_numbers_are_told_in_few_digits(value: int, told: tuple[str, int]) -> None:
    assert compact(value) == told


def local_hours(first: str, count: int, zone: str = "UTC") -> list[datetime]:
    start = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return [(start + timedelta(hours=number)).astimezone(ZoneInfo(zone)) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, ["07:00"]),
        (6, ["07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]),
        (24, ["09:00", "12:00", "15:00", "18:00", "21:00", "00:00", "03:00", "06:00"]),
        (168, ["00:00"] * 7),
    ],
)
def test_hours_have_ticks_at_round_ones(count: int, told: list[str]) -> None:
    starts = local_hours("2026-11-20T07:00", count)
    assert [f"{starts[place]:%H:%M}" for place in hour_ticks(starts, most=8)] == told


def test_the_hour_that_clocks_show_twice_has_one_tick() -> None:
    starts = local_hours("2026-10-25T00:00", 6, "Europe/Berlin")
    assert [f"{starts[place]:%H:%M}" for place in hour_ticks(starts, most=8)] == [
        "00:00",
        "01:00",
        "02:00",
        "03:00",
        "04:00",
    ]


@given(st.integers(0, 23), st.integers(0, 800), st.integers(2, 9))
def test_there_are_never_more_ticks_than_asked_for(hour: int, count: int, most: int) -> None:
    starts = local_hours(f"2026-03-27T{hour:02}:00", count, "Europe/Berlin")
    for found in (hour_ticks(starts, most=most), day_ticks(count, most=most), minute_ticks(starts[:60], most=most)):
        assert len(found) <= most
        assert found == sorted(set(found))
        assert all(0 <= place < count for place in found)
        assert bool(found) == bool(count)


def test_minutes_have_ticks_at_full_fives_tens_and_quarters() -> None:
    starts = [datetime(2026, 11, 20, 12, 7, tzinfo=UTC) + timedelta(minutes=number) for number in range(60)]
    assert [f"{starts[place]:%H:%M}" for place in minute_ticks(starts, most=8)] == [
        *("12:10", "12:20", "12:30", "12:40", "12:50", "13:00")
    ]


def test_days_have_ticks_in_steps_of_days_and_weeks() -> None:
    assert day_ticks(8, most=8) == list(range(8))
    assert day_ticks(30, most=8) == [0, 7, 14, 21, 28]
