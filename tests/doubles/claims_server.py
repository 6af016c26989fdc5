"""A platform's claims API as a real HTTP server on loopback: app tokens, lists and updates of claims.

Written from the platforms' documents and importing nothing of the product. Faults are set by assigning to the fields.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.doubles.shapes import claims_of
from tests.loopback import Connection, LoopbackServer, Request

HANG = 0
"""Stands in ``faults`` for no answer at all."""


@dataclass
class ClaimsServer:
    """One platform, as ``shapes`` has it. ``marked`` holds the claims that were set to done, by how often."""

    shape: str
    marked: dict[str, int] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    """What is answered about single ids; the others are SUCCESS. Kick: a call with one of them changes nothing."""
    faults: deque[int] = field(default_factory=deque)
    """Statuses that the next updates are answered with instead."""
    headers: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    batches: list[list[str]] = field(default_factory=list)
    lifetime: int = 3600
    token_status: int = 200
    claims: list[Any] = field(default_factory=list)
    """What is listed, in this order, each as the platform writes it: see ``add_claim``; anything else is listed, too."""
    lists: list[dict[str, str]] = field(default_factory=list)
    """The parameters of every list that was asked for."""
    list_faults: deque[int] = field(default_factory=deque)
    """Statuses that the next lists are answered with instead."""
    poisoned: dict[str, int] = field(default_factory=dict)
    """Claims with which a page cannot be listed, however it is asked for, and what is answered then."""
    overlap: int = 0
    """How many claims of the page before a page has once more."""
    says_the_end: bool = True
    """Whether the last page is without a cursor; else a page without claims comes after it."""
    list_headers: dict[str, str] = field(default_factory=dict)
    """What lists are answered with besides."""
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.wire = claims_of(self.shape)
        self.server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return self.server.url

    def add_claim(
        self,
        claim_id: str,
        *,
        user: str = "1001",
        reward: str = "reward-1",
        campaign: str = "campaign-1",
        category: str = "493057",
        granted_at: str = "2026-05-01T10:00:00Z",
        external_id: str = "",
    ) -> dict[str, Any]:
        """List one claim more: what the platform does not tell of it is left out."""
        item = self.wire.item(
            claim_id,
            user=user,
            reward=reward,
            campaign=campaign,
            category=category,
            granted_at=granted_at,
            external_id=external_id,
        )
        with self._lock:
            self.claims.append(item)
        return item

    def _answer(self, connection: Connection, request: Request) -> None:
        call = (request.method, request.target.partition("?")[0])
        if call == self.wire.token_call:
            self._token(connection, request)
        elif call == self.wire.update_call:
            self._update(connection, request)
        elif call == self.wire.list_call:
            self._list(connection, request)
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

    def _refuses(self, connection: Connection, request: Request, faults: deque[int]) -> bool:
        token = self.wire.caller(request)
        with self._lock:
            given_out = token in self.tokens if self.wire.token_call else token
            known = given_out and token not in self.ended
            fault = faults.popleft() if known and faults else None
        if not known:
            connection.reply_json({"message": "Invalid OAuth token"}, status=401)
        elif fault == HANG:
            connection.hang()
        elif fault is not None:
            connection.reply_json({"message": "fault"}, status=fault, **self.headers)
        return not known or fault is not None

    def _list(self, connection: Connection, request: Request) -> None:
        asked = dict(parse_qsl(urlsplit(request.target).query))
        with self._lock:
            self.lists.append(asked)
        if self._refuses(connection, request, self.list_faults):
            return
        with self._lock:
            start = self._place(asked.get(self.wire.cursor_name, ""))
            places = [place for place, item in enumerate(self.claims) if self._is_asked_for(item, asked)]
            before, after = ([p for p in places if p < start], [p for p in places if p >= start])
            taken = after[: int(asked[self.wire.size_name])]
            page = [
                self._as_it_stands(self.claims[p]) for p in (before[-self.overlap :] if self.overlap else []) + taken
            ]
        failed = next((self.poisoned[self._id(item)] for item in page if self._id(item) in self.poisoned), None)
        if failed == HANG:
            connection.hang()
        elif failed is not None:
            connection.reply_json({"message": "fault"}, status=failed)
        else:
            following = taken[-1] + 1 if len(taken) < len(after) else None
            connection.reply_json(self.wire.page(page, self._cursor(page, following)), **self.list_headers)

    def _cursor(self, page: list[Any], following: int | None) -> str:
        if not page or (following is None and self.says_the_end):
            return ""
        return self.wire.cursor(len(self.claims) if following is None else following, self._id(page[-1]))

    def _place(self, cursor: str) -> int:
        """Return where a page begins, counted over all claims: what becomes done meanwhile moves nothing."""
        return self.wire.place(cursor, [self._id(item) for item in self.claims]) if cursor else 0

    def _id(self, item: Any) -> str:
        return str(item.get(self.wire.id_name)) if isinstance(item, dict) else ""

    def _as_it_stands(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        status = self.wire.is_done if self._id(item) in self.marked else self.wire.is_open
        return {self.wire.status_name: status, **item}

    def _is_asked_for(self, item: Any, asked: dict[str, str]) -> bool:
        if not isinstance(item, dict):
            return True
        told = self._as_it_stands(item)
        filters = (*self.wire.filters, self.wire.status_name)
        return all(str(told.get(name)) == asked[name] for name in filters if name in asked)

    def _update(self, connection: Connection, request: Request) -> None:
        if self._refuses(connection, request, self.faults):
            return
        body = json.loads(request.body)
        ids = self.wire.ids_told(body)
        assert 1 <= len(ids) <= 100
        self.batches.append(ids)
        self._mark(connection, ids)

    def _mark(self, connection: Connection, ids: list[str]) -> None:
        if self.wire.refuses_all(ids, self.results):
            connection.reply_json({"data": None, "message": "Not Found"}, status=404)
            return
        groups: dict[str, list[str]] = {}
        with self._lock:
            for claim_id in ids:
                result = self.results.get(claim_id, "SUCCESS")
                groups.setdefault(result, []).append(claim_id)
                if result == "SUCCESS":
                    self.marked[claim_id] = self.marked.get(claim_id, 0) + 1
        told = self.wire.answer(groups)
        if told is None:
            connection.reply(204)
        else:
            connection.reply_json(told)
