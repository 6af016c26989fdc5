"""R3: what is still missing for a reward, and which comes next."""

from __future__ import annotations

import pytest

from campaigns.rules.earning import Goal, minutes_left, next_goal, open_requirements, percent

CHAIN = {"gold": "silver", "silver": "bronze", "bronze": None, "hat": None}


@pytest.mark.parametrize(
    ("reward", "earned", "missing"),
    [
        ("hat", set(), ["hat"]),
        ("hat", {"hat"}, []),
        ("gold", set(), ["bronze", "silver", "gold"]),
        ("gold", {"gold"}, ["bronze", "silver"]),
        ("gold", {"gold", "silver"}, ["bronze"]),
        ("gold", {"gold", "bronze"}, ["silver"]),
        ("gold", {"gold", "silver", "bronze"}, []),
        ("silver", {"silver", "bronze"}, []),
    ],
)
def test_a_reward_is_open_until_it_and_all_it_requires_are_earned(
    reward: str, earned: set[str], missing: list[str]
) -> None:
    assert open_requirements(reward, requires=CHAIN, earned=earned) == missing


def test_rewards_that_require_each_other_are_looked_at_once() -> None:
    circle = {"a": "b", "b": "c", "c": "a"}
    assert open_requirements("a", requires=circle, earned=set()) == ["c", "b", "a"]
    assert open_requirements("a", requires=circle, earned={"a", "b", "c"}) == []


def test_a_reward_that_requires_itself_or_nothing_known_is_no_riddle() -> None:
    assert open_requirements("a", requires={"a": "a"}, earned={"a"}) == []
    assert open_requirements("a", requires={}, earned={"a"}) == []


@pytest.mark.parametrize(("needed", "done", "left"), [(60, 0, 60), (60, 59, 1), (60, 60, 0), (60, 61, 0)])
def test_minutes_left_are_never_negative(needed: int, done: int, left: int) -> None:
    assert minutes_left(needed, done) == left


@pytest.mark.parametrize(
    ("needed", "done", "share"), [(60, 0, 0), (60, 30, 50), (1000, 999, 99), (60, 60, 100), (60, 90, 100), (0, 0, 100)]
)
def test_a_hundred_per_cent_says_that_nothing_is_missing(needed: int, done: int, share: int) -> None:
    assert percent(needed, done) == share


def test_the_next_goal_is_the_one_that_least_is_missing_for() -> None:
    far = Goal(reward_id="far", needed_minutes=240, done_minutes=50)
    near = Goal(reward_id="near", needed_minutes=60, done_minutes=50)
    done = Goal(reward_id="done", needed_minutes=30, done_minutes=50, earned=True)
    assert next_goal([far, done, near]) is near
    assert near.left == 10
    assert done.left == 0


def test_nothing_comes_next_where_everything_is_earned() -> None:
    assert next_goal([Goal(reward_id="a", needed_minutes=1, done_minutes=1, earned=True)]) is None
    assert next_goal([]) is None
