"""What every request passes: an id for it and the access log (O3), and the refusal of text that no database takes."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from itertools import chain
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError

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


class RefuseNulMiddleware:
    """Answers 400 to a NUL in an address, a field or a cookie: PostgreSQL's text holds none, and nobody types one.

    Partners' calls, which are exempt from the check of forms, read their bodies themselves and are left to it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on. Raises ``BadRequest``."""
        # A quoted cookie may hold a NUL, and the session is looked up before any view is.
        if _holds_nul(request.COOKIES.values()):
            raise BadRequest("A cookie holds a NUL.")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Look at what the view is about to read. Raises ``BadRequest``."""
        if getattr(view, "csrf_exempt", False):
            return
        try:
            fields = [*request.GET.lists(), *request.POST.lists()]
        except UnreadablePostError:  # the sender has gone: the view answers nobody
            return
        if _holds_nul([request.path, *chain.from_iterable([name, *values] for name, values in fields)]):
            raise BadRequest("The address or a field holds a NUL.")


def _holds_nul(texts: Iterable[str]) -> bool:
    return any("\0" in str(text) for text in texts)


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
