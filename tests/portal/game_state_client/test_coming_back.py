"""A line that is lost, refused or told to come back later; and what ends a session for good."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from portal.game_state_client import SessionOver, StateRefused, Status
from portal.game_state_client.lines import NotOpened
from portal.game_state_client.timing import Backoff
from tests.doubles.game_state_line import refuse, settle
from tests.portal.game_state_client.table import Table, at_a_table


def given_by(source: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    """Return a function of asyncio that gives what a plain one gives."""

    async def give() -> str:
        return source()

    return give


def test_g3_after_a_lost_line_the_client_comes_back_with_the_full_state() -> None:
    async def work(table: Table) -> None:
        await table.connect({"score": 0, "map": "Harbour"})
        table.portal.line.hang_up(1006)
        await settle()
        assert table.client.status is Status.WAITING
        table.client.set("score", 5)
        assert table.client.data["score"] == 5
        await table.pass_time(2)
        assert table.client.status is Status.CONNECTED
        assert table.portal.kinds == ["connect", "connect"]
        assert table.portal.messages[1]["data"] == {"score": 5, "map": "Harbour"}
        await table.pass_time(5)
        assert table.portal.kinds == ["connect", "connect"], "nothing is sent twice"

    at_a_table(work)


def test_g3_told_to_reconnect_it_waits_the_milliseconds_that_it_was_told() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.portal.line.say(type="reconnect", milliseconds=3400)
        began = table.clock.time
        await settle()
        assert table.client.status is Status.WAITING
        assert table.portal.line.closed is not None
        await table.pass_time(10)
        assert table.portal.opened[1] == pytest.approx(began + 3.4)
        assert table.portal.kinds == ["connect", "connect"]

    at_a_table(work)


def test_g3_told_so_instead_of_being_connected_it_waits_too() -> None:
    async def work(table: Table) -> None:
        table.portal.answers = [lambda line: (line.say(type="reconnect", milliseconds=5000), line.hang_up(1013))[0]]
        await table.while_time_passes(table.client.connect({}), 10)
        assert table.portal.opened[1] - table.portal.opened[0] == pytest.approx(5)

    at_a_table(work)


def test_waits_double_up_to_a_minute_and_each_has_some_chance_in_it() -> None:
    draws: Iterator[float] = iter([0.0, 1.0, 0.5, *[1.0] * 6])
    waits = Backoff(lambda: next(draws))
    assert [waits.next() for _failure in range(9)] == [0.5, 2, 3, 8, 16, 32, 60, 60, 60]


def test_while_the_portal_is_away_it_tries_again_and_a_steady_line_begins_the_waits_anew() -> None:
    async def work(table: Table) -> None:
        table.portal.away = [NotOpened("away")] * 3
        await table.while_time_passes(table.client.connect({}), 10)
        opened = table.portal.opened
        assert [later - earlier for earlier, later in itertools.pairwise(opened)] == [1, 2, 4]
        table.portal.line.hang_up(1011)
        began = table.clock.time
        await table.pass_time(9)  # connected for a moment only: the waits go on
        assert opened[4] - began == pytest.approx(8)
        await table.pass_time(60)
        table.portal.line.hang_up(1011)
        began = table.clock.time
        await table.pass_time(5)
        assert opened[5] - began == pytest.approx(1)

    at_a_table(work)


def test_a_full_gateway_is_asked_again_when_it_said_and_not_by_all_at_once() -> None:
    async def work(table: Table) -> None:
        table.portal.away = [NotOpened("full", retry_after=7)]
        await table.while_time_passes(table.client.connect({}), 10)
        assert table.portal.opened[1] - table.portal.opened[0] == 7 + 1

    at_a_table(work)


def test_a_wrong_address_is_told_at_once_but_not_held_against_one_that_was_right() -> None:
    async def work(table: Table) -> None:
        table.portal.away = [NotOpened("HTTP 404", lasting=True)]
        with pytest.raises(SessionOver, match="HTTP 404"):
            await table.client.connect({})
        assert table.client.status is Status.DISCONNECTED

    async def later(table: Table) -> None:
        await table.connect()
        table.portal.away = [NotOpened("HTTP 404", lasting=True)]
        table.portal.line.hang_up(1012)
        await table.pass_time(10)
        assert table.client.status is Status.CONNECTED

    at_a_table(work)
    at_a_table(later)


def test_connecting_is_given_up_by_cancelling_and_may_be_tried_anew() -> None:
    async def work(table: Table) -> None:
        table.portal.away = [NotOpened("away")] * 100
        connecting = asyncio.ensure_future(table.client.connect({}))
        await table.pass_time(30)
        assert not connecting.done()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert table.client.status is Status.NOT_CONNECTED
        table.portal.away = []
        await table.connect()

    at_a_table(work)


@pytest.mark.parametrize(
    ("code", "close"),
    [
        ("scope_missing", 4004),
        ("token_prefixed", 4004),
        ("token_unknown", 4004),
        ("game_not_allowed", 4005),
        ("broadcaster_not_linked", 4005),
        ("replaced", 4006),
        ("dropped", 4007),
    ],
)
def test_g2_what_is_refused_for_good_ends_the_session_with_the_reason(code: str, close: int) -> None:
    async def at_once(table: Table) -> None:
        table.portal.answers = [refuse(code, close)]
        with pytest.raises(SessionOver, match=f"It is refused: {code}"):
            await table.client.connect({})
        await over(table)

    async def later(table: Table) -> None:
        await table.connect()
        flushing = asyncio.ensure_future(table.client.flush())
        refuse(code, close)(table.portal.line)
        await table.pass_time(300)
        with pytest.raises(SessionOver, match=code):
            flushing.result()
        await over(table)

    async def without_words(table: Table) -> None:
        await table.connect()
        table.portal.line.hang_up(close)
        await table.pass_time(300)
        assert table.client.status is Status.DISCONNECTED
        assert len(table.portal.opened) == 1

    async def over(table: Table) -> None:
        assert table.client.status is Status.DISCONNECTED
        assert table.client.over is not None
        assert table.client.over.code == code
        with pytest.raises(SessionOver, match=code):
            table.client.set("score", 1)
        await table.pass_time(300)
        assert len(table.portal.opened) == 1

    for each in (at_once, later, without_words):
        at_a_table(each)


@pytest.mark.parametrize("code", ["bad_field", "wrong_version", "connect_too_large", "state_too_large"])
def test_a_connect_that_is_refused_with_the_line_left_open_is_not_sent_again(code: str) -> None:
    async def work(table: Table) -> None:
        table.portal.answers = [refuse(code)]
        with pytest.raises(SessionOver, match=code):
            await table.client.connect({})
        assert len(table.portal.opened) == 1

    at_a_table(work)


@pytest.mark.parametrize(("code", "close"), [("idle", 4002), ("rate_limited", 4003), ("no_connect", 4001), ("", 4008)])
def test_what_passes_is_tried_again(code: str, close: int) -> None:
    async def work(table: Table) -> None:
        table.portal.answers = [refuse(code, close) if code else lambda line: line.hang_up(close)]
        await table.while_time_passes(table.client.connect({}), 5)
        refuse(code, close)(table.portal.line)
        await table.pass_time(5)
        assert table.client.status is Status.CONNECTED
        assert len(table.portal.opened) == 3

    at_a_table(work)


def test_a_portal_that_does_not_answer_is_hung_up_on() -> None:
    async def work(table: Table) -> None:
        table.portal.answers = [lambda line: None]
        await table.while_time_passes(table.client.connect({}), 30)
        assert table.portal.lines[0].closed is not None

    at_a_table(work)


def test_g2_a_token_that_has_expired_is_asked_for_anew() -> None:
    tokens = iter(["first", "second", "third"])

    async def work(table: Table) -> None:
        table.portal.answers = [refuse("token_expired", 4004)]
        await table.while_time_passes(table.client.connect({"score": 1}), 5)
        refuse("token_expired", 4004)(table.portal.line)
        await table.pass_time(5)
        assert [message["token"] for message in table.portal.messages] == ["first", "second", "third"]
        assert table.client.status is Status.CONNECTED
        table.portal.line.hang_up(1006)
        await table.pass_time(5)
        assert table.portal.messages[-1]["token"] == "third", "a good token is used on"

    at_a_table(work, token=given_by(lambda: next(tokens)))


def test_g2_a_function_that_is_not_of_asyncio_is_asked_in_a_thread() -> None:
    asked_in: list[str] = []

    def token() -> str:
        asked_in.append(threading.current_thread().name)
        return "from-afar"

    async def work(table: Table) -> None:
        await table.client.connect({})
        assert table.portal.messages[0]["token"] == "from-afar"
        assert asked_in != [threading.current_thread().name]

    at_a_table(work, token=token)


def test_g2_two_tokens_refused_one_after_the_other_end_the_session() -> None:
    async def work(table: Table) -> None:
        table.portal.answers = [refuse("token_revoked", 4004), refuse("token_revoked", 4004)]
        with pytest.raises(SessionOver, match="token_revoked"):
            await table.while_time_passes(table.client.connect({}), 5)
        assert len(table.portal.messages) == 2

    at_a_table(work, token=given_by(lambda: "same-as-ever"))


def test_g2_a_token_service_that_is_away_is_waited_for_and_any_other_fault_is_told() -> None:
    answers: list[Any] = [ConnectionError("away"), TimeoutError("slow"), "abc"]

    def token() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    async def work(table: Table) -> None:
        await table.while_time_passes(table.client.connect({}), 5)
        assert table.portal.messages[0]["token"] == "abc"

    async def broken(table: Table) -> None:
        with pytest.raises(SessionOver, match="KeyError") as caught:
            await table.client.connect({})
        assert isinstance(caught.value.__cause__, KeyError)

    async def prefixed(table: Table) -> None:
        with pytest.raises(SessionOver, match="as it is") as caught:
            await table.client.connect({})
        assert isinstance(caught.value.__cause__, StateRefused)

    at_a_table(work, token=given_by(token))
    at_a_table(broken, token=given_by(lambda: {}["token"]))
    at_a_table(prefixed, token=given_by(lambda: "Bearer abc"))


def test_a_flush_over_a_lost_line_is_asked_for_again_on_the_next() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.portal.flushes_answered = False
        table.client.set("score", 1)
        flushing = asyncio.ensure_future(table.client.flush())
        await table.pass_time(3)
        table.portal.line.hang_up(1006)
        table.portal.flushes_answered = True
        await table.pass_time(5)
        assert flushing.result()
        assert table.portal.kinds == ["connect", "delta", "flush", "connect", "flush"]

    at_a_table(work)


def test_a_disconnect_over_a_lost_line_is_said_on_the_next_with_the_last_state() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.portal.line.hang_up(1006)
        await settle()
        table.client.set("score", 9)
        await table.while_time_passes(table.client.disconnect(), 10)
        assert table.portal.kinds == ["connect", "connect", "disconnect"]
        assert table.portal.messages[1]["data"] == {"score": 9}
        assert table.client.over is not None
        assert table.client.over.code == "disconnected"

    at_a_table(work)


def test_a_disconnect_of_which_the_portal_says_nothing_is_said_again() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        disconnecting = asyncio.ensure_future(table.client.disconnect())
        await table.pass_time(0.5)
        table.portal.line.hang_up(1006)
        await table.pass_time(10)
        assert disconnecting.done()
        assert table.portal.kinds == ["connect", "connect", "disconnect"]

    at_a_table(work)


def test_a_disconnect_that_cannot_be_said_does_not_keep_the_game_waiting() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.portal.away = [NotOpened("away")] * 100
        table.portal.line.hang_up(1006)
        await table.while_time_passes(table.client.disconnect(seconds=20), 20)
        assert table.client.status is Status.DISCONNECTED

    at_a_table(work)


def test_after_a_message_was_refused_the_next_change_brings_the_full_state() -> None:
    async def work(table: Table) -> None:
        await table.connect({"score": 0, "map": "Harbour"})
        table.client.set("score", 1)
        await table.pass_time(2)
        table.portal.line.say(type="error", code="bad_patch", message="It does not apply.")
        await table.pass_time(5)
        table.client.set("score", 2)
        await table.pass_time(2)
        assert table.portal.messages[2:] == [{"type": "refresh", "data": {"score": 2, "map": "Harbour"}}]
        assert table.client.status is Status.CONNECTED

    at_a_table(work)
