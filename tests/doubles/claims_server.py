"""The claims APIs of Twitch and Kick as a real HTTP server on loopback: app tokens, and updates of claims.

Written from the platforms' documents and importing nothing of the product. Faults are set by assigning to the fields.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.loopback import Connection, LoopbackServer, Request

HANG = 0
"""Stands in ``faults`` for no answer at all."""


@dataclass
class ClaimsServer:
    """One platform, ``twitch`` or ``kick``. ``marked`` holds the claims that were set to done, by how often."""

    shape: str
    marked: dict[str, int] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    """Twitch: what is answered about single ids; the others are SUCCESS. Kick: a call with one of them changes nothing."""
    faults: deque[int] = field(default_factory=deque)
    """Statuses that the next updates are answered with instead."""
    headers: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    batches: list[list[str]] = field(default_factory=list)
    lifetime: int = 3600
    token_status: int = 200
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return self.server.url

    def _answer(self, connection: Connection, request: Request) -> None:
        path = request.target.partition("?")[0]
        if (request.method, path) in (("POST", "/oauth2/token"), ("POST", "/oauth/token")):
            self._token(connection, request)
        elif (request.method, path) in (
            ("PATCH", "/helix/entitlements/drops"),
            ("PATCH", "/public/v1/drops/claims"),
        ):
            self._update(connection, request)
        else:
            connection.reply_json({"message": "no such call"}, status=404)

    def _token(self, connection: Connection, request: Request) -> None:
        form = parse_qs(request.body.decode())
        if self.token_status != 200:
            connection.reply_json({"message": "invalid client secret"}, status=self.token_status)
            return
        assert form["grant_type"] == ["client_credentials"]
        with self._lock:
            token = f"app-token-{len(self.tokens) + 1}"
            self.tokens.append(token)
        connection.reply_json({"access_token": token, "expires_in": self.lifetime, "token_type": "bearer"})

    def _update(self, connection: Connection, request: Request) -> None:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if token not in self.tokens or token in self.ended:
            connection.reply_json({"message": "Invalid OAuth token"}, status=401)
            return
        with self._lock:
            fault = self.faults.popleft() if self.faults else None
        if fault == HANG:
            connection.hang()
            return
        if fault is not None:
            connection.reply_json({"message": "fault"}, status=fault, **self.headers)
            return
        body = json.loads(request.body)
        ids = _ids(self.shape, body)
        assert 1 <= len(ids) <= 100
        self.batches.append(ids)
        self._mark(connection, ids)

    def _mark(self, connection: Connection, ids: list[str]) -> None:
        if self.shape == "kick" and self.results.keys() & set(ids):
            connection.reply_json({"data": None, "message": "Not Found"}, status=404)
            return
        groups: dict[str, list[str]] = {}
        with self._lock:
            for claim_id in ids:
                result = self.results.get(claim_id, "SUCCESS")
                groups.setdefault(result, []).append(claim_id)
                if result == "SUCCESS":
                    self.marked[claim_id] = self.marked.get(claim_id, 0) + 1
        if self.shape == "kick":
            connection.reply(204)
        else:
            told = [{"status": result, "ids": some} for result, some in groups.items() if result != "SILENCE"]
            connection.reply_json({"data": told})


def _ids(shape: str, body: Any) -> list[str]:
    if shape == "twitch":
        assert body["fulfillment_status"] == "FULFILLED"
        assert set(body) == {"entitlement_ids", "fulfillment_status"}
        return list(body["entitlement_ids"])
    assert all(set(one) == {"claim_id", "external_status"} for one in body["claims"])
    assert {one["external_status"] for one in body["claims"]} == {"processed"}
    return [one["claim_id"] for one in body["claims"]]
