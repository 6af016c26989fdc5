"""Lets the calls to a platform's addresses fail as its faults say. The console's own pages are always there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from portal.sandbox import oauth
from portal.sandbox.connections import close_connection
from portal.sandbox.faulting import failure_of_call, faults_of
from portal.sandbox.models import Failure, Faults, Outage, Platform, Token

#: A hanging call holds one of the server's threads: of more at once, the others are answered 504.
MOST_HANGING = 8
#: Where tokens are used. Elsewhere 401 would mean something else: a wrong secret, a user who went away.
API_PATHS = ("/twitch/helix/", "/twitch/kraken/", "/kick/public/")
#: People's own pages fail in an outage only.
PAGES = ("/twitch/oauth2/authorize", "/kick/oauth/authorize")


class FaultsMiddleware:
    """Stands before every address of a platform. Nothing is locked while a call hangs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.hanging = threading.BoundedSemaphore(MOST_HANGING)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or fail."""
        platform = request.path_info.split("/", 2)[1]
        if platform not in Platform.values:
            return self.get_response(request)
        faults = faults_of(platform)
        if faults.outage:
            return _outage(request, faults)
        failure = "" if request.path_info in PAGES else _failure(request, faults)
        if failure in (Failure.TOO_MANY, Failure.SERVER_ERROR, Failure.EXPIRED):
            return _refusal(failure, faults)
        response = self.get_response(request)
        for name, text in getattr(request, "rate_limit_headers", {}).items():
            response[name] = text
        if failure == Failure.BROKEN and response.content:
            response.content = response.content[: len(response.content) // 2]
            response["Content-Length"] = str(len(response.content))
        elif failure:
            return self._no_answer(request, faults, response, seconds=faults.hang_seconds)
        return response

    def _no_answer(
        self, request: HttpRequest, faults: Faults, response: HttpResponse, *, seconds: float
    ) -> HttpResponse:
        """What was asked is done, but nobody hears of it."""
        if not self.hanging.acquire(blocking=False):
            return error(faults.platform, 504, "gateway timeout")
        try:
            time.sleep(seconds)
        finally:
            self.hanging.release()
        close_connection(request)
        return response


def error(platform: str, status: int, message: str) -> JsonResponse:
    """An error in the shape of the platform's API."""
    if platform == Platform.KICK:
        return JsonResponse({"data": None, "message": message}, status=status)
    return JsonResponse({"error": HTTPStatus(status).phrase, "status": status, "message": message}, status=status)


def _outage(request: HttpRequest, faults: Faults) -> HttpResponse:
    if faults.outage == Outage.CLOSED:
        close_connection(request)
    return error(faults.platform, 503, "service unavailable")


def _failure(request: HttpRequest, faults: Faults) -> str:
    """How this call fails; empty where it does not."""
    if not faults.calls_failing:
        return ""
    token = _token(request, faults.platform)
    possible = [way for way in Failure.values if way != Failure.EXPIRED or token is not None]
    failure = failure_of_call(faults, possible=possible)
    if failure == Failure.EXPIRED and token is not None:
        Token.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    return failure


def _token(request: HttpRequest, platform: str) -> Token | None:
    if not request.path_info.startswith(API_PATHS):
        return None
    header = request.headers.get("Authorization", "")
    return oauth.find_token(platform=platform, header=header, schemes=("bearer", "oauth"), now=timezone.now())


def _refusal(failure: str, faults: Faults) -> HttpResponse:
    """An answer of failure; nothing was done."""
    if failure == Failure.SERVER_ERROR:
        return error(faults.platform, 500, "Internal server error")
    if failure == Failure.EXPIRED:
        return error(
            faults.platform, 401, "Invalid OAuth token" if faults.platform == Platform.TWITCH else "Unauthorized"
        )
    refusal = error(faults.platform, 429, "Too many requests")
    if faults.platform == Platform.TWITCH:
        # Twitch API, Rate limits: when the bucket is full again, in Unix seconds.
        refusal["Ratelimit-Limit"] = str(faults.rate_limit)
        refusal["Ratelimit-Remaining"] = "0"
        refusal["Ratelimit-Reset"] = str(round(time.time()) + faults.retry_after_seconds)
    else:
        refusal["Retry-After"] = str(faults.retry_after_seconds)
    return refusal
