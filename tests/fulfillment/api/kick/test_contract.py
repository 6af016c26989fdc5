"""Kick's shape keeps the contract of every shape, also with several at the same moment (A1 to A5, D3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.http import HttpResponse

from tests.fulfillment.api.contract import ClaimsContract
from tests.fulfillment.api.contract_players import PlayersTokenContract
from tests.fulfillment.api.contract_together import TogetherContract
from tests.fulfillment.api.kick.backend import CLAIMS, data_of, refusal_of

pytestmark = pytest.mark.django_db


class Kick(ClaimsContract):
    """How Kick's shape is asked and how it answers."""

    platform = "kick"
    other_platform = "twitch"
    filters = ("claim_id", "user_id", "campaign_id")
    id_field = "claim_id"
    status_field = "external_status"
    statuses = {False: "initiated", True: "processed"}
    missing_scope = 403
    path = CLAIMS

    def ask(self, headers: dict[str, str], **asked: Any) -> HttpResponse:
        asked.pop("game_id", None)
        asked["cursor"] = asked.pop("after", None)
        if "fulfilled" in asked:
            asked["external_status"] = self.statuses[asked.pop("fulfilled")]
        parameters = {name: value for name, value in asked.items() if value is not None}
        response = self.http.get(CLAIMS, parameters, headers=headers)
        assert isinstance(response, HttpResponse)
        return response

    def update(self, headers: dict[str, str], ids: Sequence[str], *, fulfilled: bool = True) -> HttpResponse:
        rows = [{"claim_id": claim_id, "external_status": self.statuses[fulfilled]} for claim_id in ids]
        response = self.http.patch(CLAIMS, {"claims": rows}, content_type="application/json", headers=headers)
        assert isinstance(response, HttpResponse)
        return response

    def items(self, response: HttpResponse) -> list[dict[str, Any]]:
        return list(data_of(response)["claims"])

    def cursor(self, response: HttpResponse) -> str | None:
        """Kick's last page is the one without claims."""
        data = data_of(response)
        return data["cursor"] if data["claims"] else None

    def place_of(self, response: HttpResponse) -> str:
        return str(data_of(response)["cursor"])

    def not_updated(self, response: HttpResponse) -> set[str]:
        if response.status_code == 204:
            assert response.content == b""
            return set()
        status, message = refusal_of(response)
        named = re.fullmatch(r"Not updated: (.+)\. All others were\.", message)
        assert named, message
        parts = [part.partition(" (") for part in named[1].split("; ")]
        assert status == (404 if any(why == "no such claim)" for _ids, _, why in parts) else 409)
        return {claim_id for ids, _, _why in parts for claim_id in ids.split(", ")}

    def message(self, response: HttpResponse) -> str:
        assert response["Content-Type"].startswith("application/json")
        return refusal_of(response)[1]


class TestKickClaims(Kick, PlayersTokenContract):
    """The contract of every shape."""


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestKickTogether(Kick, TogetherContract):
    """The contract, with several at the same moment."""
