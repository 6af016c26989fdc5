"""Calls about tokens: what both platforms' forms have in common (A1, P0, S4). Answers are cached by nobody."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from fulfillment.api.callers import Caller, find_caller
from fulfillment.api.views import json_response
from fulfillment.oauth.faults import TOO_MANY, Fault, Refused
from fulfillment.oauth.parameters import GRANT_PARAMETERS, read_parameters
from fulfillment.oauth.tokens import grant
from fulfillment.public_views import OnlyJSON
from portal.ratelimit import client_address, hit
from portal.whole import in_one_piece

CALLS_PER_ADDRESS = 1200
"""So many calls about tokens one address may make a minute; a backend has one address for all of its players."""

log = logging.getLogger(__name__)


class OAuthView(APIView, ABC):
    """One call about tokens. A platform's class says how it refuses; a call's class what it does."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    content_negotiation_class = OnlyJSON

    @abstractmethod
    def refusal(self, refused: Refused) -> HttpResponse:
        """Return a refusal in the platform's form."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the call against its address. Raises ``Refused``."""
        wait = hit("oauth-address", client_address(request._request), limit=CALLS_PER_ADDRESS, window_seconds=60)
        if wait:
            raise Refused(TOO_MANY, wait_seconds=wait)

    def handle_exception(self, exc: Exception) -> Any:
        """Answer a refusal in the platform's form, and a fault of ours too, which is logged."""
        if isinstance(exc, Refused):
            response = self.refusal(exc)
            if exc.wait_seconds:
                response["Retry-After"] = str(exc.wait_seconds)
            return response
        if isinstance(exc, APIException):
            return self.refusal(Refused(_fault(exc.status_code, str(exc.detail))))
        if isinstance(exc, Http404):
            return self.refusal(Refused(_fault(HTTPStatus.NOT_FOUND, "Not Found")))
        if isinstance(exc, PermissionDenied):
            return self.refusal(Refused(_fault(HTTPStatus.FORBIDDEN, "Forbidden")))
        log.error("A call about tokens failed.", exc_info=exc)
        return self.refusal(Refused(_fault(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error", "server_error")))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add that nobody may keep the answer (RFC 6749, section 5.1)."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
        return response


class TokenView(OAuthView, ABC):
    """Gives tokens for a client's secret, a player's code, or a refresh token."""

    def post(self, request: Request) -> HttpResponse:
        """Return a new token."""
        given = read_parameters(request._request, GRANT_PARAMETERS)
        answer = json_response(self.shaped(grant(given, now=timezone.now())))
        return in_one_piece(request._request, answer)

    @abstractmethod
    def shaped(self, granted: dict[str, Any]) -> dict[str, Any]:
        """Return what was granted in the platform's form."""


def caller_in(request: Request, *schemes: str) -> Caller | None:
    """Return whose access token the Authorization header shows; None also where the organization is disabled."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in schemes:
        return None
    caller = find_caller(token.strip(), now=timezone.now())
    return caller if caller and caller.client.organization.enabled else None


def _fault(status: int, message: str, error: str = "invalid_request") -> Fault:
    return Fault(error, message, int(status), int(status))
