"""G3, O4: a gateway that stops, and what one leaves behind that is killed."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta

import pytest
from websockets.exceptions import InvalidStatus

from campaigns.game_state.storing import begin_session
from campaigns.models import Game, GameSession, GatewayOrder, GatewayProcess, GatewayTally
from tests.gateways import Clock, Doorkeeper, RunningGateway, Server, opened


def test_g3_a_gateway_that_stops_tells_when_to_come_back_writes_all_and_closes(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    with opened(gateway) as unconnected:
        server.connect(game)
        server.send({"type": "delta", "data": {"round": 1}})
        server.send({"type": "nonsense"})
        server.heard()
        gateway.stop()
        for each in (server, unconnected):
            message = each.heard()
            assert message["type"] == "reconnect"
            assert 500 <= message["milliseconds"] <= 5000
            assert each.closed() == 1012
    session = GameSession.objects.get()
    assert (json.loads(session.state)["round"], session.connection, session.gateway) == (1, "", "")
    assert session.ended_at is None
    assert not GatewayProcess.objects.exists()  # it was stopped in order: nobody misses it
    counts = dict(GatewayTally.objects.values_list("kind", "count"))
    assert (counts["opened"], counts["closed:1012"], counts["refused:unknown_type"]) == (2, 2, 1)
    second = RunningGateway(clock)
    try:
        with opened(second) as again:
            answer = again.connect(game, data={"round": 2})
            assert (answer["resumed"], answer["revision"]) == (True, 3)
    finally:
        second.stop()


def test_o4_a_gateway_that_stops_says_so_at_once_though_the_database_does_not_answer(
    gateway: RunningGateway, server: Server, game: Game
) -> None:
    server.connect(game)
    gateway.written()
    asked, answers = threading.Event(), threading.Event()

    def ask() -> None:
        asked.set()
        answers.wait(10)

    async def ask_meanwhile() -> None:
        gateway.gateway.house.spawn(gateway.gateway.house.threads.keep(ask))

    gateway.run(ask_meanwhile())
    assert asked.wait(10)
    stopping = threading.Thread(target=gateway.stop)
    stopping.start()
    try:
        assert server.heard()["type"] == "reconnect"
        assert server.closed() == 1012
        assert stopping.is_alive()
    finally:
        answers.set()
        stopping.join()


class StopsWhenAsked(Clock):
    """The gateway begins to stop as soon as somebody looks at the clock."""

    gateway: RunningGateway | None = None

    def __call__(self) -> datetime:
        if self.gateway is not None:
            self.gateway.gateway.house.stopping = True
        return super().__call__()


def test_g3_whose_handshake_was_done_just_before_a_gateway_stops_is_asked_to_come_back(doorkeeper: Doorkeeper) -> None:
    clock = StopsWhenAsked()
    running = RunningGateway(clock)
    try:
        clock.gateway = running
        with opened(running) as server:
            assert server.heard()["type"] == "reconnect"
            assert server.closed() == 1012
    finally:
        clock.gateway = None
        running.stop()


def test_g3_a_gateway_that_stops_takes_no_more_connections(gateway: RunningGateway) -> None:
    gateway.gateway.house.stopping = True
    with pytest.raises(InvalidStatus) as refused, opened(gateway):
        pass
    assert refused.value.response.status_code == 503


def test_a_gateway_says_that_it_lives_and_how_many_connections_it_has(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    server.connect(game)
    gateway.round("beat")
    process = GatewayProcess.objects.get()
    assert (process.connections, process.beat_at, process.stopping_at) == (1, clock.now, None)
    clock.forward(5)
    server.flush()
    gateway.round("beat")
    process.refresh_from_db()
    assert (process.beat_at, process.beat_at - process.started_at) == (clock.now, timedelta(seconds=5))
    counts = dict(GatewayTally.objects.values_list("kind", "count"))
    assert counts == {"opened": 1, "message:connect": 1, "message:flush": 1}


def test_o4_sessions_of_a_gateway_that_was_killed_are_taken_up_or_end_as_abandoned(
    gateway: RunningGateway, server: Server, game: Game, doorkeeper: Doorkeeper, clock: Clock
) -> None:
    for key in ("comes-back", "does-not"):
        begin_session(
            doorkeeper.granted["secret"], session_key=key, connection=f"of-{key}", gateway="killed", now=clock.now
        )
    assert server.connect(game, session_id="comes-back")["resumed"]
    for _ in range(7):  # it goes on streaming, and its gateway is heard of
        clock.forward(100)
        server.flush()
        gateway.round("beat")
    gateway.round("tidy")
    ended = GameSession.objects.exclude(ended_at=None)
    assert [(one.session_key, one.end_code) for one in ended] == [("does-not", "abandoned")]
    assert server.flush()["type"] == "flushed"


def test_gateways_that_are_long_gone_are_forgotten(gateway: RunningGateway, clock: Clock) -> None:
    for days in (0, 2):
        GatewayProcess.objects.create(
            host="far", pid=days, started_at=clock.now, beat_at=clock.now - timedelta(days=days)
        )
    gateway.round("tidy")
    assert GatewayProcess.objects.get().pid == 0


def test_orders_to_a_gateway_that_was_killed_are_forgotten(gateway: RunningGateway, clock: Clock) -> None:
    for minutes in (10, 11):
        GatewayOrder.objects.create(
            gateway="killed", connection=f"{minutes}", deed="replace", given_at=clock.now - timedelta(minutes=minutes)
        )
    gateway.round("tidy")
    assert GatewayOrder.objects.get().connection == "10"
