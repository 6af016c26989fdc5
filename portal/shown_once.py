"""A secret on its way to the one page that shows it: encrypted in the session, for minutes, shown once (S2).

The page comes after a redirect, so that reloading it or pressing twice never makes a further secret.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

from portal.encryption import DecryptionFailed, decrypt, encrypt

WAITS_AT_MOST = timedelta(minutes=15)


def keep(request: HttpRequest, key: str, secret: str, *, now: datetime) -> None:
    """Keep the secret for this person's next look at the page that shows it. ``key`` names it in the session."""
    request.session[key] = {"secret": encrypt(secret), "until": (now + WAITS_AT_MOST).isoformat()}


def waits(request: HttpRequest, key: str, *, now: datetime) -> bool:
    """Tell whether a secret of this key was made by this person and not shown yet."""
    kept = request.session.get(key)
    return kept is not None and now < datetime.fromisoformat(kept["until"])


def take(request: HttpRequest, key: str, *, now: datetime) -> str | None:
    """Return the secret and forget it; None if there is none, or it waited too long."""
    still = waits(request, key, now=now)
    kept = request.session.pop(key, None)
    if not still or kept is None:
        return None
    try:
        return decrypt(kept["secret"])
    except DecryptionFailed:  # the key was changed in between
        return None
