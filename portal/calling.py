"""Calling a platform as an organization's own app: the one way in which tokens, limits and failures are dealt with.

A token is asked for once and kept; one that is not taken any more is replaced and the call made once again. Where the
platform says that there are too many calls, none is made for this credential before the time it names, by any process.
How the calls go is kept for people: their last success and failure, and counts by the hour.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import F

from portal import platforms
from portal.app_tokens import app_token, forget_app_token, new_app_token
from portal.models import ApiStanding, ApiTally, PlatformCredential
from portal.platforms.app_tokens import GetAppToken
from portal.platforms.calls import Limits, PlatformError, watching_limits
from portal.tallies import Tallies

T = TypeVar("T")

PAUSED = "paused"
"""The reason of a call that was not made, because the platform asked for fewer."""

NOTED_EVERY = timedelta(seconds=30)
PAUSE_UNASKED = timedelta(minutes=1)
UNAUTHORIZED = 401
TOO_MANY = 429

tallies = Tallies(model=lambda: ApiTally, whose="credential", keeps_last=True)
"""The counters of this process."""


def call_platform(credential: PlatformCredential, call: Callable[[str], T], *, now: datetime) -> T:
    """Return what ``call`` returns for an app token of ``credential``. Not inside a transaction: it goes over the network.

    Where the platform has no app tokens, ``call`` gets the app's secret.

    Raises ``PlatformError``; with the reason ``paused`` where no call was made, and ``no_api`` where the platform has none.
    """
    return _noted(credential, lambda: _with_token(credential, call, now=now), now=now)


def renew_token(credential: PlatformCredential, *, now: datetime) -> str:
    """Return a new app token, also where the one that is kept is good: only so is the secret seen to be right.

    As :func:`call_platform` besides. Where the platform has no app tokens, nothing is asked, and the secret is returned.
    """
    get = _get_app_token(credential)
    if get is None:
        return str(credential.client_secret)
    return _noted(credential, lambda: new_app_token(credential=credential, get=get, now=now), now=now)


def _noted(credential: PlatformCredential, deed: Callable[[], T], *, now: datetime) -> T:
    standing = ApiStanding.objects.filter(pk=credential.pk).first()
    if standing is not None and standing.paused_until is not None and standing.paused_until > now:
        raise PlatformError(PAUSED, retry_after=standing.paused_until - now)
    try:
        with watching_limits() as limits:
            result = deed()
    except PlatformError as error:
        _failed(credential, error, now=now)
        raise
    _succeeded(credential, standing, limits, now=now)
    return result


def _get_app_token(credential: PlatformCredential) -> GetAppToken | None:
    platform = platforms.get(credential.platform)
    if not platform.api_url:
        raise PlatformError("no_api", permanent=True)
    return platform.get_app_token


def _with_token(credential: PlatformCredential, call: Callable[[str], T], *, now: datetime) -> T:
    get = _get_app_token(credential)
    if get is None:
        return call(str(credential.client_secret))
    token = app_token(credential=credential, get=get, now=now)
    try:
        return call(token)
    except PlatformError as error:
        if error.status != UNAUTHORIZED:
            raise
    forget_app_token(credential=credential, access_token=token)
    return call(app_token(credential=credential, get=get, now=now))


def problem_of(error: PlatformError) -> str:
    """Return a failure as a code to keep, for :mod:`portal.platforms.problems` to say in words."""
    return f"status:{error.status}" if error.status is not None else error.reason


def _failed(credential: PlatformCredential, error: PlatformError, *, now: datetime) -> None:
    tallies.count(credential.pk, problem_of(error)[:30], now=now)
    ApiStanding.objects.get_or_create(credential=credential)
    changes = {"failed_at": now, "failures": F("failures") + 1, "problem": problem_of(error)[:60]}
    if error.retry_after is not None or error.status == TOO_MANY:
        changes["paused_until"] = now + (error.retry_after or PAUSE_UNASKED)
    ApiStanding.objects.filter(pk=credential.pk).update(**changes)


def _succeeded(credential: PlatformCredential, standing: ApiStanding | None, limits: Limits, *, now: datetime) -> None:
    tallies.count(credential.pk, "ok", now=now)
    wait = limits.wait(now)
    fresh = standing is not None and standing.succeeded_at is not None and now - standing.succeeded_at < NOTED_EVERY
    if fresh and not wait and standing is not None and not standing.failures:
        return
    # A pause ends by itself. It is not ended here: another process may have been asked for it during this call.
    pause = {"paused_until": now + wait} if wait else {}
    ApiStanding.objects.update_or_create(credential=credential, defaults={"succeeded_at": now, "failures": 0, **pause})
