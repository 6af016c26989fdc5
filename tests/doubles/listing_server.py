"""The lists of claims of Twitch and Kick, and their updates, as a real HTTP server on loopback, over claims of a test.

Written from the platforms' documents and importing nothing of the product. ``poisoned`` names claims and users whose lists
are answered with 500, ``fault`` is asked before each call and may name a status to answer instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from tests.loopback import Connection, LoopbackServer, Request


@dataclass
class There:
    """One claim as the platform has it."""

    claim_id: str
    user_id: str = "7001"
    reward_id: str = "reward"
    campaign_id: str = "campaign"
    category_id: str = ""
    external_id: str = ""
    granted_at: datetime | str = ""
    status: str = ""
    told: int = 0
    """How often it was told as delivered."""


@dataclass
class ListingServer:
    """One platform, ``twitch`` or ``kick``, with its claims in no order that means anything."""

    shape: str
    claims: list[There] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)
    fault: Callable[[dict[str, str]], int | None] = lambda asked: None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    broken: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What single claims are listed as instead."""

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return self.server.url

    def _answer(self, connection: Connection, request: Request) -> None:
        path, _, query = request.target.partition("?")
        if path.endswith("/token"):
            connection.reply_json({"access_token": "app-token", "expires_in": 3600, "token_type": "bearer"})
            return
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        self.asked.append(asked)
        status = self.fault(asked)
        if status is not None:
            connection.reply_json({"message": "fault"}, status=status, **self.headers)
            return
        if request.method == "PATCH":
            self._update(connection, json.loads(request.body))
            return
        found = [claim for claim in self.claims if self._fits(claim, asked)]
        start = int(asked.get("after") or asked.get("cursor") or 0)
        page = found[start : start + int(asked.get("first") or asked.get("limit") or 20)]
        if self.poisoned & ({claim.claim_id for claim in page} | {claim.user_id for claim in page}):
            connection.reply_json({"message": "Internal server error"}, status=500)
            return
        following = str(start + len(page)) if start + len(page) < len(found) else ""
        if self.shape == "twitch":
            pagination = {"cursor": following} if following else {}
            connection.reply_json({"data": [self._item(claim) for claim in page], "pagination": pagination})
        else:
            data = {"claims": [self._item(claim) for claim in page], "cursor": following}
            connection.reply_json({"data": data, "message": "OK"})

    def _update(self, connection: Connection, body: dict[str, Any]) -> None:
        told = body.get("entitlement_ids") or [one["claim_id"] for one in body["claims"]]
        for claim in self.claims:
            if claim.claim_id in told:
                claim.status = "FULFILLED" if self.shape == "twitch" else "processed"
                claim.told += 1
        if self.shape == "twitch":
            connection.reply_json({"data": [{"status": "SUCCESS", "ids": told}]})
        else:
            connection.reply(204)

    def _fits(self, claim: There, asked: dict[str, str]) -> bool:
        wanted = asked.get("fulfillment_status") or asked.get("external_status")
        return (
            claim.user_id == asked.get("user_id", claim.user_id)
            and claim.category_id == asked.get("game_id", claim.category_id)
            and claim.campaign_id == asked.get("campaign_id", claim.campaign_id)
            and (wanted is None or wanted == self._status(claim))
        )

    def _status(self, claim: There) -> str:
        return claim.status or ("CLAIMED" if self.shape == "twitch" else "initiated")

    def _item(self, claim: There) -> dict[str, Any]:
        if claim.claim_id in self.broken:
            return self.broken[claim.claim_id]
        granted = claim.granted_at if isinstance(claim.granted_at, str) else claim.granted_at.isoformat()
        if self.shape == "twitch":
            return {
                "id": claim.claim_id,
                "benefit_id": claim.reward_id,
                "timestamp": granted,
                "user_id": claim.user_id,
                "game_id": claim.category_id,
                "fulfillment_status": self._status(claim),
                "last_updated": granted,
            }
        return {
            "claim_id": claim.claim_id,
            "user_id": int(claim.user_id),
            "campaign_id": claim.campaign_id,
            "reward_id": claim.reward_id,
            "external_id": claim.external_id,
            "external_status": self._status(claim),
            "created_at": granted,
            "updated_at": granted,
        }
