"""G1, G3, O2 with real gateway processes: thousands of abandoned connections, several behind one address, and SIGTERM."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.killed_portal import database
from tests.e2e.portal import REPOSITORY, ask, clean_environment, wait_for
from tests.gateways import HANDSHAKE
from tests.servers import free_port

pytestmark = pytest.mark.slow

ABANDONED = 5000

MATCH = """
from tests import factories as make
game = make.make_game()
make.make_link(game, viewer=make.make_viewer(game.organization, platform="kick", platform_user_id="7"))
make.make_channel(game.organization, platform="kick", platform_channel_id="7")
client = make.make_api_client(game.organization)
make.allow_game_state(client, game)
print(json.dumps({"game_id": game.pk, "token": make.make_api_token(client)}))
"""
HELD = """
from campaigns.models import GatewayProcess
print(json.dumps(dict(GatewayProcess.objects.values_list("pid", "connections"))))
"""
SESSION = """
from campaigns.models import GameSession
session = GameSession.objects.get()
print(json.dumps([json.loads(session.state), session.connection, session.connections]))
"""


class Gateways:
    """Gateway processes at one address, over a database of their own."""

    def __init__(self, folder: Path, *, database_url: str) -> None:
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}/game-state/v1"
        self.folder = folder
        self.environment = clean_environment(
            PORTAL_DATA_DIR=str(folder), DATABASE_URL=database_url, PORTAL_GATEWAY_BIND=f"127.0.0.1:{self.port}"
        )
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, cwd=REPOSITORY, env=self.environment, check=True)
        self.match: dict[str, Any] = ask(MATCH, self.environment)
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more, and wait until it is heard from."""
        with (self.folder / "gateway.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "gateway"], cwd=REPOSITORY, env=self.environment, stdout=log, stderr=log
            )
        self.running.append(process)
        wait_for(lambda: str(process.pid) in self.held(), seconds=60, what="the gateway is heard from")
        return process

    def held(self) -> dict[str, int]:
        """How many connections each process said that it holds, by its id."""
        found: dict[str, int] = ask(HELD, self.environment)
        return found

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(30)

    def stream(self, socket: ClientConnection, data: dict[str, Any]) -> dict[str, Any]:
        """Connect the match; return the answer."""
        message = {"type": "connect", "version": 1, "session_id": "match", "broadcaster_ids": ["kick:7"], "data": data}
        socket.send(json.dumps(message | self.match))
        answer: dict[str, Any] = json.loads(socket.recv(timeout=20))
        return answer


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[Gateways]:
    with database() as url:
        gateways = Gateways(tmp_path, database_url=url)
        yield gateways
        gateways.stop()


def test_g1_five_thousand_connections_opened_and_abandoned_are_closed_at_their_time_and_no_other_notices(
    gateways: Gateways,
) -> None:
    gateways.start()
    with connect(gateways.url, proxy=None) as match:
        assert gateways.stream(match, {"round": 0})["type"] == "connected"
        began = time.monotonic()
        abandoned = [open_one(gateways.port) for _ in range(ABANDONED)]
        flushed = []
        while time.monotonic() < began + 20 or len(flushed) < 5:
            asked = time.monotonic()
            match.send('{"type":"flush"}')
            assert json.loads(match.recv(timeout=20))["type"] == "flushed"
            flushed.append(time.monotonic() - asked)
            time.sleep(2)
        codes = Counter(closed_with(one) for one in abandoned)
        assert codes == {4001: ABANDONED}
        assert max(flushed) < 5, flushed
        wait_for(lambda: set(gateways.held().values()) == {1}, seconds=20, what="only the match is left")


def test_o2_gateways_share_an_address_and_one_that_is_told_to_stop_sends_its_servers_to_the_others(
    gateways: Gateways,
) -> None:
    first, second = gateways.start(), gateways.start()
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect(gateways.url, proxy=None)) for _ in range(30)]
        check_stopping(gateways, sockets, first, second)
    assert gateways.held() == {}
    state, connection, times = ask(SESSION, gateways.environment)
    assert (state, connection, times) == ({"round": 1}, "", 1)


def check_stopping(gateways: Gateways, sockets: list[ClientConnection], *processes: subprocess.Popen[bytes]) -> None:
    """Stop one after the other, with connections at both."""
    assert gateways.stream(sockets[0], {"round": 1})["type"] == "connected"
    spread = wait_for(lambda: at_both(gateways), seconds=9, what="both have some of the connections")
    assert sum(spread.values()) == 30
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        if process is processes[0]:
            open_one(gateways.port).close()  # the other still listens
    for one in sockets:
        said, code = last_words(one)
        assert said["type"] == "reconnect"
        assert (said["milliseconds"] >= 500, code) == (True, 1012)


def at_both(gateways: Gateways) -> dict[str, int]:
    """Return what each holds once both hold some and all are counted."""
    held = gateways.held()
    return held if len(held) == 2 and min(held.values()) > 0 and sum(held.values()) == 30 else {}


def last_words(one: ClientConnection) -> tuple[dict[str, Any], int]:
    """Return what was said last before the connection was closed, and the code."""
    said: dict[str, Any] = {}
    try:
        while True:
            said = json.loads(one.recv(timeout=20))
    except ConnectionClosed as closed:
        return said, closed.rcvd.code if closed.rcvd else 1006


def open_one(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), timeout=30)
    one.sendall(HANDSHAKE)
    return one


def closed_with(one: socket.socket) -> int:
    """Read to the end and return the code of the close frame, which is the last thing said."""
    read = b""
    while block := one.recv(65536):
        read += block
    one.close()
    return int.from_bytes(read[-2:], "big") if b"no_connect" in read else 1006
