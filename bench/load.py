"""A load generator small enough not to be the bottleneck: prepared requests over kept connections, bounded in count."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence

CONNECTIONS = 8
SILENCE_SECONDS = 30.0
"""An answer that takes longer ends the benchmark."""


def prepared(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return one HTTP/1.1 POST as bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send_all(port: int, requests: Sequence[bytes], *, connections: int = CONNECTIONS) -> float:
    """Send all requests over ``connections`` kept connections and return how many a second were answered 2xx.

    One thread with a selector: threads of their own would fight for the interpreter and measure that.

    Raises:
        RuntimeError: one was answered with something else, or not at all.
    """
    waiting = iter(requests)
    selector = selectors.DefaultSelector()
    open_connections = [connect(port) for _ in range(connections)]
    try:
        began = time.perf_counter()
        under_way = 0
        for connection in open_connections:
            selector.register(connection, selectors.EVENT_READ)
            under_way += _send_next(connection, waiting)
        while under_way:
            ready = selector.select(SILENCE_SECONDS)
            if not ready:
                raise RuntimeError(f"No answer came within {SILENCE_SECONDS:.0f} seconds.")
            for key, _events in ready:
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                _read_answer(connection)
                under_way += _send_next(connection, waiting) - 1
        return len(requests) / (time.perf_counter() - began)
    finally:
        selector.close()
        for connection in open_connections:
            connection.close()


def send_one(connection: socket.socket, request: bytes) -> float:
    """Send one request and return the time of its answer, by the monotonic clock. Raises ``RuntimeError`` as above."""
    connection.sendall(request)
    _read_answer(connection)
    return time.monotonic()


def connect(port: int) -> socket.socket:
    """Return a connection that is kept, without waiting to fill packets."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send_next(connection: socket.socket, waiting: Iterator[bytes]) -> int:
    request = next(waiting, None)
    if request is None:
        return 0
    connection.sendall(request)
    return 1


def _read_answer(connection: socket.socket) -> None:
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise RuntimeError("The server closed the connection instead of answering.")
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    length = _content_length(head)
    while len(rest) < length:
        rest += connection.recv(65536)
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"A request was answered with: {head.splitlines()[0].decode()} {rest[:200]!r}")


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    start = at + len(b"\r\ncontent-length:")
    end = lower.find(b"\r\n", start)
    return int(lower[start : end if end >= 0 else None])
