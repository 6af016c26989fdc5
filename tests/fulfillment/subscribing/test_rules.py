"""What a subscription needs next, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fulfillment.models import PlatformSubscription
from fulfillment.rules.subscribing import (
    LOOK_AGAIN,
    LOOK_EVERY,
    SETTLE,
    WAITS,
    Facts,
    State,
    Step,
    has_just_ended,
    is_steady,
    look_next,
    next_step,
    wait_after_end,
    wait_after_failure,
    wait_after_outage,
    would_meet_all,
)
from portal.platforms.subscriptions import Standing
from tests.factories import NOW

LONG_AGO = NOW - timedelta(days=1)
M, P, E, X, R = State.MISSING, State.PENDING, State.ENABLED, State.ENDED, State.REFUSED

TABLE = [
    # here, made with what is valid now, failures in a row, found there → step
    (M, True, 0, None, Step.CREATE),
    (M, False, 0, None, Step.CREATE),
    (M, True, 0, P, Step.KEEP),
    (M, True, 0, E, Step.KEEP),
    (M, False, 0, E, Step.RENEW),
    (M, True, 0, X, Step.RENEW),
    (P, True, 0, P, Step.KEEP),
    (P, True, 0, E, Step.KEEP),
    (P, False, 0, P, Step.RENEW),
    (P, True, 0, X, Step.RENEW),
    (P, True, 1, X, Step.END),
    (P, True, 0, None, Step.RENEW),
    (E, True, 0, E, Step.KEEP),
    (E, True, 7, E, Step.KEEP),
    (E, False, 0, E, Step.RENEW),
    (E, True, 0, X, Step.RENEW),
    (E, True, 1, X, Step.END),
    (E, True, 0, None, Step.RENEW),
    (E, True, 3, None, Step.END),
    (X, True, 5, X, Step.RENEW),
    (X, True, 5, None, Step.CREATE),
    (X, True, 5, E, Step.KEEP),
    (X, False, 5, E, Step.RENEW),
    (R, True, 2, None, Step.CREATE),
    (R, False, 2, None, Step.CREATE),
    (R, True, 2, E, Step.KEEP),
    (R, True, 2, X, Step.RENEW),
]


@pytest.mark.parametrize(("state", "fits", "attempts", "found", "step"), TABLE)
def test_what_is_due_gets_what_it_needs(
    state: State, fits: bool, attempts: int, found: State | None, step: Step
) -> None:
    facts = Facts(wanted=True, state=state, fits=fits, attempts=attempts, asked_at=LONG_AGO)
    assert next_step(facts, found, now=NOW) == step


@pytest.mark.parametrize("found", [None, *State])
@pytest.mark.parametrize("state", list(State))
def test_what_is_not_wanted_is_removed_however_it_stands(state: State, found: State | None) -> None:
    facts = Facts(wanted=False, state=state, fits=True, asked_at=NOW)
    assert next_step(facts, found, now=NOW) == Step.REMOVE


@pytest.mark.parametrize("state", [M, P, E, X])
def test_what_was_just_asked_for_and_is_not_listed_yet_is_not_asked_for_again(state: State) -> None:
    facts = Facts(wanted=True, state=state, fits=True, asked_at=NOW - SETTLE + timedelta(seconds=1))
    assert next_step(facts, None, now=NOW) == Step.WAIT
    assert next_step(facts, None, now=NOW + timedelta(seconds=1)) != Step.WAIT


def test_what_was_refused_was_answered_and_can_be_asked_for_again_at_once() -> None:
    assert next_step(Facts(wanted=True, state=R, fits=True, asked_at=NOW), None, now=NOW) == Step.CREATE


def test_only_what_was_at_work_can_end() -> None:
    ended = {state for state in State if has_just_ended(Facts(wanted=True, state=state, fits=True), None)}
    assert ended == {P, E}
    assert not has_just_ended(Facts(wanted=True, state=E, fits=True), E)
    assert not has_just_ended(Facts(wanted=False, state=E, fits=True), X)


def test_the_first_end_is_mended_at_once_and_each_further_one_later() -> None:
    assert [wait_after_end(attempts) for attempts in range(1, 9)] == [timedelta(), *WAITS, WAITS[-1], WAITS[-1]]


def test_failures_wait_longer_each_time_and_never_for_ever() -> None:
    waits = [wait_after_failure(attempts, random=lambda: 0.0) for attempts in range(1, 9)]
    assert waits == [*WAITS, WAITS[-1], WAITS[-1], WAITS[-1]]
    assert wait_after_failure(1, random=lambda: 1.0) == WAITS[0] * 1.1
    assert wait_after_failure(1, random=lambda: 0.0, permanent=True) == WAITS[-1]
    assert wait_after_failure(1, random=lambda: 0.0, retry_after=timedelta(hours=9)) == timedelta(hours=9)


def test_a_platform_that_is_away_is_asked_again_within_minutes() -> None:
    assert [wait_after_outage(failures, retry_after=None) for failures in (0, 1, 2, 50)] == [
        timedelta(minutes=1),
        timedelta(minutes=1),
        timedelta(minutes=5),
        LOOK_EVERY,
    ]
    assert wait_after_outage(1, retry_after=timedelta(hours=1)) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("reason", "status", "all_alike"),
    [
        ("status", 400, False),
        ("status", 401, True),
        ("status", 403, False),
        ("status", 429, True),
        ("status", 500, False),
        ("answer", None, False),
        ("full", None, False),
        ("declined", None, False),
        ("timed_out", None, True),
        ("dns", None, True),
        ("paused", None, True),
        ("slow", None, True),
    ],
)
def test_it_is_known_which_failures_any_other_would_meet(reason: str, status: int | None, all_alike: bool) -> None:
    assert would_meet_all(reason, status) is all_alike


def test_those_at_work_are_looked_at_together() -> None:
    moments = [NOW + timedelta(seconds=second) for second in range(0, 3600, 7)]
    nexts = [look_next(E, now=moment, asked_at=None, share=0.3) for moment in moments]
    assert len(set(nexts)) == 7
    gaps = [after - moment for after, moment in zip(nexts, moments, strict=True)]
    assert min(gaps) >= LOOK_EVERY / 10 and max(gaps) <= LOOK_EVERY * 1.1
    other = look_next(E, now=NOW, asked_at=None, share=0.8)
    assert other != nexts[0] and (other - datetime(1970, 1, 1, tzinfo=UTC)) % LOOK_EVERY == LOOK_EVERY * 0.8


def test_what_waits_for_its_check_is_looked_at_in_seconds_and_later_in_minutes() -> None:
    assert look_next(P, now=NOW, asked_at=NOW, share=0.0) == NOW + LOOK_AGAIN
    assert look_next(P, now=NOW, asked_at=LONG_AGO, share=0.0) == NOW + timedelta(minutes=1)


def test_failures_are_forgotten_after_an_hour_at_work() -> None:
    assert not is_steady(None, now=NOW)
    assert not is_steady(NOW - timedelta(minutes=59), now=NOW)
    assert is_steady(NOW - timedelta(hours=1), now=NOW)


def test_the_states_are_those_of_the_rows_and_hold_what_platforms_say() -> None:
    assert set(State) == set(PlatformSubscription.State.values)
    assert {standing.value for standing in Standing} <= set(State)
