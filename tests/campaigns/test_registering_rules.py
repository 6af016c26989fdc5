"""What a registration needs next and what becomes of it (L9, L10), as tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.models import RegisteredIdentifier
from campaigns.rules.registering import (
    CHECK_EVERY,
    JITTER,
    MOST_REMOVALS,
    VALIDATE_EVERY,
    WAITS,
    Change,
    Facts,
    Outcome,
    State,
    Step,
    after,
    due_next,
    next_step,
    wait_after,
)
from tests.factories import NOW

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def least() -> float:
    return 0.0


def facts(state: State = State.WANTED, **known: Any) -> Facts:
    return Facts(**{"state": state, "has_access": True, "has_refresh": True, "expires_at": NOW + HOUR, **known})


def test_the_states_are_those_that_are_stored() -> None:
    assert [state.value for state in State] == list(RegisteredIdentifier.State.values)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (facts(), Step.REGISTER),
        (facts(expires_at=None), Step.REGISTER),
        (facts(has_refresh=False), Step.REGISTER),
        (facts(expires_at=NOW), Step.REFRESH),
        (facts(expires_at=NOW + timedelta(seconds=60)), Step.REFRESH),
        (facts(expires_at=NOW + timedelta(seconds=61)), Step.REGISTER),
        (facts(has_access=False), Step.REFRESH),
        (facts(has_access=False, has_refresh=False), Step.LAPSE),
        (facts(expires_at=NOW, has_refresh=False), Step.LAPSE),
        (facts(State.UNWANTED), Step.REMOVE),
        (facts(State.UNWANTED, expires_at=NOW), Step.REFRESH),
        (facts(State.UNWANTED, expires_at=NOW, has_refresh=False), Step.FINISH),
        (facts(State.UNWANTED, has_access=False, has_refresh=False), Step.FINISH),
        (facts(State.LAPSED, has_access=False, has_refresh=False), Step.NOTHING),
        (facts(State.REGISTERED), Step.VALIDATE),
        (facts(State.REGISTERED, validated_at=NOW - HOUR, checked_at=NOW), Step.VALIDATE),
        (facts(State.REGISTERED, validated_at=NOW - 53 * MINUTE), Step.CHECK),
        (facts(State.REGISTERED, validated_at=NOW, checked_at=NOW - DAY), Step.CHECK),
        (facts(State.REGISTERED, validated_at=NOW, checked_at=NOW - HOUR), Step.NOTHING),
        (facts(State.REGISTERED, validated_at=NOW, checked_at=NOW, expires_at=NOW), Step.REFRESH),
        (facts(State.REGISTERED, expires_at=NOW, has_refresh=False), Step.LAPSE),
    ],
)
def test_the_next_step(known: Facts, step: Step) -> None:
    assert next_step(known, now=NOW) == step


@pytest.mark.parametrize(
    ("known", "step", "outcome", "change"),
    [
        # registering
        (
            facts(validated_at=NOW, attempts=3),
            Step.REGISTER,
            Outcome.DONE,
            Change(state=State.REGISTERED, due_at=NOW + VALIDATE_EVERY, registered=True, checked=True),
        ),
        (
            facts(),
            Step.REGISTER,
            Outcome.FAILED,
            Change(state=State.WANTED, due_at=NOW + MINUTE, attempts=1),
        ),
        (
            facts(),
            Step.REGISTER,
            Outcome.TOKEN_DEAD,
            Change(state=State.WANTED, due_at=NOW, attempts=1, token_dead=True),
        ),
        (
            facts(attempts=1),
            Step.REGISTER,
            Outcome.TOKEN_DEAD,
            Change(state=State.WANTED, due_at=NOW + MINUTE, attempts=2, token_dead=True),
        ),
        (facts(), Step.REGISTER, Outcome.NO_PERMISSION, Change(state=State.LAPSED, due_at=None, drop_tokens=True)),
        (
            facts(attempts=1),
            Step.REFRESH,
            Outcome.DONE,
            Change(state=State.WANTED, due_at=NOW, attempts=1, validated=True),
        ),
        (facts(), Step.REFRESH, Outcome.CONSENT_GONE, Change(state=State.LAPSED, due_at=None, drop_tokens=True)),
        (facts(), Step.LAPSE, Outcome.DONE, Change(state=State.LAPSED, due_at=None, drop_tokens=True)),
        # keeping up
        (
            facts(State.REGISTERED, checked_at=NOW - HOUR),
            Step.VALIDATE,
            Outcome.DONE,
            Change(state=State.REGISTERED, due_at=NOW + VALIDATE_EVERY, validated=True),
        ),
        (
            facts(State.REGISTERED, validated_at=NOW - 30 * MINUTE),
            Step.CHECK,
            Outcome.DONE,
            Change(state=State.REGISTERED, due_at=NOW + 30 * MINUTE, checked=True),
        ),
        (
            facts(State.REGISTERED, validated_at=NOW),
            Step.CHECK,
            Outcome.RENEWED,
            Change(state=State.REGISTERED, due_at=NOW + VALIDATE_EVERY, registered=True, checked=True),
        ),
        (
            facts(State.REGISTERED, validated_at=NOW, checked_at=NOW - HOUR, attempts=1),
            Step.NOTHING,
            Outcome.DONE,
            Change(state=State.REGISTERED, due_at=NOW + VALIDATE_EVERY),
        ),
        (
            facts(State.REGISTERED, attempts=1),
            Step.VALIDATE,
            Outcome.FAILED,
            Change(state=State.REGISTERED, due_at=NOW + 5 * MINUTE, attempts=2),
        ),
        # removing
        (
            facts(State.UNWANTED),
            Step.REMOVE,
            Outcome.DONE,
            Change(state=State.UNWANTED, due_at=None, checked=True, drop_tokens=True),
        ),
        (
            facts(State.UNWANTED),
            Step.REMOVE,
            Outcome.NO_PERMISSION,
            Change(state=State.UNWANTED, due_at=None, checked=True, drop_tokens=True),
        ),
        (
            facts(State.UNWANTED),
            Step.REFRESH,
            Outcome.CONSENT_GONE,
            Change(state=State.UNWANTED, due_at=None, checked=True, drop_tokens=True),
        ),
        (
            facts(State.UNWANTED, attempts=MOST_REMOVALS - 2),
            Step.REMOVE,
            Outcome.FAILED,
            Change(state=State.UNWANTED, due_at=NOW + WAITS[-1], attempts=MOST_REMOVALS - 1),
        ),
        (
            facts(State.UNWANTED, attempts=MOST_REMOVALS - 1),
            Step.REMOVE,
            Outcome.FAILED,
            Change(state=State.UNWANTED, due_at=None, checked=True, drop_tokens=True),
        ),
        # nothing is asked of a lapsed one
        (
            facts(State.LAPSED, has_access=False),
            Step.NOTHING,
            Outcome.DONE,
            Change(state=State.LAPSED, due_at=None, drop_tokens=True),
        ),
    ],
)
def test_what_becomes_of_it(known: Facts, step: Step, outcome: Outcome, change: Change) -> None:
    assert after(known, step, outcome, now=NOW, random=least) == change


def test_waits_grow_to_half_a_day_and_nothing_but_removal_is_ever_given_up() -> None:
    waits = [wait_after(attempts, random=least) for attempts in range(1, 8)]
    assert waits == [*WAITS, WAITS[-1]] and waits == sorted(waits)
    change = after(facts(attempts=500), Step.REGISTER, Outcome.FAILED, now=NOW, random=least)
    assert (change.state, change.due_at) == (State.WANTED, NOW + WAITS[-1])
    assert sum(WAITS, timedelta()) < DAY, "a token that is to be removed is gone within a day"


def test_what_only_mending_helps_is_not_asked_every_minute() -> None:
    assert wait_after(1, permanent=True, random=least) == HOUR
    assert wait_after(6, permanent=True, random=least) == WAITS[-1]


@pytest.mark.parametrize(("asked", "waited"), [(7, 60), (90, 90), (86400, 86400)])
def test_a_wait_is_never_shorter_than_the_platform_asks_for(asked: int, waited: int) -> None:
    wait = wait_after(1, retry_after=timedelta(seconds=asked), random=least)
    assert wait == timedelta(seconds=waited)


def test_what_began_together_does_not_return_together_and_never_later_than_the_hour() -> None:
    assert wait_after(1, random=lambda: 1.0) == MINUTE * (1 + JITTER)
    early = due_next(NOW, NOW, now=NOW, random=lambda: 1.0)
    assert early == NOW + VALIDATE_EVERY * (1 - JITTER)
    assert due_next(NOW, NOW, now=NOW, random=least) == NOW + VALIDATE_EVERY


@pytest.mark.parametrize("random", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("age", [timedelta(0), 53 * MINUTE, HOUR, DAY])
def test_what_is_due_has_a_step_when_its_time_comes(random: float, age: timedelta) -> None:
    validated, checked = NOW - age, NOW - CHECK_EVERY + HOUR
    due: datetime = due_next(validated, checked, now=NOW, random=lambda: random)
    assert due >= NOW
    known = facts(State.REGISTERED, validated_at=validated, checked_at=checked, expires_at=None)
    assert next_step(known, now=due) in (Step.VALIDATE, Step.CHECK)
