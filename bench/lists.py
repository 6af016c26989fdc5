"""A platform that lists claims and takes word of deliveries, and does nothing else: ``python -m bench.lists <port>``.

``GET /<first>/<count>/helix/entitlements/drops`` lists the entitlements numbered from ``first`` on, in Twitch's shape;
every update is answered with SUCCESS, every request for a token with one.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GRANTED = "2026-01-02T03:04:05.678Z"


def item(number: int) -> dict[str, str]:
    """Return one entitlement, of a user of its own."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "benefit_id": "reward-0",
        "timestamp": GRANTED,
        "user_id": str(50_000_000 + number),
        "game_id": "",
        "fulfillment_status": "CLAIMED",
        "last_updated": GRANTED,
    }


class Handler(BaseHTTPRequestHandler):
    """One connection, kept between calls."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/healthz":
            self._answer({})
            return
        first, count = map(int, address.path.split("/")[1:3])
        asked = parse_qs(address.query)
        start, size = int(asked.get("after", ["0"])[0]), int(asked["first"][0])
        end = min(start + size, count)
        pagination = {"cursor": str(end)} if end < count else {}
        self._answer({"data": [item(first + place) for place in range(start, end)], "pagination": pagination})

    def do_POST(self) -> None:
        self._body()
        self._answer({"access_token": "token", "expires_in": 5_000_000, "token_type": "bearer"})

    def do_PATCH(self) -> None:
        ids = json.loads(self._body())["entitlement_ids"]
        self._answer({"data": [{"status": "SUCCESS", "ids": ids}]})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
