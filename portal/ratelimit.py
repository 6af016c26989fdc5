"""Limits on how often one person or one address may do something (S4): a fixed window, counted in the shared cache."""

from __future__ import annotations

import functools
import ipaddress
import time
from collections.abc import Callable
from typing import Any

from allauth import app_settings as allauth_settings
from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

View = Callable[..., HttpResponse]


def hit(scope: str, who: str, *, limit: int, window_seconds: int) -> int:
    """Count one act and return 0, or, where it is one too many, the seconds until the next window begins."""
    now = time.time()
    window = int(now // window_seconds)
    key = f"ratelimit:{scope}:{who}:{window}"
    cache.add(key, 0, timeout=window_seconds * 2)
    try:
        count = cache.incr(key)
    except ValueError:  # evicted in between: a new count begins
        cache.set(key, 1, timeout=window_seconds * 2)
        count = 1
    return 0 if count <= limit else max(1, int((window + 1) * window_seconds - now) + 1)


def who_asks(request: HttpRequest) -> str:
    """Return the signed-in user, else the address behind the trusted proxies (an IPv6 address by its network)."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"ip:{client_address(request)}"


def client_address(request: HttpRequest) -> str:
    """Return the address a request comes from; never the leftmost ``X-Forwarded-For``, which anybody can write."""
    try:
        address = get_adapter(request).get_client_ip(request)
        parsed = ipaddress.ip_address(address)
    except (PermissionDenied, ValueError):
        return "unknown"
    if parsed.version == 6:
        prefix = allauth_settings.RATE_LIMIT_IPV6_PREFIX
        return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False).network_address)
    return str(parsed)


def limited(
    scope: str, *, limit: int, window_seconds: int = 300, methods: tuple[str, ...] = ("POST",)
) -> Callable[[View], View]:
    """Decorate a view: with these methods at most ``limit`` calls in a window for each person, else the 429 page."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in methods:
                wait = hit(scope, who_asks(request), limit=limit, window_seconds=window_seconds)
                if wait:
                    return too_many(request, wait)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def too_many(request: HttpRequest, wait_seconds: int) -> HttpResponse:
    """Return the 429 page, which says when to come back."""
    response = render(request, "429.html", {"wait_seconds": wait_seconds}, status=429)
    response.headers["Retry-After"] = str(wait_seconds)
    return response
