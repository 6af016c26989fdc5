"""The client for programs without asyncio: the same deeds from any thread, and an end that leaves no thread behind."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from portal.game_state_client import BlockingGameStateClient, NotConnected, SessionOver, StateRefused, Status
from portal.game_state_client.lines import NotOpened
from tests.doubles.game_state_line import LineInMemory, PortalInMemory, StandingClock


class NoWaiting(StandingClock):
    """A clock on which every wait is over at once, and long waits last until the end."""

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0 if seconds < 5 else 60)


class Portal(PortalInMemory):
    """Answers every line; none can be opened where it is ``gone``."""

    gone = False

    async def open(self, url: str) -> LineInMemory:
        if self.gone:
            raise NotOpened("gone")
        return await super().open(url)


@pytest.fixture
def portal() -> Portal:
    return Portal(NoWaiting())


def client_of(portal: Portal, **options: Any) -> BlockingGameStateClient:
    values: dict[str, Any] = {"game_id": "G", "session_id": "match", "token": "abc", "broadcaster_ids": ["twitch:1"]}
    return BlockingGameStateClient("ws://x", clock=portal.clock, opener=portal.open, **values | options)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "game state"]


def test_a_match_without_asyncio(portal: Portal) -> None:
    with client_of(portal) as client:
        assert client.status is Status.NOT_CONNECTED
        client.connect({"score": 0, "map": "Harbour"}, seconds=10)
        assert (client.status, client.live, client.broadcasters) == (Status.CONNECTED, True, {"twitch:1": "live"})
        client.set("score", 1)
        client.update({"round": {"number": 2}})
        client.remove("map")
        assert client.data == {"score": 1, "round": {"number": 2}}
        assert client.flush(seconds=10) > 0
        assert client.session
    assert portal.kinds[0] == "connect"
    assert portal.kinds[-2:] == ["flush", "disconnect"]
    merged: dict[str, Any] = {}
    for message in portal.messages[1:-2]:
        merged |= message["data"]
    assert merged == {"score": 1, "round": {"number": 2}, "map": None}
    assert client.over is not None
    assert threads() == []
    client.close()


def test_what_goes_wrong_is_raised_where_it_was_asked_for(portal: Portal) -> None:
    with client_of(portal) as client:
        with pytest.raises(NotConnected):
            client.set("score", 1)
        client.connect({})
        with pytest.raises(StateRefused):
            client.set("score", float("nan"))
        client.disconnect()
        with pytest.raises(SessionOver):
            client.set("score", 1)
    assert threads() == []


def test_connecting_is_given_up_after_so_many_seconds(portal: Portal) -> None:
    portal.gone = True
    with client_of(portal) as client:
        with pytest.raises(TimeoutError):
            client.connect({}, seconds=0.05)
        assert client.status is Status.NOT_CONNECTED
        portal.gone = False
        client.connect({}, seconds=10)


def test_options_that_would_be_refused_leave_no_thread(portal: Portal) -> None:
    with pytest.raises(StateRefused):
        client_of(portal, token="Bearer abc")
    assert threads() == []
