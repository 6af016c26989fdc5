"""What a sweep does about a page that cannot be read, case by case (F7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.sweeping import (
    FIRST_WAIT,
    LONGEST_WAIT,
    OUTAGE_WAIT,
    REFUSED_WAIT,
    Failure,
    Next,
    after,
    says_nothing_of_the_page,
    wait_after,
)


def failure(**changed: Any) -> Failure:
    usual: dict[str, Any] = {
        "reason": "status",
        "status": 500,
        "attempts": 1,
        "size": 100,
        "page_size": 100,
        "at_start": False,
        "whole": True,
    }
    return Failure(**(usual | changed))


CASES = [
    ("a server error is tried again", {}, Next.AGAIN),
    ("and again", {"attempts": 3}, Next.AGAIN),
    ("the fourth time with fewer claims", {"attempts": 4}, Next.HALVE),
    ("of fewer the second time already", {"attempts": 2, "size": 50}, Next.HALVE),
    ("a single claim is tried twice", {"attempts": 1, "size": 1}, Next.AGAIN),
    ("then the platform is asked something else", {"attempts": 2, "size": 1}, Next.PROBE),
    ("a page that takes too long is no different", {"reason": "timed_out", "status": None, "attempts": 4}, Next.HALVE),
    ("nor one that is not understood", {"reason": "answer", "status": None, "attempts": 4}, Next.HALVE),
    ("one that is too long is halved at once", {"reason": "too_long", "status": None}, Next.HALVE),
    (
        "a single claim that is too long is gone round",
        {"reason": "too_long", "status": None, "size": 1, "attempts": 2},
        Next.PROBE,
    ),
    ("nobody there says nothing of the page", {"reason": "refused", "status": None, "attempts": 99}, Next.AGAIN),
    ("nor does a pause", {"reason": "paused", "status": None, "attempts": 99, "size": 1}, Next.AGAIN),
    ("nor too many calls", {"status": 429, "attempts": 99, "size": 1}, Next.AGAIN),
    ("an app that is refused waits for people", {"status": 401, "attempts": 99}, Next.AGAIN),
    ("of one game it may be meant", {"status": 403, "attempts": 2, "whole": False}, Next.PROBE),
    ("but is asked for again first", {"status": 403, "attempts": 1, "whole": False}, Next.AGAIN),
    ("a place that is not known any more: from the start", {"status": 400}, Next.FROM_THE_START),
    ("not for ever", {"status": 400, "attempts": 4}, Next.PROBE),
    ("a list that is refused itself", {"status": 400, "at_start": True, "attempts": 2, "size": 1}, Next.PROBE),
]


@pytest.mark.parametrize(("told", "changed", "expected"), CASES, ids=[case[0] for case in CASES])
def test_f7_what_follows_a_failure(told: str, changed: dict[str, Any], expected: Next) -> None:
    assert after(failure(**changed)) is expected


@given(
    reason=st.sampled_from(["status", "timed_out", "answer", "too_long"]),
    status=st.sampled_from([None, 400, 404, 500, 502, 503]),
    at_start=st.booleans(),
    whole=st.booleans(),
)
def test_f7_whatever_fails_for_ever_is_gone_round_in_the_end(
    reason: str, status: int | None, at_start: bool, whole: bool
) -> None:
    size, attempts = 100, 0
    for _step in range(60):
        attempts += 1
        decided = after(
            failure(reason=reason, status=status, attempts=attempts, size=size, at_start=at_start, whole=whole)
        )
        if decided is Next.PROBE:
            return
        if decided is Next.HALVE:
            size, attempts = max(size // 2, 1), 0
        if decided is Next.FROM_THE_START:
            at_start = True
    raise AssertionError("it is tried for ever")


def test_f7_waits_grow_to_five_minutes_and_no_further() -> None:
    waits = [wait_after(failure(attempts=attempts), asked_for=None) for attempts in range(1, 30)]
    assert waits[:3] == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert max(waits) == waits[-1] == LONGEST_WAIT


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"reason": "refused", "status": None, "attempts": 20}, OUTAGE_WAIT),
        ({"status": 403, "attempts": 20}, REFUSED_WAIT),
    ],
)
def test_f7_a_platform_that_is_away_is_asked_each_minute(changed: dict[str, Any], expected: timedelta) -> None:
    assert wait_after(failure(**changed), asked_for=None) == expected


def test_f7_the_wait_that_a_platform_asks_for_is_kept() -> None:
    assert wait_after(failure(status=429), asked_for=timedelta(minutes=17)) == timedelta(minutes=17)


@pytest.mark.parametrize("reason", ["dns", "refused", "tls", "broken", "paused"])
def test_f7_what_no_page_could_have_prevented_is_not_held_against_one(reason: str) -> None:
    assert says_nothing_of_the_page(failure(reason=reason, status=None))
    assert not says_nothing_of_the_page(failure(status=503))
