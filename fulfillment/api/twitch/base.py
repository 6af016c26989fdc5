"""What all calls of Twitch's shape have in common: the ``Client-Id`` header, and how Helix refuses and counts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from rest_framework.request import Request

from fulfillment.api.callers import Caller
from fulfillment.api.points import Spent
from fulfillment.api.problems import Problem
from fulfillment.api.views import PartnerView
from portal.platforms.twitch import TWITCH


class HelixView(PartnerView):
    """One call of Twitch's shape. The texts of its 401 are those that Helix answers with: clients look at them."""

    shape = TWITCH.key

    def problem_body(self, status: int, message: str) -> dict[str, Any]:
        """Return Helix's body of an error."""
        return {"error": HTTPStatus(status).phrase, "status": status, "message": message}

    def unknown_caller(self, request: Request) -> Problem:
        """Tell a token that is missing from one that is worth nothing."""
        missing = not self.token_in(request)
        return Problem(HTTPStatus.UNAUTHORIZED, "OAuth token is missing" if missing else "Invalid OAuth token")

    def admit(self, request: Request, caller: Caller) -> None:
        """Demand the ``Client-Id`` that the token belongs to, and an organization that may use the portal."""
        client_id = request.headers.get("Client-Id", "").strip()
        if not client_id:
            raise Problem(HTTPStatus.UNAUTHORIZED, "Client ID is missing")
        if client_id != caller.client_id:
            raise Problem(HTTPStatus.UNAUTHORIZED, "Client ID and OAuth token do not match")
        if not caller.client.organization.enabled:
            raise Problem(HTTPStatus.BAD_REQUEST, "The client is not associated with a known organization.")

    def missing_scope(self, scope: str) -> Problem:
        """Refuse with 401, as Helix does."""
        return Problem(HTTPStatus.UNAUTHORIZED, f"Missing scope: {scope}")

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        """Return Helix's headers: points a minute, those left, and the second at which there are all again."""
        return {
            "Ratelimit-Limit": str(spent.limit),
            "Ratelimit-Remaining": str(spent.remaining),
            "Ratelimit-Reset": str(spent.reset),
        }
