"""The claims APIs of Twitch and Kick as a real HTTP server on loopback: app tokens, lists and updates of claims.

Written from the platforms' documents and importing nothing of the product. Faults are set by assigning to the fields.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.loopback import Connection, LoopbackServer, Request

HANG = 0
"""Stands in ``faults`` for no answer at all."""

_STATUSES = {
    "twitch": ("fulfillment_status", "CLAIMED", "FULFILLED"),
    "kick": ("external_status", "initiated", "processed"),
}


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
    """Kick: whether the last page is without a cursor; else a page without claims comes after it."""
    list_headers: dict[str, str] = field(default_factory=dict)
    """What lists are answered with besides."""
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
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
        """List one claim more: what the platform does not tell of it (Twitch the campaign, Kick the category) is left out."""
        if self.shape == "twitch":
            item: dict[str, Any] = {
                "id": claim_id,
                "benefit_id": reward,
                "timestamp": granted_at,
                "user_id": user,
                "game_id": category,
                "last_updated": granted_at,
            }
        else:
            item = {
                "claim_id": claim_id,
                "user_id": int(user),
                "campaign_id": campaign,
                "reward_id": reward,
                "external_id": external_id,
                "created_at": granted_at,
                "updated_at": granted_at,
            }
        with self._lock:
            self.claims.append(item)
        return item

    def _answer(self, connection: Connection, request: Request) -> None:
        path = request.target.partition("?")[0]
        if (request.method, path) in (("POST", "/oauth2/token"), ("POST", "/oauth/token")):
            self._token(connection, request)
        elif (request.method, path) in (
            ("PATCH", "/helix/entitlements/drops"),
            ("PATCH", "/public/v1/drops/claims"),
        ):
            self._update(connection, request)
        elif (request.method, path) in (("GET", "/helix/entitlements/drops"), ("GET", "/public/v1/drops/claims")):
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
        token = request.headers["authorization"].removeprefix("Bearer ")
        with self._lock:
            known = token in self.tokens and token not in self.ended
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
        size_name, cursor_name = ("first", "after") if self.shape == "twitch" else ("limit", "cursor")
        with self._lock:
            start = self._place(asked.get(cursor_name, ""))
            places = [place for place, item in enumerate(self.claims) if self._is_asked_for(item, asked)]
            before, after = ([p for p in places if p < start], [p for p in places if p >= start])
            taken = after[: int(asked[size_name])]
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
            connection.reply_json(self._page(page, following), **self.list_headers)

    def _page(self, page: list[Any], following: int | None) -> dict[str, Any]:
        if self.shape == "twitch":
            return {"data": page, "pagination": {} if following is None else {"cursor": f"at-{following}"}}
        cursor = self._id(page[-1]) if page and (following is not None or not self.says_the_end) else ""
        return {"data": {"claims": page or None, "cursor": cursor}, "message": "OK"}

    def _place(self, cursor: str) -> int:
        """Return where a page begins, counted over all claims: what becomes done meanwhile moves nothing."""
        if not cursor:
            return 0
        if self.shape == "twitch":
            return int(cursor.removeprefix("at-"))
        return next(place for place, item in enumerate(self.claims, start=1) if self._id(item) == cursor)

    def _id(self, item: Any) -> str:
        return str(item.get("id" if self.shape == "twitch" else "claim_id")) if isinstance(item, dict) else ""

    def _as_it_stands(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        name, is_open, is_done = _STATUSES[self.shape]
        return {name: is_done if self._id(item) in self.marked else is_open, **item}

    def _is_asked_for(self, item: Any, asked: dict[str, str]) -> bool:
        if not isinstance(item, dict):
            return True
        told = self._as_it_stands(item)
        filters = ("user_id", "game_id", "campaign_id", "fulfillment_status", "external_status")
        return all(str(told.get(name)) == asked[name] for name in filters if name in asked)

    def _update(self, connection: Connection, request: Request) -> None:
        if self._refuses(connection, request, self.faults):
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
