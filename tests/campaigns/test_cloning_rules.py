"""When a copy of a campaign is, and what it is called (C2, C9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules import zones
from campaigns.rules.cloning import LONGEST_NAME, moved, next_name, series_names

BERLIN = "Europe/Berlin"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_c9_a_copy_keeps_the_hour_that_clocks_show_when_they_change_in_between() -> None:
    found = moved(utc(2026, 10, 19, 16), days=7, zone_name=BERLIN)  # 18:00 in summer
    assert found.moment == utc(2026, 10, 26, 17)  # 18:00 in winter
    assert found.note is None


def test_c2_an_hour_that_does_not_exist_becomes_the_first_that_does_and_says_so() -> None:
    found = moved(utc(2027, 3, 21, 1, 30), days=7, zone_name=BERLIN)  # 02:30, a week before clocks go forward
    assert found.moment == utc(2027, 3, 28, 1)  # 03:00 in summer
    assert "02:30 on 28 Mar 2027 does not exist in Europe/Berlin" in str(found.note)
    assert not found.twice


@pytest.mark.parametrize(
    ("occurrence", "moment"), [(None, (0, 30)), ("first", (0, 30)), ("second", (1, 30))], ids=["open", "1st", "2nd"]
)
def test_c2_of_an_hour_that_occurs_twice_the_chosen_one_is_taken(
    occurrence: str | None, moment: tuple[int, int]
) -> None:
    found = moved(utc(2026, 10, 18, 0, 30), days=7, zone_name=BERLIN, occurrence=occurrence)
    assert found.moment == utc(2026, 10, 25, *moment)
    assert found.twice
    assert "happens twice" in str(found.note)


def test_c9_no_days_keep_the_very_moment_also_in_an_hour_that_occurs_twice() -> None:
    second = utc(2026, 10, 25, 1, 30)
    assert moved(second, days=0, zone_name=BERLIN).moment == second


@given(
    st.integers(0, 60 * 365 * 24 * 60).map(lambda minutes: utc(2000, 1, 1) + timedelta(minutes=minutes)),
    st.integers(1, 4000),
    st.sampled_from(zones.zone_names()),
)
def test_c9_a_copy_is_so_many_calendar_days_later_at_the_same_hour_or_says_why_not(
    moment: datetime, days: int, zone_name: str
) -> None:
    shown = zones.from_utc(moment, zone_name).replace(tzinfo=None, fold=0)
    found = moved(moment, days=days, zone_name=zone_name)
    then = zones.from_utc(found.moment, zone_name).replace(tzinfo=None, fold=0)
    assert then == shown + timedelta(days=days) or (found.note is not None and then > shown + timedelta(days=days))


@pytest.mark.parametrize(
    ("name", "taken", "following"),
    [
        ("Week 1", [], "Week 2"),
        ("Week 1", ["Week 2", "Week 3"], "Week 4"),
        ("Day 09", [], "Day 10"),
        ("Winter", [], "Winter 2"),
        ("2026", [], "2026 2"),
        ("W" * 120, [], "W" * 118 + " 2"),
    ],
)
def test_c9_a_copy_is_called_by_the_next_number(name: str, taken: list[str], following: str) -> None:
    found = next_name(name, taken)
    assert len(found) <= LONGEST_NAME
    assert found == following


def test_c9_a_series_counts_on_from_the_first_name() -> None:
    assert series_names("Week 9", 3) == ["Week 9", "Week 10", "Week 11"]
    assert series_names("Winter", 3) == ["Winter", "Winter 2", "Winter 3"]
    assert len(set(series_names("9" * 120, 12))) == 12
