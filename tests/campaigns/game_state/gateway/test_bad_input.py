"""What no game server should send, from clumsy to hostile: each has its own answer, and no other connection notices (G1)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import OperationalError
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from campaigns.game_state.admission import Admission, Asking, doorkeepers
from campaigns.game_state.gateway.threads import ADMITTING
from campaigns.models import Game, GameSession
from campaigns.rules.game_state.codes import FRAMES_PER_MINUTE
from tests.gateways import (
    HANDSHAKE,
    Clock,
    Doorkeeper,
    Rude,
    RunningGateway,
    Server,
    connect_message,
    json_bytes,
    opened,
)

DEEP = '{"type":"delta","data":' + '{"a":' * 1000 + "1" + "}" * 1001

WRONG = {
    '{"type":"delta","data":{"a":1}': "not_json",
    "": "not_json",
    "[]": "not_an_object",
    '"connect"': "not_an_object",
    DEEP: "too_deep",
    '{"type":"delta","data":{"a":1e999}}': "number_too_large",
    '{"type":"delta","data":{"a":9007199254740992}}': "number_too_large",
    '{"type":"delta","data":{"a":NaN}}': "not_a_number",
    '{"type":"delta","data":{"a":-Infinity}}': "not_a_number",
    '{"type":"delta","data":{"a":1,"a":2}}': "duplicate_key",
    '{"type":"delta","data":[1]}': "bad_patch",
    '{"type":"delta","data":"x"}': "bad_patch",
    '{"type":"refresh"}': "bad_field",
    '{"type":"subscribe"}': "unknown_type",
    '{"data":{}}': "unknown_type",
}


@pytest.fixture
def bystander(gateway: RunningGateway, game: Game) -> Iterator[Server]:
    """Another game server, connected before and asked after: it must not notice."""
    with opened(gateway) as server:
        server.connect(game, session_id="bystander")
        yield server
        assert server.flush()["type"] == "flushed"


def test_g1_what_is_no_message_is_answered_with_its_own_code_and_changes_nothing(
    server: Server, game: Game, bystander: Server
) -> None:
    server.connect(game)
    for text, code in WRONG.items():
        server.socket.send(text)
        answer = server.heard()
        assert (answer["type"], answer["code"]) == ("error", code), text[:60]
        assert len(answer["message"]) > 10
    assert server.flush()["revision"] == 1


def test_g1_a_message_in_pieces_is_a_message(server: Server, game: Game, bystander: Server) -> None:
    server.connect(game)
    server.socket.send(iter('{"type":"delta","data":{"in":"pieces"}}'))
    assert server.flush()["revision"] == 2


def test_g1_nothing_but_connect_comes_first_and_connect_only_once(
    server: Server, game: Game, bystander: Server
) -> None:
    for message in (
        {"type": "delta", "data": {}},
        {"type": "refresh", "data": {}},
        {"type": "flush"},
        {"type": "disconnect"},
    ):
        server.send(message)
        assert server.heard()["code"] == "not_connected"
    server.connect(game)
    assert server.connect(game, data={"second": True})["code"] == "already_connected"
    server.flush()
    assert "second" not in GameSession.objects.get(session_key="match-1").state


def test_g1_a_binary_message_closes_the_line(server: Server, game: Game, bystander: Server) -> None:
    server.connect(game)
    server.socket.send(b'{"type":"flush"}')
    assert server.heard()["code"] == "binary"
    assert server.closed() == 1003


def test_g1_text_that_is_not_utf8_closes_the_line(server: Server, game: Game, bystander: Server) -> None:
    server.connect(game)
    server.socket.send(b'{"type":"\xff"}', text=True)
    assert server.closed() == 1007


def test_g1_frames_against_the_protocol_close_the_line(gateway: RunningGateway, bystander: Server) -> None:
    rude = Rude(gateway)
    rude.frame(Opcode.CONT, b"of nothing")
    assert rude.close_code() == 1002


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
def test_g1_a_flood_of_frames_that_are_no_messages_closes_the_line(
    gateway: RunningGateway, bystander: Server, opcode: Opcode
) -> None:
    rude = Rude(gateway)
    one = Frame(opcode, b"").serialize(mask=True)
    rude.socket.sendall(one * FRAMES_PER_MINUTE)
    rude.frame(Opcode.TEXT, b"{}")
    rude.socket.sendall(one * 1000)
    assert rude.close_code() == 4003
    gateway.until(lambda: gateway.connections == 1)


def test_g1_as_many_frames_as_messages_can_need_are_allowed(gateway: RunningGateway, game: Game) -> None:
    rude = Rude(gateway)
    rude.socket.sendall(Frame(Opcode.PONG, b"").serialize(mask=True) * (FRAMES_PER_MINUTE - 2))
    rude.frame(Opcode.TEXT, json_bytes(connect_message(game)))
    rude.frame(Opcode.TEXT, b'{"type":"disconnect"}')
    assert rude.close_code() == 1000


def test_g1_a_message_that_never_ends_is_no_message(gateway: RunningGateway, bystander: Server, clock: Clock) -> None:
    slow = Rude(gateway)
    slow.frame(Opcode.TEXT, b'{"type":', fin=False)
    gateway.until(lambda: gateway.connections == 2)
    clock.forward(10.001)
    slow.frame(Opcode.CONT, b" ", fin=False)
    gateway.round("sweep")
    assert slow.close_code() == 4001


def test_g1_a_handshake_that_dawdles_is_cut_off(doorkeeper: Doorkeeper, clock: Clock) -> None:
    running = RunningGateway(clock, handshake=0.1)
    try:
        slow = Rude(running, shakes_hands=False)
        slow.socket.sendall(HANDSHAKE[:-10])
        assert slow.close_code() == 1006
        assert running.connections == 0
    finally:
        running.stop()


def test_g1_many_connections_that_are_opened_and_abandoned_are_closed_each_at_its_time(
    gateway: RunningGateway, bystander: Server, clock: Clock
) -> None:
    abandoned = [Rude(gateway) for _ in range(40)]
    gateway.until(lambda: gateway.connections == 41)
    clock.forward(5)
    later = [Rude(gateway) for _ in range(40)]
    gateway.until(lambda: gateway.connections == 81)
    clock.forward(5.001)
    gateway.round("sweep")
    assert {one.close_code() for one in abandoned} == {4001}
    for one in abandoned:
        one.close()
    gateway.until(lambda: gateway.connections == 41)
    for one in later:
        one.close()  # without a word
    gateway.until(lambda: gateway.connections == 1)


class Busy(Doorkeeper):
    """Lets nobody in until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def admit(self, asking: Asking, *, now: datetime) -> Admission:
        admission = super().admit(asking, now=now)
        self.let.wait(10)
        return admission


