"""Listens for game servers (G1): the handshake, how many there may be, and how they are told to come back later."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from campaigns.game_state.gateway.connection import Connection
from campaigns.game_state.gateway.house import House
from campaigns.game_state.gateway.line import Line
from campaigns.rules.game_state.codes import FRAME_BYTES, Close

PATH = "/game-state/v1"

FRAMES = 4
"""So many frames of one connection wait in memory; then it is not read until they are dealt with."""

UNSENT_BYTES = 32_768
"""So much that a game server has not read waits in memory; then sending waits, and ends with the connection."""

_BACKLOG = 2048

# What the library says of failed handshakes is strangers' doing, and in detail it would hold tokens: our own log tells the rest.
_FAULTS_OF_OURS = ("connection handler failed", "process_request failed")
_library_log = logging.getLogger("campaigns.game_state.gateway.websockets")
_library_log.addFilter(lambda record: record.msg in _FAULTS_OF_OURS)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway listens: port 0 takes a free one."""

    host: str
    port: int


class Listener:
    """Takes connections at an address; several processes of one machine may share it."""

    def __init__(self, house: House, *, most_connections: int) -> None:
        self._house = house
        self._most = most_connections
        self._server: Server | None = None

    async def start(self, address: Address) -> int:
        """Listen; returns the port. Raises ``OSError`` where that cannot be done."""
        self._server = await serve(
            self._hold,
            address.host,
            address.port,
            compression=None,
            create_connection=Line,
            process_request=self._look_at,
            server_header=None,
            open_timeout=self._house.patience.handshake,
            ping_interval=None,  # the gateway pings by itself, all connections with one timer
            close_timeout=self._house.patience.close,
            max_size=FRAME_BYTES,
            max_queue=FRAMES,
            write_limit=UNSENT_BYTES,
            logger=_library_log,
            reuse_port=True,
            backlog=_BACKLOG,
        )
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    def close(self) -> None:
        """Take no more connections; those that are there stay."""
        if self._server is not None:
            self._server.close(close_connections=False)

    async def wait_closed(self) -> None:
        """Wait until all connections are closed."""
        if self._server is not None:
            await self._server.wait_closed()

    def _look_at(self, socket: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/healthz":
            if self._house.stopping:
                return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "stopping\n")
            return socket.respond(HTTPStatus.OK, "ok\n")
        if path != PATH:
            return socket.respond(HTTPStatus.NOT_FOUND, f"Game state is taken at {PATH}.\n")
        if self._house.stopping or len(self._house.connections) >= self._most:
            self._house.count("refused:unavailable")
            response = socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "This gateway is full or stopping: try again.\n")
            response.headers["Retry-After"] = "5"
            return response
        return None

    async def _hold(self, socket: ServerConnection) -> None:
        connection = Connection(socket, self._house)
        self._house.count("opened")
        self._house.connections[connection.id] = connection
        if self._house.stopping:  # its handshake began before
            connection.put_off(Close.RESTART)
        try:
            await connection.run()
        finally:
            self._house.connections.pop(connection.id, None)
