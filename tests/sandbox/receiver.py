"""A real HTTP server on loopback that keeps what it receives: the portal's place in the sandbox's tests."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request, headers with lower-case names."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Listens while the ``with`` block runs; answers ``status`` with ``answer``, or Twitch's challenge if ``echoes``."""

    status: int = 200
    answer: bytes = b"thanks"
    echoes: bool = False
    requests: list[Received] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.command, self.path, headers, self.rfile.read(length))
                receiver.requests.append(received)
                answer = receiver.answer_to(received)
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET = handle_any

            def log_message(self, format: str, *args: object) -> None:
                """Quiet: the tests look at ``requests``."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def answer_to(self, request: Received) -> bytes:
        """The body of the answer."""
        asked = request.headers.get("twitch-eventsub-message-type") == "webhook_callback_verification"
        return str(request.json()["challenge"]).encode() if self.echoes and asked else self.answer

    def of_type(self, message_type: str) -> list[Received]:
        """Twitch's messages of one type."""
        return [one for one in self.requests if one.headers.get("twitch-eventsub-message-type") == message_type]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?from=sandbox"

    def only(self) -> Received:
        """The one request that came; fails if there was none or there were more."""
        assert len(self.requests) == 1, f"{len(self.requests)} requests came"
        return self.requests[0]
