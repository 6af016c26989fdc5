"""Twitch's list of who authorizes an app, as a real HTTP server on loopback: ``GET /helix/authorization/users``.

Written from Twitch's reference and importing nothing of the product. Faults are set by assigning to the fields.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.loopback import Connection, LoopbackServer, Request

HANG = 0
"""Stands in ``faults`` for no answer at all."""


@dataclass
class AuthorizationsServer:
    """Twitch. ``granted`` has the scopes of the users who authorize the app; users without are left out of the list."""

    granted: dict[str, list[str]] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    """The users of each call that came as far as being looked at."""
    faults: deque[int] = field(default_factory=deque)
    """Statuses that the next calls are answered with instead."""
    always: int = 200
    poisoned: set[str] = field(default_factory=set)
    """Users with whom a call is refused as a bad request."""
    headers: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    token_status: int = 200

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return self.server.url

    def stop(self) -> None:
        self.server.stop()

    def _answer(self, connection: Connection, request: Request) -> None:
        path = urlsplit(request.target).path
        if path == "/oauth2/token":
            self._token(connection, request)
        elif path == "/helix/authorization/users" and request.method == "GET":
            self._list(connection, request)
        else:
            connection.reply_json({"error": "Not Found", "status": 404, "message": ""}, 404)

    def _token(self, connection: Connection, request: Request) -> None:
        form = parse_qs(request.body.decode())
        assert form["grant_type"] == ["client_credentials"]
        self.tokens += 1
        if self.token_status != 200:
            connection.reply_json({"status": self.token_status, "message": "invalid client secret"}, self.token_status)
            return
        token = f"app-token-{self.tokens}"
        connection.reply_json({"access_token": token, "expires_in": 5000000, "token_type": "bearer"})

    def _list(self, connection: Connection, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer app-token-{self.tokens}":
            _refuse(connection, 401, "Invalid OAuth token")
            return
        asked = parse_qsl(urlsplit(request.target).query)
        assert {name for name, _value in asked} == {"user_id"}
        users = [value for _name, value in asked]
        self.asked.append(users)
        status = self.faults.popleft() if self.faults else self.always
        if status == HANG:
            connection.hang()
        elif status != 200:
            _refuse(connection, status, "no", **self.headers)
        elif not 1 <= len(users) <= 10 or self.poisoned & set(users):
            _refuse(connection, 400, "The ID in user_id is not valid")
        else:
            connection.reply_json({"data": [self._row(user) for user in users if user in self.granted]}, **self.headers)

    def _row(self, user: str) -> dict[str, Any]:
        names = {"user_name": f"User_{user}", "user_login": f"user_{user}"}
        return {"user_id": user, **names, "scopes": self.granted[user], "has_authorized": True}


def _refuse(connection: Connection, status: int, message: str, **headers: str) -> None:
    connection.reply_json({"error": "Refused", "status": status, "message": message}, status, **headers)
