"""Hours, days and weeks as clocks show them: without a gap, also where clocks change or a zone is a half hour off (C2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.timeline import Span, Unit, spans, unit_for
from campaigns.rules.zones import UnknownZone, from_utc

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "America/Havana",
    ]
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(found: list[Span]) -> list[str]:
    return [f"{span.local:%m-%d %H:%M}{' again' if span.occurs_again else ''}" for span in found]


@pytest.mark.parametrize(
    ("length", "unit"),
    [
        (timedelta(minutes=1), Unit.HOUR),
        (timedelta(days=7), Unit.HOUR),
        (timedelta(days=7, seconds=1), Unit.DAY),
        (timedelta(days=186), Unit.DAY),
        (timedelta(days=187), Unit.WEEK),
    ],
)
def test_short_times_are_told_in_hours_longer_ones_in_days_and_weeks(length: timedelta, unit: Unit) -> None:
    assert unit_for(START, START + length) is unit


def test_hours_are_full_hours_of_the_zone() -> None:
    found = spans(at("2026-11-20T12:10"), at("2026-11-20T13:40"), "Asia/Kolkata", Unit.HOUR)
    assert told(found) == ["11-20 17:00", "11-20 18:00", "11-20 19:00"]
    assert found[0].start == at("2026-11-20T11:30")


def test_what_ends_on_the_hour_has_no_further_one() -> None:
    assert told(spans(START, START + timedelta(hours=2), "UTC", Unit.HOUR)) == ["11-20 12:00", "11-20 13:00"]
    assert spans(START, START, "UTC", Unit.HOUR) == []


def test_the_hour_that_occurs_twice_is_two() -> None:
    found = spans(at("2026-10-24T23:30"), at("2026-10-25T02:30"), "Europe/Berlin", Unit.HOUR)
    assert told(found) == ["10-25 01:00", "10-25 02:00", "10-25 02:00 again", "10-25 03:00"]


def test_the_hour_that_clocks_skip_is_none() -> None:
    found = spans(at("2026-03-29T00:00"), at("2026-03-29T02:00"), "Europe/Berlin", Unit.HOUR)
    assert told(found) == ["03-29 01:00", "03-29 03:00"]


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    lengths = [
        span.end - span.start
        for span in spans(at("2026-10-24T10:00"), at("2026-10-26T10:00"), "Europe/Berlin", Unit.DAY)
    ]
    assert lengths == [timedelta(hours=24), timedelta(hours=25), timedelta(hours=24)]


def test_a_day_without_a_midnight_begins_with_its_first_moment() -> None:
    found = spans(at("2026-03-07T12:00"), at("2026-03-09T12:00"), "America/Havana", Unit.DAY)
    assert told(found) == ["03-07 00:00", "03-08 01:00", "03-09 00:00"]


def test_weeks_begin_with_the_day_of_the_start() -> None:
    found = spans(START, START + timedelta(days=15), "UTC", Unit.WEEK)
    assert told(found) == ["11-20 00:00", "11-27 00:00", "12-04 00:00"]


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownZone):
        spans(START, START + timedelta(hours=1), "Mars/Olympus", Unit.HOUR)


@given(
    ZONES,
    st.timedeltas(timedelta(0), timedelta(days=730)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
    st.sampled_from(Unit),
)
def test_spans_hold_the_whole_time_without_a_gap_on_quarters_of_hours(
    zone: str, since: timedelta, length: timedelta, unit: Unit
) -> None:
    start = at("2026-01-01T00:00") + since
    until = start + length
    found = spans(start, until, zone, unit)
    assert found[0].start <= start < found[0].end
    assert found[-1].start < until <= found[-1].end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(span.start.timestamp() % 900 == 0 and span.start < span.end for span in found)
    assert all(span.local == from_utc(span.start, zone) for span in found)
    if unit is not Unit.HOUR:
        assert len({span.local.date() for span in found}) == len(found)
