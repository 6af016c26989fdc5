"""What all calls of Kick's shape have in common: its envelope, and how it refuses (Kick, Drops, Public API).

Kick documents 401 and 500 and no headers of a rate limit, and its limit is not published. So a call too many is answered
with 429 and ``Retry-After``, and no header counts down before: the names that come to mind mean another thing in Twitch's
shape (``Ratelimit-Reset`` is a moment there and a number of seconds in the drafts for a standard).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from fulfillment.api.callers import Caller
from fulfillment.api.problems import Problem
from fulfillment.api.views import PartnerView, json_response
from portal.platforms.kick import KICK


class KickView(PartnerView):
    """One call of Kick's shape."""

    shape = KICK.key

    def problem_body(self, status: int, message: str) -> dict[str, Any]:
        """Return Kick's envelope with nothing in it."""
        return {"data": None, "message": message}

    def admit(self, request: Request, caller: Caller) -> None:
        """Refuse whose organization is disabled, as Kick does an app that is associated with none."""
        if not caller.client.organization.enabled:
            raise Problem(HTTPStatus.UNAUTHORIZED, "Unauthorized")

    def missing_scope(self, scope: str) -> Problem:
        """Refuse with 403: the token is good, and another one would not help."""
        return Problem(HTTPStatus.FORBIDDEN, f"Forbidden: this needs the scope {scope}.")


def enveloped(data: Any) -> HttpResponse:
    """Return an answer in Kick's envelope."""
    return json_response({"data": data, "message": "OK"})
