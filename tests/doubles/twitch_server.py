"""Twitch with its Viewer Heartbeat Service as a real HTTP server on loopback: sign-in, tokens that end, connections.

Written from Twitch's documents and importing nothing of the product. Faults are put in a queue for each path.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.doubles.oauth_server import ACCESS_TOKEN, REFRESH_TOKEN, Json, OAuthServer
from tests.loopback import Connection, Request

VHS = "/kraken/user/vhs"
TOKEN = "/oauth2/token"
VALIDATE = "/oauth2/validate"
REVOKE = "/oauth2/revoke"
SCOPE = "viewing_activity_read"
HANG = 0
"""Stands in a queue of faults for no answer at all."""


@dataclass
class Grant:
    """What one user has given: an access and a refresh token that live and die together with the user's consent."""

    user_id: str
    scopes: list[str]
    access: str
    refresh: str
    expired: bool = False
    ended: bool = False


@dataclass
class TwitchServer(OAuthServer):
    """Twitch. ``connections`` is what heartbeats would name users by; ``calls`` lists what was asked, method and path."""

    shape: str = "twitch"
    grants: list[Grant] = field(default_factory=list)
    connections: dict[str, str] = field(default_factory=dict)
    faults: dict[tuple[str, str], deque[tuple[int, Json]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    spends_refresh_tokens: bool = True
    lifetime: int = 14400
    _scopes: dict[str, list[str]] = field(default_factory=dict)
    _number: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.paths |= {VHS: self._vhs, VALIDATE: self._validate, REVOKE: self._revoke}

    def consent(self, address: str, person: Json) -> str:
        back = super().consent(address, person)
        code = dict(parse_qsl(urlsplit(back).query))["code"]
        self._scopes[code] = dict(parse_qsl(urlsplit(address).query)).get("scope", "").split()
        return back

    def grant(self, user_id: str, *, scopes: list[str] | None = None) -> Grant:
        """Give a user's tokens out without a sign-in, as an earlier one would have."""
        with self._lock:
            self._number += 1
            made = Grant(user_id, [SCOPE] if scopes is None else scopes, f"access-{self._number}-of-{user_id}", "")
            made.refresh = f"refresh-{self._number}-of-{user_id}"
            self.grants.append(made)
        return made

    def end(self, user_id: str) -> None:
        """Have a user disconnect the app: all tokens end, and Twitch reports the user no longer."""
        for one in self.grants:
            one.ended = one.ended or one.user_id == user_id
        self.connections.pop(user_id, None)

    def fail(self, method: str, path: str, *answers: int, **headers: str) -> None:
        """Answer the next calls with these statuses; 0 stands for no answer."""
        self.faults.setdefault((method, path), deque()).extend((status, headers) for status in answers)

    def count(self, method: str, path: str) -> int:
        return self.calls.count((method, path))

    def _answer(self, connection: Connection, request: Request) -> None:
        path = urlsplit(request.target).path
        with self._lock:
            self.calls.append((request.method, path))
            queue = self.faults.get((request.method, path))
            fault = queue.popleft() if queue else None
        if fault is None:
            super()._answer(connection, request)
        elif fault[0] == HANG:
            connection.hang()
        else:
            connection.reply_json({"status": fault[0], "message": "no"}, fault[0], **fault[1])

    def _alive(self, request: Request) -> Grant | None:
        given = request.headers.get("authorization", "").removeprefix("OAuth ")
        return next((g for g in self.grants if g.access == given and not g.ended and not g.expired), None)

    def _vhs(self, connection: Connection, request: Request) -> None:
        grant = self._alive(request)
        assert request.headers["accept"] == "application/vnd.twitchtv.v5+json"
        if request.headers.get("client-id") != self.client_id or grant is None:
            connection.reply_json({"error": "Unauthorized", "status": 401, "message": "invalid oauth token"}, 401)
        elif (SCOPE if request.method != "GET" else "user_read") not in grant.scopes:
            connection.reply_json({"error": "Forbidden", "status": 403, "message": "missing scope"}, 403)
        elif request.method == "PUT":
            self.connections[grant.user_id] = json.loads(request.body)["identifier"]
            connection.reply(204)
        elif grant.user_id not in self.connections:
            connection.reply_json({"error": "Not Found", "status": 404, "message": "no connection"}, 404)
        elif request.method == "DELETE":
            del self.connections[grant.user_id]
            connection.reply(204)
        else:
            connection.reply_json({"identifier": self.connections[grant.user_id]})

    def _token(self, connection: Connection, request: Request) -> None:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != "refresh_token":
            super()._token(connection, request)
            self._remember(form)
            return
        self.token_requests.append(form)
        known = next((g for g in self.grants if g.refresh == form.get("refresh_token")), None)
        if form.get("client_secret") != self.client_secret:
            connection.reply_json({"status": 403, "message": "invalid client secret"}, 403)
        elif known is None:
            connection.reply_json({"status": 400, "message": "Invalid refresh token"}, 400)
        elif known.ended:
            connection.reply_json({"status": 401, "message": ""}, 401)
        else:
            fresh = self.grant(known.user_id, scopes=known.scopes)
            known.expired = True
            if self.spends_refresh_tokens:
                known.refresh = ""
            else:
                fresh.refresh = known.refresh
            connection.reply_json({
                "access_token": fresh.access,
                "refresh_token": fresh.refresh,
                "expires_in": self.lifetime,
                "scope": fresh.scopes,
                "token_type": "bearer",
            })  # fmt: skip

    def _remember(self, form: Json) -> None:
        """Know the tokens that a sign-in gave out."""
        given = self.codes.get(form.get("code", ""))
        if given is not None and given.used:
            user, scopes = given.person["id"], self._scopes.get(form["code"], [])
            self.grants.append(Grant(user, scopes, f"{ACCESS_TOKEN}-{form['code']}", REFRESH_TOKEN))

    def _validate(self, connection: Connection, request: Request) -> None:
        grant = self._alive(request)
        if grant is None:
            connection.reply_json({"status": 401, "message": "invalid access token"}, 401)
        else:
            facts = {"login": "somebody", "user_id": grant.user_id, "scopes": grant.scopes, "expires_in": self.lifetime}
            connection.reply_json({"client_id": self.client_id, **facts})

    def _revoke(self, connection: Connection, request: Request) -> None:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        grant = next((g for g in self.grants if g.access == form.get("token") and not g.ended), None)
        if grant is None:
            connection.reply_json({"status": 400, "message": "Invalid token"}, 400)
        else:
            grant.ended = True
            connection.reply(200)
