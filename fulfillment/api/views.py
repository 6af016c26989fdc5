"""What all calls of the partner API have in common: who asks, whether they may, how often, and errors in the platform's form.

Answers are JSON whatever was asked for, and cached by nobody: they are of one client.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from fulfillment.api.callers import Caller, find_caller
from fulfillment.api.points import Spent, purses
from fulfillment.api.problems import Problem
from fulfillment.public_views import OnlyJSON
from portal.inbound import TooLarge, read_body

BODY_LIMIT_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


class PartnerView(APIView, ABC):
    """One call of the partner API. A platform's class says how it refuses; a call's class what it needs and does."""

    shape: ClassVar[str]
    """The platform whose API this is."""

    scopes: ClassVar[Mapping[str, str]] = {}
    """What a client must be allowed to do, by method."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    content_negotiation_class = OnlyJSON

    caller: Caller
    _spent: Spent | None = None

    @abstractmethod
    def problem_body(self, status: int, message: str) -> dict[str, Any]:
        """Return the body of a refusal, in the platform's form."""

    @abstractmethod
    def missing_scope(self, scope: str) -> Problem:
        """Return how a client is refused that may not do this."""

    def admit(self, request: Request, caller: Caller) -> None:
        """Refuse a caller that the platform would. Raises ``Problem``."""

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        """Return the headers that tell a client how many calls it has left."""
        return {}

    # What comes before a call.

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find out who asks and whether they may. Raises ``Problem``."""
        method = request.method or ""
        if method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # answered with 405 by whoever calls the handler
        now = timezone.now()
        caller = find_caller(self.token_in(request), now=now)
        if caller is None:
            raise self.unknown_caller(request)
        self.caller = caller
        self._spent = spent = purses.spend(
            client_id=caller.client.pk,
            who=str(caller.user.pk) if caller.user else "",
            limit=caller.client.points_per_minute,
            now=now,
        )
        if not spent.allowed:
            raise self.too_many(spent)
        self.admit(request, caller)
        scope = self.scopes.get("GET" if method == "HEAD" else method)
        if scope and not caller.may(scope):
            raise self.missing_scope(scope)

    def token_in(self, request: Request) -> str:
        """Return the access token of a call, empty where there is none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def unknown_caller(self, request: Request) -> Problem:
        """Return how a call without a valid token is refused."""
        return Problem(HTTPStatus.UNAUTHORIZED, "Unauthorized")

    def too_many(self, spent: Spent) -> Problem:
        """Return how a call too many is refused."""
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests")

    # Bodies.

    def json_body(self, request: Request) -> Any:
        """Return what the body holds. Raises ``Problem`` for one that is too large or no JSON."""
        try:
            return orjson.loads(read_body(request._request, limit=BODY_LIMIT_BYTES))
        except TooLarge:
            message = f"The body may have at most {BODY_LIMIT_BYTES} bytes."
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message) from None
        except UnreadablePostError:
            raise Problem(HTTPStatus.BAD_REQUEST, "The body ended before it was complete.") from None
        except orjson.JSONDecodeError:
            raise Problem(HTTPStatus.BAD_REQUEST, "The body is not valid JSON.") from None

    # What comes after.

    def handle_exception(self, exc: Exception) -> Any:
        """Answer a refusal in the platform's form, and a fault of ours too, which is logged."""
        if isinstance(exc, Problem):
            return self.problem(exc.status, exc.message)
        if isinstance(exc, APIException):
            response = self.problem(exc.status_code, str(exc.detail))
            for name, value in (getattr(exc, "headers", None) or {}).items():
                response[name] = value
            return response
        if isinstance(exc, Http404):
            return self.problem(HTTPStatus.NOT_FOUND, "Not Found")
        if isinstance(exc, PermissionDenied):
            return self.problem(HTTPStatus.FORBIDDEN, "Forbidden")
        if isinstance(exc, SuspiciousOperation):  # Django read no further: too many parameters, too large a body
            return self.problem(HTTPStatus.BAD_REQUEST, "The request has more parameters than are read.")
        log.error("A call of the partner API failed.", exc_info=exc)
        return self.problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")

    def problem(self, status: int, message: str) -> HttpResponse:
        """Return a refusal."""
        response = json_response(self.problem_body(int(status), message), status=int(status))
        if status == HTTPStatus.UNAUTHORIZED:
            response["WWW-Authenticate"] = "Bearer"
        if status == HTTPStatus.TOO_MANY_REQUESTS and self._spent is not None:
            response["Retry-After"] = str(self._spent.wait(now=timezone.now()))
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers of the rate limit, and that nobody may keep the answer."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        if self._spent is not None:
            for name, value in self.limit_headers(self._spent).items():
                response[name] = value
        return response


def json_response(body: Any, *, status: int = 200) -> HttpResponse:
    """Return an answer in JSON. Times with a zone are written as RFC 3339 in UTC with a ``Z``."""
    return HttpResponse(
        orjson.dumps(body, option=orjson.OPT_UTC_Z), status=status, content_type="application/json; charset=utf-8"
    )
