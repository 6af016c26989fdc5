"""A gateway in the test's own process, with a clock that the test sets and a doorkeeper that knows the tokens it was told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from campaigns.game_state.admission import Admission, AdmittedChannel, Asking, Standing
from campaigns.game_state.gateway.patience import Patience
from campaigns.game_state.gateway.process import Gateway
from campaigns.game_state.gateway.server import PATH, Address
from campaigns.game_state.gateway.writing import Store, store
from campaigns.models import Channel, Game
from campaigns.rules.game_state.codes import Code, Refused
from tests import factories as make

START = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
PATIENCE = 10.0
HANDSHAKE = (
    f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()

Answer = TypeVar("Answer")


class Clock:
    """Stands still until it is set."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Doorkeeper:
    """Knows tokens, each with what it grants, and what has become of each since."""

    granted: dict[str, Admission] = field(default_factory=dict)
    withdrawn: dict[str, Standing] = field(default_factory=dict)
    asked: list[Asking] = field(default_factory=list)
    fails_with: Exception | None = None

    def admit(self, asking: Asking, *, now: datetime) -> Admission:
        self.asked.append(asking)
        if self.fails_with is not None:
            raise self.fails_with
        if asking.token not in self.granted:
            raise Refused(Code.TOKEN_UNKNOWN, "The token is unknown.")
        return self.granted[asking.token]

    def standing(self, admissions: Sequence[Admission], *, now: datetime) -> list[Standing]:
        return [self.withdrawn.get(one.token_key, Standing(None, one.channels)) for one in admissions]

    def grant(self, game: Game, channels: Sequence[Channel], *, token: str = "secret", **changes: Any) -> None:
        values: dict[str, Any] = {
            "organization_id": game.organization_id,
            "game_id": game.pk,
            "client_id": "client-1",
            "client_name": "Match servers",
            "authoritative": True,
            "channels": tuple(AdmittedChannel(one.pk, named(one)) for one in channels),
            "token_key": token,
            "token_expires_at": None,
            "idle_seconds": 195,
        }
        self.granted[token] = Admission(**values | changes)


def named(channel: Channel) -> str:
    """Return how game servers name a channel's broadcaster."""
    return f"{channel.platform}:{channel.platform_channel_id}"


class RunningGateway:
    """Its rounds run when the test says so. Port 0 takes a free one."""

    def __init__(
        self, clock: Clock, *, port: int = 0, most_connections: int = 100, store: Store = store, **patience: float
    ) -> None:
        self.clock = clock
        self._patience = Patience(**{"gather": 0, "retry": 0.01, "close": 0.2, **patience})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.gateway = self.run(self._made(most_connections, store))
        self.port = self.run(self.gateway.start(Address("127.0.0.1", port), timers=False))
        self.url = f"ws://127.0.0.1:{self.port}{PATH}"

    async def _made(self, most_connections: int, store: Store) -> Gateway:
        return Gateway(most_connections=most_connections, clock=self.clock, patience=self._patience, store=store)

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Have something done by the gateway's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE * 3)

    def round(self, name: str) -> None:
        """Run one of the keeper's rounds: ``sweep``, ``obey_orders``, ``ask_standing``, ``read_rules``, ``ask_live``, …"""
        self.run(getattr(self.gateway.keeper, name)())

    def written(self) -> None:
        """Wait until all that is to be written is."""
        assert self.run(self.gateway.written(seconds=PATIENCE))

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self.gateway.house.connections)

    def until(self, look: Callable[[], bool]) -> None:
        """Wait until something is so."""
        give_up = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < give_up
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop as on SIGTERM."""
        if self._thread.is_alive():
            self.run(self.gateway.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
            self._loop.close()


class Server:
    """A game server's side of one connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, message: dict[str, Any]) -> None:
        self.socket.send(json.dumps(message))

    def heard(self) -> dict[str, Any]:
        """Return the next message of the portal."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE))
        return message

    def connect(self, game: Game, **changes: Any) -> dict[str, Any]:
        """Send connect and return the answer."""
        self.send(connect_message(game, **changes))
        return self.heard()

    def flush(self) -> dict[str, Any]:
        """Send flush and return the answer: what was sent before is dealt with, and stored."""
        self.send({"type": "flush"})
        return self.heard()

    def closed(self) -> int:
        """Return the code with which the portal closes the connection; nothing is said before."""
        try:
            message = self.socket.recv(timeout=PATIENCE)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        raise AssertionError(message)


def connect_message(game: Game, **changes: Any) -> dict[str, Any]:
    message = {
        "type": "connect",
        "version": 1,
        "token": "secret",
        "game_id": game.pk,
        "session_id": "match-1",
        "broadcaster_ids": ["twitch:1"],
        "data": {"boss": {"state": "asleep"}},
    }
    return message | changes


@contextmanager
def opened(gateway: RunningGateway) -> Iterator[Server]:
    """Open a connection for the length of a ``with`` block."""
    with connect(gateway.url, compression=None, proxy=None, close_timeout=1) as socket:
        yield Server(socket)


def json_bytes(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()


def make_channels(game: Game, *names: str) -> list[Channel]:
    """Make Twitch channels of the game's organization."""
    return [make.make_channel(game.organization, platform="twitch", platform_channel_id=name) for name in names]


class Rude:
    """A raw socket that keeps to the WebSocket's rules only as far as a test wants. It reads nothing by itself."""

    def __init__(self, gateway: RunningGateway, *, shakes_hands: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE)
        if shakes_hands:
            self.socket.sendall(HANDSHAKE)
            assert self.socket.recv(4096).startswith(b"HTTP/1.1 101 ")

    def frame(self, opcode: Opcode, payload: bytes, *, fin: bool = True) -> None:
        """Send one frame."""
        self.socket.sendall(Frame(opcode, payload, fin).serialize(mask=True))

    def close(self) -> None:
        self.socket.close()

    def close_code(self) -> int:
        """Read to the end and return the code of the close frame; 1006 where there was none."""
        read = b""
        with contextlib.suppress(ConnectionError):
            while block := self.socket.recv(65536):
                read += block
        while read:
            opcode, size, at = read[0] & 15, read[1], 2
            if size == 126:
                size, at = int.from_bytes(read[2:4], "big"), 4
            if opcode == Opcode.CLOSE:
                return int.from_bytes(read[at : at + 2], "big")
            read = read[at + size :]
        return 1006
