"""A game backend that does nothing but count: ``python -m bench.sink <port>``, a process of its own.

``POST /0`` is answered with 204 at once, ``POST /20`` after 20 milliseconds. ``GET /report`` tells what has come since
the last report, and forgets it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Received:
    """What came since the last report. Times are of the monotonic clock, which all processes of a machine share."""

    at: dict[str, float] = field(default_factory=dict)
    total: int = 0

    def add(self, message_id: str) -> None:
        self.total += 1
        self.at.setdefault(message_id, time.monotonic())

    def report(self) -> dict[str, Any]:
        taken, self.at, total = self.at, {}, self.total
        self.total = 0
        return {"total": total, "at": taken}


class Sink(asyncio.Protocol):
    """One connection. Requests come one after the other on it, never two at once."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if len(rest) < int(headers.get("content-length", 0)):
            return
        self._data = b""
        method, path, _version = line.split(" ")
        if method == "GET":
            self._report()
            return
        self._received.add(headers["webhook-id"])
        delay = int(path.strip("/")) / 1000
        if delay:
            asyncio.get_running_loop().call_later(delay, self._write, _ANSWER)
        else:
            self._write(_ANSWER)

    def _report(self) -> None:
        body = json.dumps(self._received.report()).encode()
        self._write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        self._transport.close()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


async def serve(port: int) -> None:
    """Listen on loopback until the process is ended."""
    received = Received()
    server = await asyncio.get_running_loop().create_server(lambda: Sink(received), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
