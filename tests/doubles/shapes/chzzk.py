"""CHZZK (Drops, 1.2 and 1.3; Authorization; User; API, notes). What is not documented is said where it is taken to be so."""

from __future__ import annotations

import json
from typing import Any

from tests.doubles.shapes.claims import ClaimsShape, Json
from tests.doubles.shapes.sign_in import Asked, SignInShape
from tests.loopback import Request

REFUSALS = {400: "잘못된 값을 입력했습니다.", 401: "INVALID_CLIENT"}


def envelope(content: Any) -> Json:
    return {"code": 200, "message": None, "content": content}


class RewardClaims(ClaimsShape):
    token_call = None
    list_call = ("GET", "/open/v1/drops/reward-claims")
    update_call = ("PUT", "/open/v1/drops/reward-claims")
    id_name = "claimId"
    status_name, is_open, is_done = "fulfillmentState", "CLAIMED", "FULFILLED"
    size_name, cursor_name = "page.size", "page.from"
    filters = ("channelId", "campaignId", "categoryId")

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
            "claimId": claim_id,
            "campaignId": campaign,
            "rewardId": reward,
            "categoryId": category,
            "categoryName": "치지직",
            "channelId": user,
            "claimedDate": granted_at,
            "updatedDate": granted_at,
        }

    def page(self, items: list[Any], cursor: str) -> Json:
        return envelope({"data": items, "page": {"cursor": cursor} if cursor else {}})

    def ids_told(self, body: Any) -> list[str]:
        assert set(body) == {"claimIds", "fulfillmentState"}
        assert body["fulfillmentState"] == "FULFILLED"
        return list(body["claimIds"])

    def answer(self, results: dict[str, list[str]]) -> Json | None:
        told = [{"status": result, "ids": ids} for result, ids in results.items() if result != "SILENCE"]
        return envelope({"data": told})

    def caller(self, request: Request) -> str:
        assert "authorization" not in request.headers
        return request.headers["client-secret"] if request.headers["client-id"] else ""


class SignIn(SignInShape):
    def asked(self, query: Json) -> Asked:
        assert set(query) == {"clientId", "redirectUri", "state"}
        return Asked(client_id=query["clientId"], redirect_uri=query["redirectUri"], state=query["state"])

    def token_request(self, request: Request) -> Json:
        body = json.loads(request.body)
        assert set(body) == {"grantType", "clientId", "clientSecret", "code", "state"}
        names = {"grantType": "grant_type", "clientId": "client_id", "clientSecret": "client_secret"}
        return {names.get(name, name): value for name, value in body.items()}

    def is_bound(self, form: Json, asked: Asked) -> bool:
        return bool(form["state"] == asked.state)

    def tokens(self, answer: Json) -> Json:
        return envelope({
            "accessToken": answer["access_token"],
            "refreshToken": answer["refresh_token"],
            "tokenType": "Bearer",
            "expiresIn": str(answer["expires_in"]),
        })  # fmt: skip

    def refusal(self, error: str, status: int) -> Json:
        # What is answered to a code that is not taken is not documented: 400 is CHZZK's answer to wrong parameters.
        return {"code": status, "message": REFUSALS.get(status, "INTERNAL_SERVER_ERROR")}

    def users(self, people: list[Json]) -> Json:
        return envelope(people[0] if people else None)


CLAIMS = RewardClaims()
SIGN_IN = SignIn(
    authorize_path="/account-interlock",
    token_path="/auth/v1/token",
    user_path="/open/v1/users/me",
    person={"channelId": "909501f048b44cf0d5c1d28f3f5a7b21", "channelName": "mira", "email": "mira@example.org"},
    id_field="channelId",
    name_fields=("channelName",),
)
