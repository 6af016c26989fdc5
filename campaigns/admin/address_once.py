"""A secret address on its way to the one page that shows it: encrypted in the session, for minutes, shown once (P1, S2).

The page comes after a redirect, so that reloading it or pressing twice never makes a further address.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

from campaigns.models import HeartbeatSource
from portal.encryption import DecryptionFailed, decrypt, encrypt

WAITS_AT_MOST = timedelta(minutes=15)
_KEY = "heartbeat_address_{}"


def keep_address(request: HttpRequest, source: HeartbeatSource, address: str, *, now: datetime) -> None:
    """Keep the address for this person's next look at the page that shows it."""
    request.session[_KEY.format(source.pk)] = {"address": encrypt(address), "until": (now + WAITS_AT_MOST).isoformat()}


def waits(request: HttpRequest, source: HeartbeatSource, *, now: datetime) -> bool:
    """Tell whether an address of this source was made by this person and not shown yet."""
    kept = request.session.get(_KEY.format(source.pk))
    return kept is not None and now < datetime.fromisoformat(kept["until"])


def take_address(request: HttpRequest, source: HeartbeatSource, *, now: datetime) -> str | None:
    """Return the address and forget it; None if there is none, or it waited too long."""
    still = waits(request, source, now=now)
    kept = request.session.pop(_KEY.format(source.pk), None)
    if not still or kept is None:
        return None
    try:
        return decrypt(kept["address"])
    except DecryptionFailed:  # the key was changed in between
        return None
