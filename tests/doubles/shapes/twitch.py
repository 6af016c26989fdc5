"""Twitch (Twitch API reference, Get and Update Drops Entitlements; Authorization code grant flow; Get Users)."""

from __future__ import annotations

from typing import Any

from tests.doubles.shapes.claims import ClaimsShape, Json
from tests.doubles.shapes.sign_in import SignInShape


class Entitlements(ClaimsShape):
    token_call = ("POST", "/oauth2/token")
    list_call = ("GET", "/helix/entitlements/drops")
    update_call = ("PATCH", "/helix/entitlements/drops")
    id_name = "id"
    status_name, is_open, is_done = "fulfillment_status", "CLAIMED", "FULFILLED"
    size_name, cursor_name = "first", "after"
    filters = ("user_id", "game_id")

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
            "id": claim_id,
            "benefit_id": reward,
            "timestamp": granted_at,
            "user_id": user,
            "game_id": category,
            "last_updated": granted_at,
        }

    def page(self, items: list[Any], cursor: str) -> Json:
        return {"data": items, "pagination": {"cursor": cursor} if cursor else {}}

    def cursor(self, place: int, last_id: str) -> str:
        return f"at-{place}"

    def place(self, cursor: str, ids: list[str]) -> int:
        return int(cursor.removeprefix("at-"))

    def ids_told(self, body: Any) -> list[str]:
        assert body["fulfillment_status"] == "FULFILLED"
        assert set(body) == {"entitlement_ids", "fulfillment_status"}
        return list(body["entitlement_ids"])

    def answer(self, results: dict[str, list[str]]) -> Json | None:
        return {"data": [{"status": result, "ids": ids} for result, ids in results.items() if result != "SILENCE"]}


class SignIn(SignInShape):
    def may_ask_who(self, headers: dict[str, str], client_id: str) -> bool:
        return headers.get("client-id") == client_id


CLAIMS = Entitlements()
SIGN_IN = SignIn(
    authorize_path="/oauth2/authorize",
    token_path="/oauth2/token",
    user_path="/helix/users",
    person={"id": "48102201", "login": "mira_plays", "display_name": "Mira_Plays", "email": "mira@example.org"},
    id_field="id",
    name_fields=("login", "display_name"),
)
