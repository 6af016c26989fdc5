"""A request id for every request, in the answer and in every log line that it causes; and the access log (O3)."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from portal.ids import new_ulid

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9_-]{8,64}")

access = logging.getLogger("portal.access")

request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Takes a proxy's request id where it is well formed, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the id for the time of the request and return it in the answer."""
        given = request.headers.get(HEADER, "")
        token = request_id.set(given if _ACCEPTED.fullmatch(given) else new_ulid())
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id.get()
            _log(request, response, time.perf_counter() - began)
            return response
        finally:
            request_id.reset(token)


def _log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Write one access line: the route's name, never the path, which may hold a token (P1)."""
    match = request.resolver_match
    access.info(
        "request",
        extra={
            "facts": {
                "route": (match.view_name or match.route) if match else "",
                "method": request.method,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            }
        },
    )
