"""The event subscriptions of Twitch and Kick as a real HTTP server on loopback: listed, made, ended, revoked.

Written from the platforms' documents and importing nothing of the product. Faults are set by assigning to the fields.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.loopback import Connection, LoopbackServer, Request

HANG = 0
"""Stands in ``faults`` for no answer at all."""

PENDING = "webhook_callback_verification_pending"
_SUBJECTS = {
    "drop.entitlement.grant": "organization_id",
    "user.authorization.revoke": "client_id",
    "stream.online": "broadcaster_user_id",
    "stream.offline": "broadcaster_user_id",
}
_PATHS = {"twitch": "/helix/eventsub/subscriptions", "kick": "/public/v1/events/subscriptions"}


@dataclass
class There:
    """One subscription as the platform has it."""

    id: str
    type: str
    subject: str
    callback: str = ""
    secret: str = ""
    status: str = "enabled"

    @property
    def topic(self) -> tuple[str, str]:
        return self.type, self.subject


@dataclass
class SubscriptionsServer:
    """One platform, ``twitch`` or ``kick``."""

    shape: str
    there: list[There] = field(default_factory=list)
    faults: dict[str, deque[int]] = field(default_factory=dict)
    """Statuses that the next calls of a method are answered with instead."""
    always: dict[str, int] = field(default_factory=dict)
    """Statuses that every creation about a subject is answered with."""
    headers: dict[str, str] = field(default_factory=dict)
    verifies: bool = True
    """Whether what is made is enabled at once, the address having been checked."""
    down: bool = False
    https_only: bool = False
    page_size: int = 100
    longest_list: int = 10**6
    """A list of more is answered with more than anybody reads."""
    before_answer: Callable[[str], None] | None = None
    """Called with the method once a call has had its effect, and before it is answered."""
    calls: Counter[str] = field(default_factory=Counter)
    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    _number: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return self.server.url

    def stop(self) -> None:
        self.server.stop()

    def add(self, type: str, subject: str, **fields: Any) -> There:
        """Have a subscription that nobody asked for through this server."""
        with self._lock:
            self._number += 1
            one = There(f"sub-{self._number}", type, subject, **fields)
            self.there.append(one)
        return one

    def of(self, type: str, subject: str) -> list[There]:
        return [one for one in self.there if one.topic == (type, subject)]

    def verify(self) -> None:
        """Find that every address is the subscriber's."""
        for one in self.there:
            one.status = "enabled" if one.status == PENDING else one.status

    def revoke(self, one: There, status: str = "notification_failures_exceeded") -> None:
        """End a subscription: Twitch lists it on for a while, Kick no longer."""
        if self.shape == "kick":
            self.there.remove(one)
        one.status = status

    def fail(self, method: str, *statuses: int) -> None:
        self.faults.setdefault(method, deque()).extend(statuses)

    def _answer(self, connection: Connection, request: Request) -> None:
        path = urlsplit(request.target).path
        if path in ("/oauth2/token", "/oauth/token"):
            connection.reply_json({"access_token": "app-token", "expires_in": 36000, "token_type": "bearer"})
            return
        assert path == _PATHS[self.shape], path
        assert request.headers["authorization"] == "Bearer app-token"
        with self._lock:
            self.calls[request.method] += 1
            queue = self.faults.get(request.method)
            fault = 503 if self.down else queue.popleft() if queue else None
        if fault == HANG:
            connection.close()
        elif fault is not None:
            connection.reply_json({"message": "fault"}, fault, **self.headers)
        else:
            query = dict(parse_qsl(urlsplit(request.target).query))
            {"GET": self._list, "POST": self._create, "DELETE": self._delete}[request.method](
                connection, request, query
            )

    def _told(self, method: str) -> None:
        if self.before_answer is not None:
            self.before_answer(method)

    def _list(self, connection: Connection, request: Request, query: dict[str, str]) -> None:
        with self._lock:
            channel = query.get("user_id") or query.get("broadcaster_user_id")
            rows = [one for one in self.there if not channel or one.subject == channel]
        if self.shape == "kick":
            if len(rows) > self.longest_list:
                connection.reply(200, b'{"data":"' + b"x" * 100_000 + b'"}', Content_Type="application/json")
                return
            data = [{"id": r.id, "event": r.type, "broadcaster_user_id": int(r.subject)} for r in rows]
            connection.reply_json({"data": data, "message": "OK"})
            return
        start = int(query.get("after", "0"))
        page = rows[start : start + self.page_size]
        more = start + self.page_size < len(rows)
        pagination = {"cursor": str(start + self.page_size)} if more else {}
        connection.reply_json({"data": [_twitch(one) for one in page], "pagination": pagination})

    def _create(self, connection: Connection, request: Request, query: dict[str, str]) -> None:
        asked = self._asked(json.loads(request.body))
        if asked.subject in self.always:
            connection.reply_json({"message": "not this one"}, self.always[asked.subject])
            return
        if self.https_only and not asked.callback.startswith("https://"):
            connection.reply_json({"message": "callback must be https"}, 400)
            return
        with self._lock:
            same = [one for one in self.there if (one.topic, one.callback) == (asked.topic, asked.callback)]
            if self.shape == "twitch" and same:
                connection.reply_json({"message": "subscription already exists"}, 409)
                return
            self._number += 1
            asked.id = f"sub-{self._number}"
            asked.status = "enabled" if self.verifies or self.shape == "kick" else PENDING
            self.there.append(asked)
            self.made[asked.topic] += 1
        self._told("POST")
        if self.shape == "kick":
            row = {"name": asked.type, "version": 1, "subscription_id": asked.id}
            connection.reply_json({"data": [row], "message": "OK"})
        else:
            # Twitch answers before it has checked the address.
            connection.reply_json({"data": [{**_twitch(asked), "status": PENDING}], "total": 1}, 202)

    def _asked(self, body: Any) -> There:
        if self.shape == "kick":
            (event,) = body["events"]
            assert body["method"] == "webhook"
            return There("", event["name"], str(body["broadcaster_user_id"]))
        assert body["transport"]["method"] == "webhook"
        assert body.get("is_batching_enabled", False) is (body["type"] == "drop.entitlement.grant")
        subject = body["condition"][_SUBJECTS[body["type"]]]
        transport = body["transport"]
        assert 10 <= len(transport["secret"]) <= 100
        return There("", body["type"], subject, transport["callback"], transport["secret"])

    def _delete(self, connection: Connection, request: Request, query: dict[str, str]) -> None:
        with self._lock:
            known = [one for one in self.there if one.id == query["id"]]
            self.there = [one for one in self.there if one.id != query["id"]]
        self._told("DELETE")
        connection.reply(204) if known else connection.reply_json({"message": "not found"}, 404)


def _twitch(one: There) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status,
        "type": one.type,
        "version": "1",
        "condition": {_SUBJECTS.get(one.type, "broadcaster_user_id"): one.subject},
        "created_at": "2026-11-20T11:00:00Z",
        "transport": {"method": "webhook", "callback": one.callback},
        "cost": 0,
    }
