"""O4: what is promised is stored, late where the database is away; a session nobody is live in is written seldom."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from django.db import OperationalError

from campaigns.game_state.gateway.writing import Piece, Stored, store
from campaigns.game_state.live import tell_streams
from campaigns.models import Channel, Game, GameSession
from tests.gateways import Clock, Doorkeeper, RunningGateway, Server, opened


class Breaking:
    """What writes, but says that the database is away while it is broken."""

    def __init__(self) -> None:
        self.broken = False
        self.tried = threading.Event()

    def __call__(self, pieces: Sequence[Piece], *, now: datetime) -> Stored:
        if self.broken:
            self.tried.set()
            raise OperationalError("the database is away")
        return store(pieces, now=now)


@pytest.fixture
def breaking() -> Breaking:
    return Breaking()


@pytest.fixture
def gateway(doorkeeper: Doorkeeper, clock: Clock, breaking: Breaking) -> Iterator[RunningGateway]:
    running = RunningGateway(clock, store=breaking, away=0.05, disconnect=0.05, last_writes=0.1)
    yield running
    running.stop()


@pytest.fixture
def patient(doorkeeper: Doorkeeper, clock: Clock, breaking: Breaking) -> Iterator[RunningGateway]:
    running = RunningGateway(clock, store=breaking)
    yield running
    running.stop()


def stored_state() -> object:
    return json.loads(GameSession.objects.get().state)


@pytest.mark.parametrize(("live", "seconds"), [(True, 5), (False, 30)])
def test_a_change_is_written_within_five_seconds_or_thirty_where_nobody_is_live(
    gateway: RunningGateway, server: Server, game: Game, channels: list[Channel], clock: Clock, live: bool, seconds: int
) -> None:
    tell_streams({channels[1].pk: live}, now=clock.now)
    server.connect(game)
    gateway.written()
    server.send({"type": "delta", "data": {"round": 1}})
    server.send({"type": "nonsense"})
    server.heard()  # now the delta is dealt with
    clock.forward(seconds - 0.001)
    gateway.round("sweep")
    gateway.written()
    assert stored_state() == {"boss": {"state": "asleep"}}
    clock.forward(0.001)
    gateway.round("sweep")
    gateway.written()
    assert stored_state() == {"boss": {"state": "asleep"}, "round": 1}
    session = GameSession.objects.get()
    assert (session.messages, session.refused, session.last_refusal) == (3, 1, "unknown_type")
    assert (session.minute_messages, session.state_bytes) == (3, len(session.state))


def test_o4_while_the_database_is_away_connections_go_on_and_are_written_later(
    patient: RunningGateway, game: Game, breaking: Breaking
) -> None:
    with opened(patient) as server:
        server.connect(game)
        patient.written()
        breaking.broken = True
        server.send({"type": "delta", "data": {"round": 1}})
        server.send({"type": "flush"})
        assert breaking.tried.wait(10)
        server.send({"type": "delta", "data": {"round": 2}})
        server.send({"type": "nonsense"})
        assert server.heard()["code"] == "unknown_type"  # and nothing is called flushed
        assert stored_state() == {"boss": {"state": "asleep"}}
        breaking.broken = False
        assert server.heard() == {"type": "flushed", "revision": 2}
        assert stored_state() == {"boss": {"state": "asleep"}, "round": 1}
        assert server.flush()["revision"] == 3
    assert GameSession.objects.get().messages == 6


def test_o4_a_server_that_leaves_while_the_database_is_away_is_written_too(
    patient: RunningGateway, game: Game, breaking: Breaking
) -> None:
    with opened(patient) as server:
        server.connect(game)
        patient.written()
        breaking.broken = True
        server.send({"type": "delta", "data": {"round": 1}})
    patient.until(lambda: patient.connections == 0)
    breaking.broken = False
    patient.written()
    session = GameSession.objects.get()
    assert (session.connection, session.ended_at, json.loads(session.state)["round"]) == ("", None, 1)


def test_o4_a_database_that_is_away_for_too_long_sends_all_servers_away_with_what_they_have(
    gateway: RunningGateway, server: Server, game: Game, breaking: Breaking
) -> None:
    server.connect(game)
    gateway.written()
    breaking.broken = True
    server.send({"type": "flush"})
    assert server.heard()["type"] == "reconnect"
    assert server.closed() == 1013
    breaking.broken = False
    with opened(gateway) as again:
        assert again.connect(game)["resumed"]
        assert again.flush()["type"] == "flushed"


def test_disconnected_is_answered_with_the_close_once_it_is_stored(
    patient: RunningGateway, game: Game, breaking: Breaking
) -> None:
    with opened(patient) as server:
        server.connect(game)
        patient.written()
        breaking.broken = True
        server.send({"type": "disconnect"})
        assert breaking.tried.wait(10)
        assert GameSession.objects.get().ended_at is None
        breaking.broken = False
        assert server.closed() == 1000
        assert GameSession.objects.get().end_code == "disconnected"


def test_o4_a_disconnect_that_could_not_be_stored_is_not_closed_as_if_it_were(
    gateway: RunningGateway, server: Server, game: Game, breaking: Breaking
) -> None:
    server.connect(game)
    gateway.written()
    breaking.broken = True
    server.send({"type": "disconnect"})
    assert server.heard()["type"] == "reconnect"
    assert server.closed() == 1013
    breaking.broken = False


def test_g3_a_disconnect_does_not_wait_for_a_session_that_is_another_s(
    patient: RunningGateway, game: Game, breaking: Breaking
) -> None:
    with opened(patient) as server, opened(patient) as other:
        server.connect(game)
        patient.written()
        breaking.broken = True
        server.send({"type": "disconnect"})
        assert breaking.tried.wait(10)
        other.connect(game)
        patient.round("obey_orders")
        assert server.closed() == 1000
        breaking.broken = False
        assert other.flush()["type"] == "flushed"
