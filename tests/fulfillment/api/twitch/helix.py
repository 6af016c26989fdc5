"""How claims in Twitch's shape are asked for in tests (Helix, Get and Update Drops Entitlements)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from fulfillment.api.twitch.cursors import cursor_of
from fulfillment.models import Claim
from tests.fulfillment.api.shape import Shape, body_of

ENTITLEMENTS = "/helix/entitlements/drops"
NAMES = {"limit": "first", "claim_id": "id"}


class Helix(Shape):
    """How Twitch's shape is asked and how it answers."""

    platform = "twitch"
    other_platform = "kick"
    filters = ("claim_id", "user_id", "game_id")
    id_field = "id"
    status_field = "fulfillment_status"
    statuses = {False: "CLAIMED", True: "FULFILLED"}
    missing_scope = 401
    path = ENTITLEMENTS

    def ask(self, headers: dict[str, str], **asked: Any) -> HttpResponse:
        asked.pop("campaign_id", None)
        if "fulfilled" in asked:
            asked["fulfillment_status"] = self.statuses[asked.pop("fulfilled")]
        return self.get(headers, **{NAMES.get(name, name): one for name, one in asked.items() if one is not None})

    def get(self, headers: dict[str, str] | None = None, **parameters: Any) -> HttpResponse:
        response = self.http.get(ENTITLEMENTS, parameters, headers=self.studio.headers if headers is None else headers)
        assert isinstance(response, HttpResponse)
        return response

    def update(self, headers: dict[str, str], ids: Sequence[str], *, fulfilled: bool = True) -> HttpResponse:
        body = {"entitlement_ids": [*ids], "fulfillment_status": self.statuses[fulfilled]}
        return self.patch(body, headers)

    def patch(self, body: Any, headers: dict[str, str] | None = None, path: str = ENTITLEMENTS) -> HttpResponse:
        headers = self.studio.headers if headers is None else headers
        response = self.http.patch(path, json.dumps(body), content_type="application/json", headers=headers)
        assert isinstance(response, HttpResponse)
        return response

    def items(self, response: HttpResponse) -> list[dict[str, Any]]:
        body = body_of(response)
        assert set(body) == {"data", "pagination"}
        return body["data"]

    def cursor(self, response: HttpResponse) -> str | None:
        pagination = body_of(response)["pagination"]
        assert set(pagination) in (set(), {"cursor"})
        return pagination.get("cursor")

    def place_of(self, response: HttpResponse) -> str:
        number = Claim.objects.get(platform_claim_id=self.items(response)[-1]["id"]).listed_no
        assert number is not None
        return cursor_of(number)

    def not_updated(self, response: HttpResponse) -> set[str]:
        return {one for result, ids in self.results(response).items() if result != "SUCCESS" for one in ids}

    def results(self, response: HttpResponse) -> dict[str, list[str]]:
        assert response.status_code == 200, response.content
        body = body_of(response)
        assert set(body) == {"data"}
        groups = {group["status"]: group["ids"] for group in body["data"]}
        assert len(groups) == len(body["data"])
        assert all(groups.values()), "a group without ids is left out"
        return groups

    def message(self, response: HttpResponse) -> str:
        assert response["Content-Type"].startswith("application/json")
        body = body_of(response)
        assert set(body) == {"error", "status", "message"}
        assert body["status"] == response.status_code
        assert body["error"] == HTTPStatus(response.status_code).phrase
        return body["message"]

    def sees_nothing(self, response: HttpResponse) -> bool:
        return response.status_code == 403 if response.status_code != 200 else not self.items(response)
