"""A platform's public key, kept with each credential: fetched hourly by the worker, and after a signature that fits no key (P2)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from portal import platforms
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError

REFETCH_AFTER = timedelta(minutes=5)
WITHOUT_A_KEY_AFTER = timedelta(seconds=10)
"""Without any key no message can be judged: it is tried sooner then."""

REFRESH_AFTER = timedelta(hours=1)
OLD_KEY_FOR = timedelta(minutes=30)

log = logging.getLogger(__name__)


def refetch_public_key(*, credential: PlatformCredential, now: datetime) -> bool:
    """Fetch the key again after a miss, unless that was done in the last 5 minutes; say whether there is a new one.

    One process alone does it: the row's time is moved forward by compare-and-set before the call, so that forged
    messages cannot have the platform asked more often. Takes at most 2 seconds (P2). ``credential`` is changed to match.
    """
    due = (
        Q(public_key_fetched_at=None)
        | Q(public_key_fetched_at__lte=now - REFETCH_AFTER)
        | Q(public_key="", public_key_fetched_at__lte=now - WITHOUT_A_KEY_AFTER)
    )
    row = PlatformCredential.objects.filter(pk=credential.pk)
    if not row.filter(due).update(public_key_fetched_at=now):
        return False
    return _fetch(credential, now=now)


def refresh_public_key(*, credential: PlatformCredential, now: datetime) -> bool:
    """Fetch the key, as the worker does hourly; say whether there is a new one. ``credential`` is changed to match.

    The key before stays accepted until a later fetch, at least half an hour on, finds no further change.
    """
    PlatformCredential.objects.filter(pk=credential.pk).update(public_key_fetched_at=now)
    return _fetch(credential, now=now)


def due_for_refresh(*, now: datetime) -> QuerySet[PlatformCredential]:
    """Return the credentials whose platform signs with a key of its own, and that have none yet or an old one."""
    signing = [platform.key for platform in platforms.registry.values() if platform.fetch_public_key is not None]
    due = Q(public_key="") | Q(public_key_fetched_at=None) | Q(public_key_fetched_at__lte=now - REFRESH_AFTER)
    return PlatformCredential.objects.filter(due, platform__in=signing, enabled=True).order_by("pk")


def _fetch(credential: PlatformCredential, *, now: datetime) -> bool:
    fetch = platforms.get(credential.platform).fetch_public_key
    if fetch is None:
        return False
    try:
        key = fetch(credential.api_base)
    except PlatformError as error:
        log.warning("The public key for credential %s could not be fetched: %s", credential.pk, error)
        return False
    fetched_before, credential.public_key_fetched_at = credential.public_key_fetched_at, now
    # A key belongs to the address it came from: others are told that of Kick's own (A1).
    row = PlatformCredential.objects.filter(pk=credential.pk, api_url=credential.api_url)
    if key == credential.public_key:
        if credential.previous_public_key and (fetched_before is None or fetched_before <= now - OLD_KEY_FOR):
            credential.previous_public_key = ""
            row.filter(public_key=key).update(previous_public_key="")
        return False
    if not row.update(public_key=key, previous_public_key=credential.public_key):
        return False
    credential.previous_public_key, credential.public_key = credential.public_key, key
    log.info("There is a new public key for credential %s.", credential.pk)
    return True
