"""Twitch's and Kick's APIs as real HTTP servers on loopback, beyond claims: subscriptions, users, categories, streams, tokens.

Written from the platforms' documents and importing nothing of the product. Faults are set by assigning to the fields.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.doubles.claims_server import HANG, ClaimsServer
from tests.loopback import Connection, Request

CREATED_AT = "2026-05-01T10:00:00.123456789Z"

Asked = list[tuple[str, str]]


@dataclass
class Subscription:
    """An event subscription as the platform keeps it. What Kick does not know is empty."""

    id: str
    type: str
    condition: dict[str, Any]
    callback: str = ""
    secret: str = ""
    status: str = "enabled"
    method: str = "webhook"
    batched: bool = False


@dataclass
class PlatformServer(ClaimsServer):
    """What both have in common: whatever is asked for is in these fields."""

    shape: str = ""
    client_id: str = "C"
    users: dict[str, str] = field(default_factory=dict)
    """The names by id; the login is the name in small letters."""
    categories: dict[str, str] = field(default_factory=dict)
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    subscribing_refused: str = ""
    """What the platform says to whoever wants another subscription: it is out of them."""
    calls: list[tuple[str, str, Asked]] = field(default_factory=list)
    """Method, path and query of every call."""
    answers: deque[tuple[int, Any, dict[str, str]]] = field(default_factory=deque)
    """Status, JSON (or bytes) and headers that the next calls are answered with, whatever they ask; 0 is no answer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.routes: dict[tuple[str, str], Callable[[Connection, Request, Asked], None]] = {}

    def fail(self, status: int, value: Any = None, **headers: str) -> None:
        """Answer the next call so, whatever it asks."""
        self.answers.append((status, {"message": "no"} if value is None else value, headers))

    def go_live(self, channel_id: str, *, category: str = "493057", title: str = "On air", viewers: int = 7) -> None:
        """Have a channel stream from now on."""
        self.streams[channel_id] = {"category": category, "title": title, "viewers": viewers}

    def stop(self) -> None:
        """End the server."""
        self.server.stop()

    def _answer(self, connection: Connection, request: Request) -> None:
        split = urlsplit(request.target)
        asked = parse_qsl(split.query)
        with self._lock:
            self.calls.append((request.method, split.path, asked))
            answer = self.answers.popleft() if self.answers else None
        route = self.routes.get((request.method, split.path))
        if answer is not None:
            self._say(connection, *answer)
        elif route is not None:
            route(connection, request, asked)
        else:
            super()._answer(connection, request)

    def _say(self, connection: Connection, status: int, value: Any, headers: dict[str, str]) -> None:
        if status == HANG:
            connection.hang()
        elif isinstance(value, bytes):
            connection.reply(status, value, **headers)
        else:
            connection.reply_json(value, status, **headers)

    def _with_token(self, answer: Callable[[Request, Asked], Any]) -> Callable[[Connection, Request, Asked], None]:
        def route(connection: Connection, request: Request, asked: Asked) -> None:
            if self._refuses(connection, request, self.faults):
                return
            said = answer(request, asked)
            status, value = said if isinstance(said, tuple) else (200, said)
            if status == 204:
                connection.reply(204)
            else:
                connection.reply_json(value, status)

        return route

    def _alive(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").rpartition(" ")[2]
        return token in self.tokens and token not in self.ended

    def _end_token(self, token: str) -> bool:
        known = token in self.tokens and token not in self.ended
        self.ended.add(token)
        return known

    def _drop(self, subscription_id: str) -> bool:
        before = len(self.subscriptions)
        self.subscriptions = [one for one in self.subscriptions if one.id != subscription_id]
        return len(self.subscriptions) < before


@dataclass
class TwitchApi(PlatformServer):
    """Twitch. ``authorized`` has the scopes that users granted the app."""

    shape: str = "twitch"
    authorized: dict[str, list[str]] = field(default_factory=dict)
    page: int = 20
    """How many subscriptions a page has."""

    def __post_init__(self) -> None:
        super().__post_init__()
        subscriptions = "/helix/eventsub/subscriptions"
        self.routes = {
            ("GET", "/helix/users"): self._with_token(self._users),
            ("GET", "/helix/games"): self._with_token(self._games),
            ("GET", "/helix/streams"): self._with_token(self._streams),
            ("GET", "/helix/authorization/users"): self._with_token(self._authorizations),
            ("GET", subscriptions): self._with_token(self._subscriptions),
            ("POST", subscriptions): self._with_token(self._subscribe),
            ("DELETE", subscriptions): self._with_token(self._unsubscribe),
            ("GET", "/oauth2/validate"): self._validate,
            ("POST", "/oauth2/revoke"): self._revoke,
        }

    def _users(self, request: Request, asked: Asked) -> Any:
        assert request.headers["client-id"] == self.client_id
        assert 1 <= len(asked) <= 100
        rows = []
        for user_id, name in self.users.items():
            if ("id", user_id) in asked or ("login", name.lower()) in asked:
                picture = f"https://static.example/{user_id}.png"
                rows.append({"id": user_id, "login": name.lower(), "display_name": name, "profile_image_url": picture})
        return {"data": rows}

    def _games(self, request: Request, asked: Asked) -> Any:
        assert 1 <= len(asked) <= 100
        names = {value: self.categories[value] for _id, value in asked if value in self.categories}
        return {"data": [{"id": value, "name": name, "igdb_id": ""} for value, name in names.items()]}

    def _streams(self, request: Request, asked: Asked) -> Any:
        ids = [value for name, value in asked if name == "user_id"]
        assert len(ids) <= 100
        first = int(dict(asked).get("first", "20"))
        rows = [
            {
                "id": f"stream-{user_id}",
                "user_id": user_id,
                "game_id": self.streams[user_id]["category"],
                "game_name": self.categories.get(self.streams[user_id]["category"], ""),
                "type": "live",
                "title": self.streams[user_id]["title"],
                "viewer_count": self.streams[user_id]["viewers"],
                "started_at": CREATED_AT,
            }
            for user_id in ids
            if user_id in self.streams
        ]
        return {"data": rows[:first], "pagination": {}}

    def _authorizations(self, request: Request, asked: Asked) -> Any:
        assert 1 <= len(asked) <= 10
        rows = [(value, self.authorized[value]) for _name, value in asked if value in self.authorized]
        return {"data": [{"user_id": user_id, "scopes": scopes} for user_id, scopes in rows]}

    def _subscriptions(self, request: Request, asked: Asked) -> Any:
        about = dict(asked).get("user_id")
        listed = [one for one in self.subscriptions if about is None or about in one.condition.values()]
        start = int(dict(asked).get("after", "0"))
        end = start + self.page
        pagination = {"cursor": str(end)} if end < len(listed) else {}
        return {"data": [self._shown(one) for one in listed[start:end]], "total": len(listed), "pagination": pagination}

    def _shown(self, one: Subscription) -> dict[str, Any]:
        transport = (
            {"method": one.method, "callback": one.callback} if one.method == "webhook" else {"method": one.method}
        )
        names = {"drop.entitlement.grant": ["category_id", "campaign_id"]}.get(one.type, [])
        return {
            "id": one.id,
            "status": one.status,
            "type": one.type,
            "version": "1",
            "condition": {**dict.fromkeys(names, ""), **one.condition},
            "created_at": CREATED_AT,
            "transport": transport,
            "cost": 0,
        }

    def _subscribe(self, request: Request, asked: Asked) -> Any:
        body = json.loads(request.body)
        transport = body["transport"]
        wrong = ""
        if body["type"] == "drop.entitlement.grant" and body.get("is_batching_enabled") is not True:
            wrong = "is_batching_enabled must be true for drop.entitlement.grant subscriptions"
        elif not 10 <= len(transport["secret"]) <= 100:
            wrong = "secret must be between 10 and 100 characters"
        if wrong:
            return 400, {"error": "Bad Request", "status": 400, "message": wrong}
        if self.subscribing_refused:
            return 429, {"error": "Too Many Requests", "status": 429, "message": self.subscribing_refused}
        if any((one.type, one.condition) == (body["type"], body["condition"]) for one in self.subscriptions):
            return 409, {"error": "Conflict", "status": 409, "message": "subscription already exists"}
        made = Subscription(
            id=f"subscription-{len(self.subscriptions) + 1}",
            type=body["type"],
            condition=body["condition"],
            callback=transport["callback"],
            secret=transport["secret"],
            status="webhook_callback_verification_pending",
            batched=body.get("is_batching_enabled", False),
        )
        self.subscriptions.append(made)
        return 202, {"data": [self._shown(made)], "total": 1, "total_cost": 0, "max_total_cost": 10000}

    def _unsubscribe(self, request: Request, asked: Asked) -> Any:
        return (204, None) if self._drop(dict(asked)["id"]) else (404, {"status": 404, "message": "not found"})

    def _validate(self, connection: Connection, request: Request, asked: Asked) -> None:
        if self._alive(request):
            connection.reply_json({"client_id": self.client_id, "scopes": None, "expires_in": self.lifetime})
        else:
            connection.reply_json({"status": 401, "message": "invalid access token"}, 401)

    def _revoke(self, connection: Connection, request: Request, asked: Asked) -> None:
        form = parse_qs(request.body.decode())
        if self._end_token(form["token"][0]):
            connection.reply(200)
        else:
            connection.reply_json({"status": 400, "message": "Invalid token"}, 400)


@dataclass
class KickApi(PlatformServer):
    """Kick."""

    shape: str = "kick"
    public_key: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        subscriptions = "/public/v1/events/subscriptions"
        self.routes = {
            ("GET", "/public/v1/users"): self._with_token(self._users),
            ("GET", "/public/v1/channels"): self._with_token(self._channels),
            ("GET", "/public/v2/categories"): self._with_token(self._categories),
            ("GET", "/public/v1/users/livestreams"): self._with_token(self._livestreams),
            ("GET", subscriptions): self._with_token(self._subscriptions),
            ("POST", subscriptions): self._with_token(self._subscribe),
            ("DELETE", subscriptions): self._with_token(self._unsubscribe),
            ("GET", "/public/v1/public-key"): self._key,
            ("POST", "/oauth/token/introspect"): self._introspect,
            ("POST", "/oauth/revoke"): self._revoke,
        }

    def _users(self, request: Request, asked: Asked) -> Any:
        assert {name for name, _value in asked} == {"id"}
        ids = [value for _name, value in asked if value in self.users]
        rows = [{"user_id": int(i), "name": self.users[i], "profile_picture": f"https://f.example/{i}"} for i in ids]
        return {"data": rows, "message": "OK"}

    def _channels(self, request: Request, asked: Asked) -> Any:
        assert len({name for name, _value in asked}) == 1 <= len(asked) <= 50
        rows = []
        for user_id, name in self.users.items():
            if ("broadcaster_user_id", user_id) in asked or ("slug", name.lower()) in asked:
                rows.append({"broadcaster_user_id": int(user_id), "slug": name.lower(), "stream_title": ""})
        return {"data": rows, "message": "OK"}

    def _categories(self, request: Request, asked: Asked) -> Any:
        query = dict(asked)
        found = [value for value in query["id"].split(",") if value in self.categories]
        rows = [{"id": int(value), "name": self.categories[value], "tags": []} for value in found]
        return {"data": rows[: int(query.get("limit", "25"))], "pagination": {"next_cursor": ""}, "message": "OK"}

    def _livestreams(self, request: Request, asked: Asked) -> Any:
        assert {name for name, _value in asked} == {"user_id"} and len(asked) <= 100
        rows = []
        for user_id in (value for _name, value in asked if value in self.streams):
            stream = self.streams[user_id]
            category = {"id": int(stream["category"]), "name": self.categories.get(stream["category"], "")}
            rows.append(
                {
                    "id": f"live-{user_id}",
                    "broadcaster_user": {"id": int(user_id), "username": self.users.get(user_id, "")},
                    "category": category,
                    "channel": {"slug": "x"},
                    "started_at": "2026-05-01T10:00:00Z",
                    "title": stream["title"],
                    "viewer_count": stream["viewers"],
                }
            )
        return {"data": rows, "message": "OK"}

    def _subscriptions(self, request: Request, asked: Asked) -> Any:
        about = dict(asked).get("broadcaster_user_id")
        rows = [
            {
                "app_id": "01JX0000000000000000000000",
                "broadcaster_user_id": one.condition["broadcaster_user_id"],
                "created_at": "2026-05-01T10:00:00Z",
                "event": one.type,
                "id": one.id,
                "method": "webhook",
                "updated_at": "2026-05-01T10:00:00Z",
                "version": 1,
            }
            for one in self.subscriptions
            if about is None or str(one.condition["broadcaster_user_id"]) == about
        ]
        return {"data": rows, "message": "OK"}

    def _subscribe(self, request: Request, asked: Asked) -> Any:
        body = json.loads(request.body)
        assert set(body) == {"method", "broadcaster_user_id", "events"} and body["method"] == "webhook"
        assert isinstance(body["broadcaster_user_id"], int)
        if self.subscribing_refused:
            return 400, {"data": self.subscribing_refused, "message": "Bad request"}
        rows = []
        for event in body["events"]:
            assert event["version"] == 1
            made = Subscription(
                id=f"01SUB{len(self.subscriptions) + 1:021}",
                type=event["name"],
                condition={"broadcaster_user_id": body["broadcaster_user_id"]},
            )
            self.subscriptions.append(made)
            rows.append({"name": made.type, "version": 1, "subscription_id": made.id, "error": ""})
        return {"data": rows, "message": "OK"}

    def _unsubscribe(self, request: Request, asked: Asked) -> Any:
        return (204, None) if self._drop(dict(asked)["id"]) else (404, {"data": None, "message": "Not Found"})

    def _key(self, connection: Connection, request: Request, asked: Asked) -> None:
        connection.reply_json({"data": {"public_key": self.public_key}, "message": "OK"})

    def _introspect(self, connection: Connection, request: Request, asked: Asked) -> None:
        alive = self._alive(request)
        facts: dict[str, Any] = {"active": alive}
        if alive:
            exp = int(time.time()) + self.lifetime
            facts |= {"client_id": self.client_id, "token_type": "app", "scope": "", "exp": exp}
        connection.reply_json({"data": facts, "message": "OK"})

    def _revoke(self, connection: Connection, request: Request, asked: Asked) -> None:
        assert dict(asked)["token_hint_type"] == "access_token"
        self._end_token(dict(asked)["token"])
        connection.reply(200, b"OK")
