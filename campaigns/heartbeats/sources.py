"""Heartbeat sources: whom an address belongs to, and giving a source a new one (P1)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from campaigns.models import HeartbeatSource
from portal import audit
from portal.models import User
from portal.tokens import hash_token, new_token

REMEMBERED_SECONDS = 5.0
"""So long may a process go on with a source that was changed or switched off."""

_REMEMBERED_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Remembered:
    source: HeartbeatSource
    until: float


_remembered: dict[str, _Remembered] = {}


def find_source(token: str, *, now: datetime) -> HeartbeatSource | None:
    """Return the source whose address this is, with game and organization; also by its previous one while that is valid."""
    digest = hash_token(token)
    known = _remembered.get(digest)
    if known is None or known.until <= time.monotonic():
        found = (
            HeartbeatSource.objects.select_related("game__organization")
            .filter(Q(url_token_hash=digest) | Q(previous_token_hash=digest, previous_until__isnull=False))
            .first()
        )
        if found is None:
            _remembered.pop(digest, None)
            return None
        if len(_remembered) >= _REMEMBERED_AT_MOST:
            _remembered.clear()
        known = _remembered[digest] = _Remembered(found, time.monotonic() + REMEMBERED_SECONDS)
    source = known.source
    if source.url_token_hash == digest or (source.previous_until is not None and now < source.previous_until):
        return source
    return None


def forget_sources() -> None:
    """Read every source anew from now on, in this process."""
    _remembered.clear()


def new_address(*, source: HeartbeatSource, keep_previous_for: timedelta, actor: User | None, now: datetime) -> str:
    """Give a source a new secret address and return it: nobody can read it again later.

    The address before stays valid for ``keep_previous_for``, one before that ends at once. The source need not be
    stored yet.
    """
    token = new_token()
    with transaction.atomic():
        if not source._state.adding:
            stored = HeartbeatSource.objects.select_for_update(of=("self",)).get(pk=source.pk)
            source.previous_token_hash, source.previous_until = stored.url_token_hash, now + keep_previous_for
        source.url_token_hash = hash_token(token)
        if source._state.adding:
            source.save()
        else:
            source.save(update_fields=["url_token_hash", "previous_token_hash", "previous_until"])
            audit.record(
                actor=actor,
                action="new heartbeat address",
                obj=source,
                organization=source.game.organization,
                after={"previous address valid until": f"{source.previous_until:%Y-%m-%dT%H:%MZ}"},
                now=now,
            )
    forget_sources()
    return settings.BASE_URL + reverse("webhook-heartbeats", args=[token])


def end_previous_address(*, source: HeartbeatSource, actor: User | None, now: datetime) -> None:
    """Have the address before a rotation stop working now (in other processes within seconds)."""
    with transaction.atomic():
        HeartbeatSource.objects.filter(pk=source.pk).update(previous_token_hash="", previous_until=None)
        source.previous_token_hash, source.previous_until = "", None
        audit.record(
            actor=actor,
            action="ended previous heartbeat address",
            obj=source,
            organization=source.game.organization,
            now=now,
        )
    forget_sources()
