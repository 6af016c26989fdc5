"""Which campaigns share what, and when; and the stretches of time that are shown."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.overlaps import Overlap, Running, listed_twice, lists_to_compare, merged, overlaps, together
from campaigns.rules.ranges import Range, days_of, earlier, midnight, mondays

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + 30 * DAY


def running(key: str, first: float = 0, last: float = 10, **fields: frozenset[str] | bool) -> Running:
    given = {"platforms": frozenset({"kick"}), "games": frozenset({"G"}), **fields}
    return Running(id=key, starts_at=START + first * DAY, ends_at=START + last * DAY, **given)  # type: ignore[arg-type]


def found(*campaigns: Running, lists: dict[str, set[str]] | None = None) -> dict[str, list[Overlap]]:
    """What they share; a channel's platform is the first word of its name."""
    lists = lists or {}
    platforms = {channel: channel.split()[0] for channel in listed_twice(campaigns, lists)}
    return overlaps(campaigns, lists, platforms, start=START, end=END)


def test_c5_what_two_campaigns_share_is_told_at_both_with_the_time_they_are_live_together() -> None:
    shared = found(
        running("A", 0, 10, rewards=frozenset({"R", "S"}), platforms=frozenset({"kick", "twitch"})),
        running("B", 4, 20, rewards=frozenset({"R"})),
    )
    (at_a,), (at_b,) = shared["A"], shared["B"]
    assert (at_a.other, at_b.other) == ("B", "A")
    assert (at_a.starts_at, at_a.ends_at) == (START + 4 * DAY, START + 10 * DAY)
    assert (at_a.platforms, at_a.games, at_a.rewards) == (("kick",), ("G",), ("R",))


@pytest.mark.parametrize(
    "other",
    [
        running("B", 10, 20),
        running("B", platforms=frozenset({"twitch"})),
        running("B", games=frozenset({"H"})),
        running("B", 5, 5),
        running("B", platforms=frozenset()),
    ],
    ids=["afterwards", "another platform", "another game", "no time", "no platform"],
)
def test_c5_campaigns_that_share_nothing_do_not_overlap(other: Running) -> None:
    assert found(running("A"), other) == {"A": [], "B": []}


def test_c7_channels_of_both_lists_are_counted_where_both_campaigns_run() -> None:
    lists = {
        "A": {"kick 1", "kick 2", "kick 3", "twitch 9"},
        "B": {"kick 2", "kick 3", "kick 4", "twitch 9"},
    }
    one, other = running("A", listed=True, games=frozenset()), running("B", listed=True, games=frozenset())
    assert [overlap.channels for overlap in found(one, other, lists=lists)["A"]] == [2]


def test_c7_only_lists_that_may_meet_are_read() -> None:
    campaigns = [
        running("A", listed=True),
        running("B", listed=True),
        running("later", 20, 25, listed=True),
        running("everywhere"),
        running("elsewhere", listed=True, platforms=frozenset({"twitch"})),
    ]
    assert lists_to_compare(campaigns) == [("A", "B")]


def test_c5_what_lies_beyond_the_time_shown_is_not_told() -> None:
    campaigns = running("A", -10, 40), running("B", 31, 40)
    assert found(*campaigns)["A"] == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_c5_pairs_are_those_whose_times_meet_each_once(times: list[tuple[int, int]]) -> None:
    campaigns = [running(f"{number:02}", first, last) for number, (first, last) in enumerate(times)]
    meeting = {
        frozenset({one.id, other.id})
        for one, other in combinations(campaigns, 2)
        if max(one.starts_at, other.starts_at) < min(one.ends_at, other.ends_at)
    }
    pairs = [frozenset({one.id, other.id}) for one, other in together(campaigns)]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == meeting


def test_c5_two_hundred_campaigns_at_once_and_five_long_lists_are_compared_quickly() -> None:
    channels = {f"kick {number}" for number in range(20_000)}
    campaigns = [running(f"{number:03}", listed=number < 5) for number in range(200)]
    lists = {f"{number:03}": channels for number in range(5)}
    begun = time.process_time()
    shared = found(*campaigns, lists=lists)
    assert time.process_time() - begun < 3
    assert len(shared["000"]) == 199
    assert sum(overlap.channels == 20_000 for overlap in shared["000"]) == 4


def test_c5_stretches_that_touch_are_drawn_as_one() -> None:
    shared = found(running("A", 0, 20), running("B", 2, 5), running("C", 4, 8), running("D", 12, 14))
    assert merged(shared["A"]) == [(START + 2 * DAY, START + 8 * DAY), (START + 12 * DAY, START + 14 * DAY)]


@pytest.mark.parametrize(
    ("kind", "day", "first", "after"),
    [
        (Range.WEEKS, date(2026, 11, 26), date(2026, 11, 23), date(2027, 1, 4)),
        (Range.MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (Range.QUARTER, date(2026, 11, 26), date(2026, 10, 1), date(2027, 1, 1)),
        (Range.QUARTER, date(1, 1, 1), date(2000, 1, 1), date(2000, 4, 1)),
        (Range.WEEKS, date(9999, 12, 31), date(2199, 12, 30), date(2200, 2, 10)),
    ],
)
def test_a_range_has_whole_weeks_months_or_quarters(kind: Range, day: date, first: date, after: date) -> None:
    assert days_of(kind, day) == (first, after)
    assert days_of(kind, earlier(kind, first))[1] == first or first.year == 2000


def test_days_begin_at_midnight_of_the_zone_and_mondays_are_marked() -> None:
    assert midnight(date(2026, 12, 1), "Europe/Berlin") == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert mondays(date(2026, 12, 1), date(2026, 12, 15)) == [date(2026, 12, 7), date(2026, 12, 14)]
