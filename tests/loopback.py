"""A real server on loopback, of which each test says how it behaves, down to the bytes."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[["Connection", Request], None]


class Connection:
    """The server's end of one connection."""

    def __init__(self, plain: socket.socket, stopped: threading.Event) -> None:
        self.socket = plain
        self.stopped = stopped

    def reply(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Answer whole, and keep the connection."""
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def reply_json(self, value: Any, status: int = 200, **headers: str) -> None:
        """Answer with JSON."""
        self.reply(status, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def close(self) -> None:
        """Close the connection at once."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def drip(self, data: bytes) -> None:
        """Send a byte every 20 ms."""
        for position in range(len(data)):
            if self.stopped.wait(0.02):
                return
            self.socket.sendall(data[position : position + 1])

    def flood(self) -> None:
        """Send without end."""
        block = b"x" * 65536
        while not self.stopped.is_set():
            self.socket.sendall(block)

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.stopped.wait()


class LoopbackServer:
    """Listens on 127.0.0.1, remembers requests and counts connections."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.connections = 0
        self._tls = tls
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop listening and release whoever hangs."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                accepted = self._tls.wrap_socket(accepted, server_side=True)
            connection = Connection(accepted, self._stopped)
            stream = accepted.makefile("rb")
            # Once stopped it answers nobody: a client that keeps a connection may mean a later server on the same port.
            while (request := _read(stream)) is not None and not self._stopped.is_set():
                self.requests.append(request)
                self.behaviour(connection, request)
        with contextlib.suppress(OSError):
            accepted.close()


def _read(stream: Any) -> Request | None:
    start = stream.readline().decode().split()
    if len(start) != 3:
        return None
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Request(method=start[0], target=start[1], headers=headers, body=body)


@contextlib.contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[LoopbackServer]:
    """Run a server for the length of a ``with`` block."""
    server = LoopbackServer(behaviour, tls)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def say_ok(connection: Connection, request: Request) -> None:
    connection.reply(200, b'{"ok":true}', Content_Type="application/json", X_Seen=request.target)
