"""G1: every limit, exactly at it and one over, as a game server meets it."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta

import pytest
from websockets.exceptions import ConnectionClosed

from campaigns.models import Channel, Game, GameSession
from campaigns.rules.game_state.codes import FRAME_BYTES
from tests.gateways import START, Clock, Doorkeeper, RunningGateway, Server, connect_message, opened


def padded(message: dict[str, object], size: int) -> str:
    """Return a message of exactly so many bytes of UTF-8, some of which are not ASCII."""
    data = {**message, "data": {"pad": "é"}}
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("é", "é" + "x" * (size - len(text.encode())))


def test_g1_sixty_messages_in_a_clock_minute_are_taken_and_the_sixty_first_closes_the_line(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    server.connect(game)
    for number in range(58):
        server.send({"type": "delta", "data": {"n": number}})
    assert server.flush()["revision"] == 59  # the sixtieth
    clock.forward(59.999)  # the minute is the clock's: no other begins before second 0
    server.send({"type": "delta", "data": {"n": 60}})
    assert server.heard()["code"] == "rate_limited"
    assert server.closed() == 4003
    gateway.written()
    session = GameSession.objects.get()
    assert (json.loads(session.state)["n"], session.messages, session.refused) == (57, 61, 1)
    assert (session.last_refusal, session.connection) == ("rate_limited", "")


def test_g1_with_the_next_clock_minute_sixty_more_are_taken_and_refused_ones_count_too(
    gateway: RunningGateway, game: Game, clock: Clock
) -> None:
    clock.now = START + timedelta(seconds=59.999)
    with opened(gateway) as server:
        server.connect(game)
        for number in range(58):
            server.send({"type": "delta", "data": {"n": number}})
        server.flush()
        clock.forward(0.001)
        for _ in range(60):
            server.send({"type": "nonsense"})
            assert server.heard()["code"] == "unknown_type"
        server.send({"type": "flush"})
        assert server.heard()["code"] == "rate_limited"
        assert server.closed() == 4003


@pytest.mark.parametrize("idle", [195, 30])
def test_g1_a_connection_may_be_silent_as_long_as_its_game_allows_and_no_longer(
    gateway: RunningGateway,
    server: Server,
    game: Game,
    channels: list[Channel],
    doorkeeper: Doorkeeper,
    clock: Clock,
    idle: int,
) -> None:
    doorkeeper.grant(game, channels, idle_seconds=idle)
    assert server.connect(game)["idle_seconds"] == idle
    clock.forward(idle)
    gateway.round("sweep")
    assert server.flush()["type"] == "flushed"  # exactly at the limit: it stays, and the silence begins anew
    clock.forward(idle)
    server.socket.ping().wait(10)  # no message of the game
    clock.forward(0.001)
    gateway.round("sweep")
    assert server.heard()["code"] == "idle"
    assert server.closed() == 4002


def test_g1_a_message_that_comes_too_late_is_not_taken_though_nobody_has_looked_yet(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    server.connect(game)
    server.flush()
    clock.forward(195.001)
    server.send({"type": "delta", "data": {"late": True}})
    assert server.heard()["code"] == "idle"
    assert server.closed() == 4002
    gateway.written()
    assert "late" not in GameSession.objects.get().state


def test_g1_a_refused_message_is_a_sign_of_life_too(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    server.connect(game)
    clock.forward(195)
    server.send({"type": "nonsense"})
    assert server.heard()["code"] == "unknown_type"
    clock.forward(195)
    gateway.round("sweep")
    assert server.flush()["type"] == "flushed"


def test_g2_a_token_is_good_up_to_the_moment_that_it_expires(
    gateway: RunningGateway, game: Game, channels: list[Channel], doorkeeper: Doorkeeper, clock: Clock
) -> None:
    doorkeeper.grant(game, channels, token_expires_at=START + timedelta(seconds=100))
    with opened(gateway) as server, opened(gateway) as silent:
        server.connect(game)
        silent.connect(game, session_id="match-2")
        clock.forward(99.999)
        gateway.round("sweep")
        server.send({"type": "delta", "data": {"in": "time"}})
        server.flush()
        clock.forward(0.001)
        server.send({"type": "delta", "data": {"too": "late"}})
        assert server.heard()["code"] == "token_expired"
        assert server.closed() == 4004
        gateway.round("sweep")
        assert silent.heard()["code"] == "token_expired"
        assert silent.closed() == 4004
    gateway.written()
    assert json.loads(GameSession.objects.get(session_key="match-1").state) == {
        "boss": {"state": "asleep"},
        "in": "time",
    }


def test_g1_ten_seconds_after_opening_a_connect_is_taken_and_none_later_whatever_came_before(
    gateway: RunningGateway, game: Game, clock: Clock
) -> None:
    with opened(gateway) as quick, opened(gateway) as late, opened(gateway) as silent:
        gateway.until(lambda: gateway.connections == 3)
        late.send({**connect_message(game), "version": 2})
        assert late.heard()["code"] == "wrong_version"  # the line stays open, and the ten seconds go on
        clock.forward(10)
        gateway.round("sweep")
        assert quick.connect(game)["type"] == "connected"
        clock.forward(0.001)
        assert late.connect(game)["code"] == "no_connect"
        assert late.closed() == 4001
        gateway.round("sweep")
        assert silent.heard()["code"] == "no_connect"
        assert silent.closed() == 4001
        assert quick.flush()["type"] == "flushed"


def test_g1_messages_are_as_long_as_allowed_and_one_byte_more_is_an_error_that_leaves_the_line_open(
    server: Server, game: Game, clock: Clock
) -> None:
    connect, delta, refresh = connect_message(game), {"type": "delta"}, {"type": "refresh"}
    server.socket.send(padded(connect, 102_401))
    assert server.heard()["code"] == "connect_too_large"
    server.socket.send(padded(connect, 102_400))
    assert server.heard()["type"] == "connected"
    server.socket.send(padded(delta, 20_481))
    assert server.heard()["code"] == "delta_too_large"
    server.socket.send(padded(refresh, 102_401))
    assert server.heard()["code"] == "refresh_too_large"
    server.socket.send(padded(refresh, 102_400))
    server.socket.send(padded(delta, 20_480))
    assert server.flush()["revision"] == 3
    session = GameSession.objects.get()
    assert (session.refused, session.last_refusal) == (2, "refresh_too_large")
    assert session.received_bytes > 102_400 * 3 + 20_480 * 2


def test_g1_a_state_that_would_grow_too_large_stays_as_it_was(server: Server, game: Game) -> None:
    server.connect(game)
    server.socket.send(padded({"type": "refresh"}, 102_400))
    server.send({"type": "delta", "data": {"more": "x" * 100}})
    assert server.heard()["code"] == "state_too_large"
    assert server.flush()["revision"] == 2
    server.send({"type": "delta", "data": {"pad": None, "more": "x" * 100}})
    assert server.flush()["revision"] == 3
    assert json.loads(GameSession.objects.get().state) == {"more": "x" * 100}


def test_g1_a_message_that_is_not_even_read_closes_the_line(gateway: RunningGateway, game: Game) -> None:
    with opened(gateway) as server:
        server.socket.send("x" * FRAME_BYTES)
        assert server.heard()["code"] == "message_too_large"
        server.connect(game)
        with contextlib.suppress(ConnectionClosed):  # it may be closed in the middle of it
            server.socket.send(["x" * 200_000, "x" * (FRAME_BYTES + 1 - 200_000)])
        assert server.closed() == 1009
    gateway.until(lambda: gateway.connections == 0)
    gateway.written()
    assert GameSession.objects.get().connection == ""  # it waits for the server to come back


def test_g2_what_the_doorkeeper_refuses_closes_the_line_and_begins_no_session(
    server: Server, game: Game, doorkeeper: Doorkeeper
) -> None:
    answer = server.connect(game, token="another")
    assert (answer["type"], answer["code"]) == ("error", "token_unknown")
    assert "another" not in answer["message"]
    assert server.closed() == 4004
    assert not GameSession.objects.exists()
    assert doorkeeper.asked[0].broadcaster_ids == ("twitch:1",)
