"""The client's states, its rate, and how it keeps a silent line open: by the guide, in no time."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest

from portal.game_state_client import AlreadyConnected, NotConnected, SessionOver, StateRefused, Status
from tests.doubles.game_state_line import settle
from tests.portal.game_state_client.table import Table, at_a_table


def test_before_connect_everything_else_is_refused() -> None:
    async def work(table: Table) -> None:
        client = table.client
        assert client.status is Status.NOT_CONNECTED
        for deed in (
            lambda: client.set("a", 1),
            lambda: client.update({}),
            lambda: client.remove("a"),
            lambda: client.data,
        ):
            with pytest.raises(NotConnected, match="call connect"):
                deed()
        for waiting in (client.flush, client.disconnect):
            with pytest.raises(NotConnected):
                await waiting()
        assert table.portal.opened == []

    at_a_table(work)


def test_connect_sends_the_full_state_and_everything_that_names_the_session() -> None:
    async def work(table: Table) -> None:
        await table.connect({"boss": {"state": "asleep"}})
        assert table.client.status is Status.CONNECTED
        assert table.portal.messages == [
            {
                "type": "connect",
                "version": 1,
                "token": "abc",
                "game_id": "01M8A30C2DKW0V2DQ6JCADV3VN",
                "session_id": "match",
                "broadcaster_ids": ["twitch:1"],
                "data": {"boss": {"state": "asleep"}},
            }
        ]
        assert table.client.session == "01M8ADFD2D4WTTCCQTYVJK85DP"
        assert table.client.broadcasters == {"twitch:1": "live"}
        assert table.client.live

    at_a_table(work)


def test_g2_with_a_players_token_no_broadcasters_are_named() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        assert "broadcaster_ids" not in table.portal.messages[0]

    at_a_table(work, broadcaster_ids=None)


def test_connect_is_called_once() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        with pytest.raises(AlreadyConnected):
            await table.client.connect({})

    at_a_table(work)


def test_a_state_that_would_be_refused_is_not_even_connected_with() -> None:
    async def work(table: Table) -> None:
        with pytest.raises(StateRefused):
            await table.client.connect({"n": float("nan")})
        assert table.client.status is Status.NOT_CONNECTED
        await table.connect({"n": 1})

    at_a_table(work)


@pytest.mark.parametrize("options", [{"token": "Bearer abc"}, {"session_id": ""}, {"broadcaster_ids": ["12345"]}])
def test_what_would_be_refused_makes_no_client(options: dict[str, Any]) -> None:
    with pytest.raises(StateRefused):
        Table(**options)


def test_g1_changes_within_a_second_are_merged_into_one_message() -> None:
    async def work(table: Table) -> None:
        await table.connect({"score": 0, "round": 1})
        for score in range(1, 30):
            table.client.set("score", score)
            await table.pass_time(0.03)
        table.client.set("round", 2)
        await table.pass_time(1)
        assert table.portal.messages[1:] == [{"type": "delta", "data": {"score": 29, "round": 2}}]

    at_a_table(work)


def test_g1_the_first_change_after_a_while_is_sent_at_once() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        await table.pass_time(30)
        table.client.set("score", 1)
        await settle()
        assert table.portal.times[1] == table.clock.time

    at_a_table(work)


def test_g1_a_game_that_never_rests_keeps_a_second_between_messages_and_sixty_in_any_clock_minute() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        for step in range(1, 4 * 300):
            table.client.set("score", step)
            if step % 40 == 0:
                asked = asyncio.ensure_future(table.client.flush())
            await table.pass_time(0.25)
        await table.pass_time(3)
        assert asked.done()
        times = table.portal.times
        assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 1
        for shift in range(60):
            assert max(Counter((time + shift) // 60 for time in times).values()) <= 60
        assert table.portal.messages[-1] in ({"type": "flush"}, {"type": "delta", "data": {"score": 1199}})
        assert "refresh" not in table.portal.kinds, "a line that is not silent needs none"

    at_a_table(work)


@pytest.mark.parametrize(("idle_seconds", "at_most"), [(195, 180), (60, 56), (10, 9.5)])
def test_g1_a_silent_line_is_refreshed_before_it_is_closed(idle_seconds: int, at_most: float) -> None:
    async def work(table: Table) -> None:
        await table.connect({"score": 7})
        await table.pass_time(idle_seconds * 4)
        assert table.portal.kinds[:4] == ["connect", "refresh", "refresh", "refresh"]
        assert table.portal.messages[1]["data"] == {"score": 7}
        times = table.portal.times
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert at_most - 2 < max(gaps) <= at_most

    at_a_table(work, idle_seconds=idle_seconds)


def test_while_no_broadcaster_is_live_only_the_line_is_kept_open_and_all_comes_when_one_is() -> None:
    async def work(table: Table) -> None:
        await table.connect({"score": 0})
        for score in range(1, 400):
            table.client.set("score", score)
            await table.pass_time(1)
        assert table.portal.messages[1:] == [{"type": "delta", "data": {}}] * 2
        table.portal.go_live()
        await settle()
        assert table.client.live
        assert table.portal.messages[3:] == [{"type": "delta", "data": {"score": 399}}]
        table.portal.line.say(type="live", broadcasters={"twitch:1": "offline"})
        table.client.set("score", 400)
        await table.pass_time(5)
        assert not table.client.live
        assert len(table.portal.messages) == 4

    at_a_table(work, live=False)


def test_a_flush_brings_what_changed_first_and_returns_the_revision() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.client.set("score", 1)
        assert await table.while_time_passes(table.client.flush(), 3) == 3
        assert table.portal.kinds == ["connect", "delta", "flush"]

    at_a_table(work)


@pytest.mark.parametrize("live", [True, False])
def test_a_flush_is_sent_though_nobody_is_live(live: bool) -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.client.set("score", 1)
        await table.while_time_passes(table.client.flush(), 3)
        assert table.portal.kinds == ["connect", "delta", "flush"]

    at_a_table(work, live=live)


def test_flushes_are_confirmed_in_their_order_and_those_of_one_second_together() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.portal.flushes_answered = False
        first, second = (asyncio.ensure_future(table.client.flush()) for _ in range(2))
        await table.pass_time(2)
        third = asyncio.ensure_future(table.client.flush())
        await table.pass_time(2)
        assert table.portal.kinds == ["connect", "flush", "flush"]
        table.portal.line.say(type="flushed", revision=5)
        await settle()
        assert (first.result(), second.result(), third.done()) == (5, 5, False)
        table.portal.line.say(type="flushed", revision=6)
        await settle()
        assert third.result() == 6

    at_a_table(work)


def test_disconnect_brings_the_last_changes_and_then_everything_is_over() -> None:
    async def work(table: Table) -> None:
        client = table.client
        await table.connect()
        client.set("score", 9)
        await table.while_time_passes(client.disconnect(), 5)
        assert table.portal.messages[1:] == [{"type": "delta", "data": {"score": 9}}, {"type": "disconnect"}]
        assert client.status is Status.DISCONNECTED
        assert client.over is not None
        assert client.over.code == "disconnected"
        with pytest.raises(SessionOver, match="disconnected"):
            client.set("score", 10)
        with pytest.raises(SessionOver):
            await client.flush()
        with pytest.raises(SessionOver):
            await client.connect({})
        await client.disconnect()

    at_a_table(work)


def test_a_context_manager_disconnects() -> None:
    async def work(table: Table) -> None:
        async def match() -> None:
            async with table.client as client:
                await client.connect({})

        await table.while_time_passes(match(), 5)
        assert table.portal.kinds == ["connect", "disconnect"]

    at_a_table(work)


def test_messages_that_this_version_does_not_know_are_left_out() -> None:
    async def work(table: Table) -> None:
        await table.connect()
        table.portal.line.say(type="weather", rain=True)
        for text in ("no JSON", "[]", "null"):
            table.portal.line.say_text(text)
        table.client.set("score", 1)
        await table.pass_time(2)
        assert table.client.status is Status.CONNECTED
        assert table.portal.kinds == ["connect", "delta"]

    at_a_table(work)


def test_what_is_read_of_the_client_is_a_copy() -> None:
    async def work(table: Table) -> None:
        await table.connect({"boss": {"state": "asleep"}})
        table.client.data["boss"]["state"] = "dead"
        assert table.client.data == {"boss": {"state": "asleep"}}

    at_a_table(work)
