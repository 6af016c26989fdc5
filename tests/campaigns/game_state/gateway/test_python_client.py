"""The Python client (portal/game_state_client) and the gateway: what each says, the other understands."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from campaigns.game_state.admission import Standing
from campaigns.game_state.live import tell_streams
from campaigns.game_state.storing import end_session
from campaigns.models import Channel, Game, GameSession
from campaigns.rules.game_state.codes import Code, Refused
from portal.game_state_client import BlockingGameStateClient, SessionOver, Status
from tests.e2e.portal import wait_for
from tests.gateways import Clock, Doorkeeper, RunningGateway, named

TIMES_QUICKER = 50


class QuickClock:
    """Real time, but quicker: the rate and the waits of the client are kept, and the test need not wait for them."""

    def now(self) -> float:
        return time.monotonic() * TIMES_QUICKER

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / TIMES_QUICKER)


@pytest.fixture
def make_client(
    gateway: RunningGateway, game: Game, channels: list[Channel]
) -> Iterator[Callable[..., BlockingGameStateClient]]:
    made: list[BlockingGameStateClient] = []

    def make(**options: Any) -> BlockingGameStateClient:
        values: dict[str, Any] = {
            "game_id": game.pk,
            "session_id": "match-1",
            "token": "secret",
            "broadcaster_ids": [named(channel) for channel in channels],
            "clock": QuickClock(),
        }
        made.append(BlockingGameStateClient(gateway.url, **values | options))
        return made[-1]

    yield make
    for client in made:
        client.close()


def state_of(session: str) -> Any:
    return json.loads(GameSession.objects.get(pk=session).state)


def test_g1_a_match_from_connect_to_disconnect(make_client: Callable[..., BlockingGameStateClient]) -> None:
    client = make_client()
    client.connect({"boss": {"state": "asleep"}, "winner": None}, seconds=10)
    assert client.status is Status.CONNECTED
    assert client.broadcasters == {"twitch:1": "offline", "twitch:2": "offline"}
    client.set("boss.state", "awake")
    client.update({"score": {"red": 1, "blue": 0}})
    assert client.flush(seconds=10) == 2
    assert state_of(client.session) == {"boss": {"state": "awake"}, "score": {"red": 1, "blue": 0}}
    client.remove("score.blue")
    client.disconnect()
    session = GameSession.objects.get(pk=client.session)
    assert (session.end_code, json.loads(session.state)["score"]) == ("disconnected", {"red": 1})


def test_g1_a_delta_that_would_be_too_long_comes_as_a_refresh_and_is_taken(
    make_client: Callable[..., BlockingGameStateClient],
) -> None:
    client = make_client()
    client.connect({"map": "Harbour"})
    state = {f"player {number}": "Ω" * 600 for number in range(60)}
    client.update(state)
    client.flush(seconds=10)
    assert state_of(client.session) == {"map": "Harbour", **state}
    client.update(dict.fromkeys(state))
    client.flush(seconds=10)
    assert state_of(client.session) == {"map": "Harbour"}
    assert GameSession.objects.get().refused == 0


def test_the_portal_takes_the_largest_state_that_the_client_lets_pass(
    make_client: Callable[..., BlockingGameStateClient],
) -> None:
    client = make_client(token=lambda: "secret")
    with pytest.raises(ValueError, match="are allowed") as refused:
        client.connect({"text": "x" * 102_400})
    allowed = int(str(refused.value).split("; ")[1].split()[0])
    client.connect({"text": "x" * (allowed - len('{"text":""}'))}, seconds=10)
    assert client.status is Status.CONNECTED


def test_a_channel_that_goes_live_has_the_client_send_what_waited(
    make_client: Callable[..., BlockingGameStateClient],
    gateway: RunningGateway,
    channels: list[Channel],
    clock: Clock,
) -> None:
    client = make_client()
    client.connect({"score": 0})
    client.set("score", 5)
    tell_streams({channels[0].pk: True}, now=clock())
    gateway.round("ask_live")
    wait_for(lambda: client.live, seconds=10, what="the client is told", every=0.01)
    assert client.broadcasters == {"twitch:1": "live", "twitch:2": "offline"}

    def stored() -> bool:
        clock.forward(5)
        gateway.round("sweep")
        gateway.written()
        return bool(state_of(client.session) == {"score": 5})

    wait_for(stored, seconds=10, what="what waited has come", every=0.05)


def test_g3_a_gateway_that_stops_tells_when_to_come_back_and_the_session_goes_on(
    make_client: Callable[..., BlockingGameStateClient], gateway: RunningGateway, clock: Clock
) -> None:
    client = make_client()
    client.connect({"score": 0})
    client.set("score", 3)
    client.flush(seconds=10)
    gateway.stop()
    wait_for(lambda: client.status is not Status.CONNECTED, seconds=10, what="the line ends", every=0.01)
    client.set("score", 4)
    other = RunningGateway(clock, port=gateway.port)
    try:
        wait_for(lambda: client.status is Status.CONNECTED, seconds=10, what="it comes back", every=0.01)
        client.flush(seconds=10)
        session = GameSession.objects.get()
        assert (session.pk, json.loads(session.state), session.connections) == (client.session, {"score": 4}, 2)
        client.disconnect()
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("changes", "code"), [({"token": "another"}, "token_unknown"), ({"broadcaster_ids": None}, "broadcasters_missing")]
)
def test_g2_who_may_not_is_told_why(
    make_client: Callable[..., BlockingGameStateClient], doorkeeper: Doorkeeper, changes: dict[str, Any], code: str
) -> None:
    if code == "broadcasters_missing":
        doorkeeper.fails_with = Refused(Code.BROADCASTERS_MISSING, "Name them.")
    client = make_client(**changes)
    with pytest.raises(SessionOver, match=code):
        client.connect({}, seconds=10)
    assert client.status is Status.DISCONNECTED


def test_a_producer_drops_the_session_and_the_client_does_not_come_back(
    make_client: Callable[..., BlockingGameStateClient], gateway: RunningGateway, clock: Clock
) -> None:
    client = make_client()
    client.connect({})
    assert end_session(session_id=client.session, code="dropped", now=clock())
    gateway.round("obey_orders")
    wait_for(lambda: client.over, seconds=10, what="the session is over", every=0.01)
    assert client.over is not None
    assert client.over.code == "dropped"
    with pytest.raises(SessionOver, match="dropped"):
        client.set("score", 1)


def test_another_server_takes_up_the_session_and_the_first_leaves_it(
    make_client: Callable[..., BlockingGameStateClient], gateway: RunningGateway
) -> None:
    first, second = make_client(), make_client()
    first.connect({})
    second.connect({})
    gateway.round("obey_orders")
    wait_for(lambda: first.over, seconds=10, what="the first is replaced", every=0.01)
    assert first.over is not None
    assert first.over.code == "replaced"
    assert (second.status, second.session) == (Status.CONNECTED, first.session)


def test_g2_a_token_that_expires_during_the_match_is_renewed(
    make_client: Callable[..., BlockingGameStateClient],
    gateway: RunningGateway,
    doorkeeper: Doorkeeper,
    game: Game,
    channels: list[Channel],
    clock: Clock,
) -> None:
    doorkeeper.grant(game, channels, token="second")
    tokens = iter(["secret", "second"])
    client = make_client(token=lambda: next(tokens))
    client.connect({"score": 0})
    doorkeeper.withdrawn["secret"] = Standing(Code.TOKEN_EXPIRED, ())
    clock.forward(timedelta(minutes=2).total_seconds())
    gateway.round("ask_standing")
    wait_for(lambda: len(doorkeeper.asked) == 2, seconds=10, what="it comes with another token", every=0.01)
    client.set("score", 1)
    client.flush(seconds=10)
    session = GameSession.objects.get()
    assert (json.loads(session.state), session.connections) == ({"score": 1}, 2)
