"""Chance that can be repeated."""

from __future__ import annotations

import pytest

from portal.sandbox.chances import chance, happens, one_of
from portal.sandbox.ratelimit import Buckets


def test_a_draw_is_the_same_each_time_and_another_for_another_seed_kind_or_number() -> None:
    first = chance(seed=7, kind="dropped", number=3)
    assert first == chance(seed=7, kind="dropped", number=3)
    others = [
        chance(seed=8, kind="dropped", number=3),
        chance(seed=7, kind="doubled", number=3),
        chance(seed=7, kind="dropped", number=4),
    ]
    assert first not in others


@pytest.mark.parametrize("percent", [1, 20, 30, 50, 99])
def test_what_happens_to_some_percent_happens_about_so_often(percent: int) -> None:
    met = sum(happens(percent, seed=1, kind="dropped", number=number) for number in range(5000))
    assert abs(met / 50 - percent) < 2


def test_nothing_and_everything_are_exact() -> None:
    numbers = range(2000)
    assert not any(happens(0, seed=5, kind="call", number=number) for number in numbers)
    assert all(happens(100, seed=5, kind="call", number=number) for number in numbers)


def test_each_choice_comes_about_as_often() -> None:
    drawn = [one_of(["a", "b", "c"], seed=2, kind="way", number=number) for number in range(3000)]
    assert all(900 < drawn.count(choice) < 1100 for choice in "abc")


def test_a_bucket_is_empty_after_its_points_and_full_again_a_minute_later() -> None:
    buckets = Buckets()
    taken = [buckets.take("app", limit=3, now_seconds=1000.5) for _ in range(4)]
    assert [points.remaining for points in taken] == [2, 1, 0, -1]
    assert taken[-1].headers() == {
        "Ratelimit-Limit": "3",
        "Ratelimit-Remaining": "0",
        "Ratelimit-Reset": "1060",
    }
    assert buckets.take("user", limit=3, now_seconds=1001).remaining == 2
    assert buckets.take("app", limit=3, now_seconds=1059.9).remaining == -1
    assert buckets.take("app", limit=3, now_seconds=1060).remaining == 2
