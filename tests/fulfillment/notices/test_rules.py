"""Which moves of a claim are news, as a table; waits and windows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fulfillment.rules.codes import Code
from fulfillment.rules.notices import (
    GROUP_OF,
    MAIL_AFTER,
    Group,
    Kind,
    kind_of_move,
    mail_retry_after,
    reminder_window,
)
from fulfillment.rules.states import MOVES, State

TOLD = {
    State.READY: Kind.ON_ITS_WAY,
    State.DELIVERED: Kind.DELIVERED,
    State.WAITING: Kind.ATTENTION,
    State.HELD: Kind.ATTENTION,
    State.FAILED: Kind.ATTENTION,
    State.ABANDONED: Kind.ATTENTION,
}
NOT_TOLD = {
    (State.DELIVERING, State.READY),  # it waits for another attempt
    (State.DELIVERED, State.READY),  # staff have it sent once more
    (State.CONFIRMED, State.READY),
}


@pytest.mark.parametrize("before", list(State))
def test_f3_every_permitted_move_is_told_as_what_it_leads_to_or_not_at_all(before: State) -> None:
    for after in MOVES[before]:
        expected = None if (before, after) in NOT_TOLD else TOLD.get(after)
        assert kind_of_move(before, after, Code.DUE) is expected, after


def test_f8_nobody_is_told_that_they_were_erased() -> None:
    assert kind_of_move(State.WAITING, State.ABANDONED, Code.ERASED) is None


def test_every_kind_that_goes_by_mail_has_a_switch_and_a_wait() -> None:
    assert set(GROUP_OF) == set(MAIL_AFTER) == set(Kind) - {Kind.ELIGIBLE}
    assert set(GROUP_OF.values()) == set(Group)


def test_an_email_is_tried_again_after_growing_waits_and_not_for_ever() -> None:
    waits = [mail_retry_after(attempts) for attempts in range(1, 7)]
    assert waits == sorted(waits, key=lambda wait: wait or timedelta.max)
    assert waits[0] == timedelta(minutes=1)
    assert mail_retry_after(7) is None


@pytest.mark.parametrize(
    ("left", "window"),
    [
        (timedelta(hours=72, seconds=1), None),
        (timedelta(hours=72), "72h"),
        (timedelta(hours=24, seconds=1), "72h"),
        (timedelta(hours=24), "24h"),
        (timedelta(seconds=1), "24h"),
        (timedelta(0), None),
    ],
)
def test_c10_a_moment_is_in_the_narrowest_window_before_the_closing(left: timedelta, window: str | None) -> None:
    assert reminder_window(left) == window
