"""Thousands of WebSockets from one thread, as cheap as can be: prebuilt masked frames over raw sockets, one poll."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress

from websockets.frames import Frame, Opcode

SILENCE_SECONDS = 60.0
"""Where nothing comes for so long the benchmark ends."""

OPENED_AT_ONCE = 64
_BLOCK = 262_144
_SHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def text_frame(text: str) -> bytes:
    """Return a client's frame with this text. It can be sent any number of times, on any connection."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


class Sockets:
    """Open WebSockets, by number. Nothing blocks but :meth:`pump`; what a server sends is read there and only there."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._request = _SHAKE.format(path=path).encode()
        self._poll = select.epoll()
        self._sockets: list[socket.socket] = []
        self._number: dict[int, int] = {}
        self._read: list[bytearray] = []
        self._unsent: dict[int, bytearray] = {}
        self.closed: dict[int, int] = {}
        """Close codes, by number, of the connections that the server has closed."""

    def __len__(self) -> int:
        return len(self._sockets)

    def __enter__(self) -> Sockets:
        return self

    def __exit__(self, *error: object) -> None:
        for one in self._sockets:
            one.close()
        self._poll.close()

    def open(self, count: int) -> None:
        """Open so many more, a few at once. Raises ``RuntimeError`` where one is refused."""
        for start in range(0, count, OPENED_AT_ONCE):
            fresh = [self._connect() for _ in range(min(OPENED_AT_ONCE, count - start))]
            for one in fresh:
                one.sendall(self._request)
            for one in fresh:
                self._take(one, _read_head(one))

    def _connect(self) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self._port), timeout=SILENCE_SECONDS)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return one

    def _take(self, one: socket.socket, rest: bytes) -> None:
        one.setblocking(False)
        self._number[one.fileno()] = len(self._sockets)
        self._sockets.append(one)
        self._read.append(bytearray(rest))
        self._poll.register(one.fileno(), select.EPOLLIN)

    def send(self, number: int, frame: bytes) -> None:
        """Send a frame; what the connection does not take now goes out while :meth:`pump` runs."""
        waiting = self._unsent.get(number)
        if waiting is not None:
            waiting += frame
            return
        sent = 0
        with suppress(BlockingIOError):
            sent = self._sockets[number].send(frame)
        if sent < len(frame):
            self._unsent[number] = bytearray(memoryview(frame)[sent:])
            self._poll.modify(self._sockets[number].fileno(), select.EPOLLIN | select.EPOLLOUT)

    def pump(self, seconds: float) -> list[tuple[int, bytes]]:
        """Wait at most so long for anything, send what waits, answer pings, and return the messages that have come."""
        found: list[tuple[int, bytes]] = []
        for handle, event in self._poll.poll(seconds, 512):
            number = self._number[handle]
            if event & select.EPOLLOUT:
                self._send_waiting(number)
            if event & ~select.EPOLLOUT:
                self._receive(number, found)
        return found

    def drain(self, seconds: float) -> int:
        """Wait at most so long, send what waits, and drop what has come: return how many bytes that was.

        Cheaper than :meth:`pump`, for what is only counted. A connection that is closed has none, and is noted.
        """
        dropped = 0
        for handle, event in self._poll.poll(seconds, 512):
            number = self._number[handle]
            if event & select.EPOLLOUT:
                self._send_waiting(number)
            if event & ~select.EPOLLOUT:
                dropped += len(self._data(number))
        return dropped

    def wait_for(self, count: int, word: bytes = b"", *, seconds: float = SILENCE_SECONDS) -> list[tuple[int, bytes]]:
        """Return when so many messages with this word have come, and return them.

        Raises ``RuntimeError`` where a connection is closed meanwhile or nothing comes for so many seconds.
        """
        found: list[tuple[int, bytes]] = []
        until = time.monotonic() + seconds
        while len(found) < count:
            some = [one for one in self.pump(1.0) if word in one[1]]
            if some:
                found += some
                until = time.monotonic() + seconds
            if self.closed:
                raise RuntimeError(f"Connections were closed: {sorted(set(self.closed.values()))}.")
            if time.monotonic() > until:
                raise RuntimeError(f"{len(found)} of {count} answers came.")
        return found

    def _send_waiting(self, number: int) -> None:
        waiting = self._unsent.get(number)
        if waiting is not None:
            with suppress(BlockingIOError):
                del waiting[: self._sockets[number].send(waiting)]
            if waiting:
                return
            del self._unsent[number]
        self._poll.modify(self._sockets[number].fileno(), select.EPOLLIN)

    def _data(self, number: int) -> bytes:
        """Return what has come on a connection, nothing where it is closed."""
        try:
            data = self._sockets[number].recv(_BLOCK)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self.closed.setdefault(number, 1006)
            self._poll.unregister(self._sockets[number].fileno())
        return data

    def _receive(self, number: int, found: list[tuple[int, bytes]]) -> None:
        data = self._data(number)
        stored = self._read[number]
        stored += data
        for opcode, payload in _frames(stored):
            if opcode == Opcode.TEXT:
                found.append((number, payload))
            elif opcode == Opcode.PING:
                self.send(number, Frame(Opcode.PONG, payload).serialize(mask=True))
            elif opcode == Opcode.CLOSE:
                self.closed[number] = int.from_bytes(payload[:2], "big")


def answered_bytes(frame: bytes) -> int:
    """Return how many bytes a server takes to send the text of a client's frame back: the same without the mask."""
    return len(frame) - 4


def _frames(stored: bytearray) -> Sequence[tuple[int, bytes]]:
    """Take the whole frames off the front of what a server has sent: their kinds and payloads. None is in fragments."""
    found = []
    at, end = 0, len(stored)
    while end - at >= 2:
        length, start = stored[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(stored[at + 2 : at + 4], "big"), at + 4
        elif length == 127:
            length, start = int.from_bytes(stored[at + 2 : at + 10], "big"), at + 10
        if end < start + length or end < start:
            break
        found.append((stored[at] & 0x0F, bytes(stored[start : start + length])))
        at = start + length
    del stored[:at]
    return found


def _read_head(one: socket.socket) -> bytes:
    """Read the answer to the handshake; return what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = one.recv(4096)
        if not part:
            raise RuntimeError("The server closed a connection instead of opening a WebSocket.")
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"A WebSocket was refused: {head.splitlines()[0].decode()}")
    return rest
