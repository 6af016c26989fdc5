"""Kick (Kick, Drops Public API; OAuth 2 flow; Users)."""

from __future__ import annotations

from typing import Any

from tests.doubles.shapes.claims import ClaimsShape, Json
from tests.doubles.shapes.sign_in import SignInShape


class DropsClaims(ClaimsShape):
    token_call = ("POST", "/oauth/token")
    list_call = ("GET", "/public/v1/drops/claims")
    update_call = ("PATCH", "/public/v1/drops/claims")
    id_name = "claim_id"
    status_name, is_open, is_done = "external_status", "initiated", "processed"
    size_name, cursor_name = "limit", "cursor"
    filters = ("user_id", "campaign_id")

    def item(
        self,
        claim_id: str,
        *,
        user: str,
        reward: str,
        campaign: str,
        category: str,
        granted_at: str,
        external_id: str,
    ) -> Json:
        return {
            "claim_id": claim_id,
            "user_id": int(user),
            "campaign_id": campaign,
            "reward_id": reward,
            "external_id": external_id,
            "created_at": granted_at,
            "updated_at": granted_at,
        }

    def page(self, items: list[Any], cursor: str) -> Json:
        return {"data": {"claims": items or None, "cursor": cursor}, "message": "OK"}

    def ids_told(self, body: Any) -> list[str]:
        assert all(set(one) == {"claim_id", "external_status"} for one in body["claims"])
        assert {one["external_status"] for one in body["claims"]} == {"processed"}
        return [one["claim_id"] for one in body["claims"]]

    def answer(self, results: dict[str, list[str]]) -> Json | None:
        return None

    def refuses_all(self, ids: list[str], results: dict[str, str]) -> bool:
        return bool(results.keys() & set(ids))


CLAIMS = DropsClaims()
SIGN_IN = SignInShape(
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",
    user_path="/public/v1/users",
    person={"user_id": 2001, "name": "mira", "email": "mira@example.org", "profile_picture": ""},
    id_field="user_id",
    name_fields=("name",),
    scope="user:read",
    pkce=True,
)