def test_g1_who_went_away_before_its_turn_to_be_connected_takes_nobody_s_time(
    doorkeeper: Doorkeeper, game: Game, clock: Clock
) -> None:
    busy = Busy()
    busy.granted = doorkeeper.granted
    doorkeepers.append(busy)
    running = RunningGateway(clock)
    try:
        asking = [Rude(running) for _ in range(ADMITTING)]
        for number, one in enumerate(asking):
            one.frame(Opcode.TEXT, json_bytes(connect_message(game, session_id=f"match-{number}")))
        running.until(lambda: len(busy.asked) == ADMITTING)
        gone = [Rude(running) for _ in range(20)]
        for one in gone:
            one.frame(Opcode.TEXT, json_bytes(connect_message(game, session_id="of nobody")))
        waiting = running.gateway.house.counts
        running.until(lambda: waiting["message:connect"] == ADMITTING + 20)
        for one in gone:
            one.close()
        connections = running.gateway.house.connections
        running.until(lambda: sum(one._is_gone() for one in connections.values()) == 20)
        busy.let.set()
        running.until(lambda: running.connections == ADMITTING)
        assert len(busy.asked) == ADMITTING
    finally:
        busy.let.set()
        doorkeepers.remove(busy)
        running.stop()


def test_g1_who_does_not_read_is_cut_off_at_the_second_ping_that_finds_the_first_unanswered(
    doorkeeper: Doorkeeper, game: Game, clock: Clock
) -> None:
    running = RunningGateway(clock, close=0.1)
    try:
        with opened(running) as reader:
            reader.connect(game, session_id="reader")
            deaf = Rude(running)
            deaf.frame(Opcode.TEXT, json_bytes(connect_message(game)))
            running.until(lambda: GameSession.objects.count() == 2)
            for _ in range(2):
                clock.forward(30)
                reader.flush()
                running.round("sweep")
            running.until(lambda: running.connections == 1)
            assert deaf.close_code() == 4008
            assert reader.flush()["type"] == "flushed"
            running.written()
            assert running.gateway.house.counts["closed:4008"] == 1
            assert GameSession.objects.get(session_key="match-1").connection == ""
    finally:
        running.stop()


def test_g1_sending_to_who_does_not_read_has_an_end(doorkeeper: Doorkeeper, game: Game, clock: Clock) -> None:
    running = RunningGateway(clock, send=0.1, close=0.1)
    try:
        deaf = Rude(running)
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        running.until(lambda: running.connections == 1)
        connection = next(iter(running.gateway.house.connections.values()))
        running.run(connection.send("x" * 20_000_000))
        running.until(lambda: running.connections == 0)
    finally:
        running.stop()


def test_g1_another_path_and_a_gateway_that_is_full_are_refused_before_the_line_is_open(
    doorkeeper: Doorkeeper, game: Game, clock: Clock
) -> None:
    running = RunningGateway(clock, most_connections=2)
    try:
        with pytest.raises(InvalidStatus) as wrong, connect(running.url + "/", proxy=None):
            pass
        assert wrong.value.response.status_code == 404
        with opened(running) as first, opened(running):
            first.connect(game)
            with pytest.raises(InvalidStatus) as full, opened(running):
                pass
            assert full.value.response.status_code == 503
            assert full.value.response.headers["Retry-After"] == "5"
            assert first.flush()["type"] == "flushed"
        running.until(lambda: running.connections == 0)
        with opened(running) as server:
            assert server.connect(game)["resumed"]
    finally:
        running.stop()


@pytest.mark.parametrize("fault", [OperationalError("away"), RuntimeError("a fault of ours")])
def test_g3_who_cannot_be_connected_now_is_asked_to_come_back(
    gateway: RunningGateway, server: Server, game: Game, doorkeeper: Doorkeeper, fault: Exception
) -> None:
    doorkeeper.fails_with = fault
    answer = server.connect(game)
    assert answer["type"] == "reconnect"
    assert 500 <= answer["milliseconds"] <= 5000
    assert server.closed() == 1013
    doorkeeper.fails_with = None
    with opened(gateway) as again:
        assert again.connect(game)["type"] == "connected"


def test_o3_a_fault_of_ours_closes_one_connection_is_logged_and_concerns_no_other(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.until(lambda: gateway.connections == 1)
    now, clock.now = clock.now, None  # type: ignore[assignment]
    server.send({"type": "flush"})
    assert server.closed() == 1011
    clock.now = now
    gateway.until(lambda: gateway.gateway.house.counts["closed:1011"] == 1)
    with opened(gateway) as other:
        assert other.connect(game)["type"] == "connected"
    assert "connection handler failed" in caplog.text
