"""Both stand-ins as a studio's app sees them, and as a test sets them up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tests.sandbox.server import Reply, SandboxServer

TOKENS = {"twitch": "/twitch/oauth2/token", "kick": "/kick/oauth/token"}
SUBSCRIPTIONS = {
    "twitch": "/twitch/helix/eventsub/subscriptions",
    "kick": "/kick/public/v1/events/subscriptions",
}
CLAIMS = {"twitch": "/twitch/helix/entitlements/drops", "kick": "/kick/public/v1/drops/claims"}
SECRET = "a-secret-of-the-subscription"
Query = Mapping[str, str] | Sequence[tuple[str, str]]


class Platforms:
    """``server`` is the sandbox; the app's tokens are got when they are first needed."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self._tokens: dict[str, str] = {}

    def app_token(self, platform: str) -> str:
        """An app token that works, as long as no faults are on."""
        if platform not in self._tokens:
            form = {
                "grant_type": "client_credentials",
                "client_id": f"{platform}-client",
                "client_secret": f"{platform}-secret",
            }
            self._tokens[platform] = self.server.post(TOKENS[platform], form).json()["access_token"]
        return self._tokens[platform]

    def forget_tokens(self) -> None:
        """Have new ones got."""
        self._tokens.clear()

    def headers(self, platform: str, token: str | None = None) -> dict[str, str]:
        """What a call as the app carries, or as whoever ``token`` is of."""
        headers = {"Authorization": f"Bearer {token or self.app_token(platform)}"}
        return headers | ({"Client-Id": "twitch-client"} if platform == "twitch" else {})

    def get(self, path: str, query: Query = (), *, token: str | None = None) -> Reply:
        """GET as the app of the platform that ``path`` begins with."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self.server.get(target, headers=self.headers(path.split("/")[1], token))

    def send(self, method: str, path: str, content: Any = None, *, token: str | None = None) -> Reply:
        """Send JSON as the app."""
        return self.server.send_json(method, path, content, headers=self.headers(path.split("/")[1], token))

    def faults(self, platform: str, **values: Any) -> dict[str, Any]:
        """Set exactly these faults."""
        reply = self.server.send_json("PUT", f"/console/{platform}/faults.json", values)
        assert reply.status == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def make_claims(self, platform: str, count: int, **options: Any) -> dict[str, Any]:
        """Make claims; nothing is sent unless ``webhooks`` says so."""
        content = {"webhooks": False, "count": count} | options
        reply = self.server.send_json("POST", f"/console/{platform}/claims.json", content)
        assert reply.status == 200, reply.text
        made: dict[str, Any] = reply.json()
        return made

    def by_status(self, platform: str) -> dict[str, int]:
        """How many claims have which status."""
        found: dict[str, int] = self.server.get(f"/console/{platform}/claims.json").json()["by_status"]
        return found

    def switch(self, platform: str, user_id: str, **values: Any) -> Reply:
        """Have a channel go live or offline."""
        content = {"user_id": user_id} | values
        return self.server.send_json("PUT", f"/console/{platform}/streams.json", content)

    def subscriptions(self, platform: str) -> list[dict[str, Any]]:
        """The app's subscriptions, as the console knows them."""
        found: list[dict[str, Any]] = self.server.get(f"/console/{platform}/subscriptions.json").json()["subscriptions"]
        return found

    def subscribe(self, kind: str, condition: dict[str, str], callback: str, /, **changed: Any) -> Reply:
        """Ask Twitch for a subscription."""
        body = {
            "type": kind,
            "version": "1",
            "condition": condition,
            "transport": {"method": "webhook", "callback": callback, "secret": SECRET},
        }
        if kind == "drop.entitlement.grant":
            body["is_batching_enabled"] = True
        return self.send("POST", SUBSCRIPTIONS["twitch"], body | changed)

    def subscribed(self, kind: str, condition: dict[str, str], callback: str) -> str:
        """A subscription of Twitch's that is enabled."""
        subscription_id: str = self.subscribe(kind, condition, callback).json()["data"][0]["id"]
        self.wait(lambda: self.status_of(subscription_id) == "enabled")
        return subscription_id

    def status_of(self, subscription_id: str) -> str:
        """How a subscription of Twitch's stands."""
        return next(str(one["status"]) for one in self.subscriptions("twitch") if one["id"] == subscription_id)

    def wait(self, reached: Callable[[], bool]) -> None:
        """The challenge is sent beside the answer: look until ``reached``."""
        deadline = time.monotonic() + 10
        while not reached():
            assert time.monotonic() < deadline, self.subscriptions("twitch")
            time.sleep(0.02)

    def webhook_url(self, platform: str, url: str) -> None:
        """Register the app's webhook URL in the console."""
        form = {
            "form": "app",
            "client_id": f"{platform}-client",
            "client_secret": f"{platform}-secret",
            "redirect_uris": f"http://localhost:8000/accounts/{platform}/login/callback/",
            "organization_id": {"twitch": "9001", "kick": "01M7XMK6ZFG32QC5MM7M60S9RN"}[platform],
            "webhook_url": url,
            "webhook_secret": "eventsub-secret-01",
        }
        assert self.server.submit(f"/console/{platform}/", form).status == 302

    def clear(self) -> None:
        """End faults, streams and subscriptions."""
        for platform, path in SUBSCRIPTIONS.items():
            self.faults(platform)
            for one in self.server.get(f"/console/{platform}/streams.json").json()["live"]:
                self.switch(platform, one["user_id"], live=False)
            for subscription in self.subscriptions(platform):
                self.send("DELETE", f"{path}?id={subscription['id']}")
