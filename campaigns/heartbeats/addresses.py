"""Renewing a source's address from a page that somebody had open: pressed twice, it is renewed once (P1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.heartbeats.sources import new_address
from campaigns.models import HeartbeatSource
from portal.models import User

OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""How long the address before can stay valid, for the sender to be changed over at leisure."""


def address_state(source: HeartbeatSource) -> str:
    """Return what stands for the present address on a page: it tells nothing about it and changes with it."""
    return source.url_token_hash[:16]


def renew_address(
    *, source: HeartbeatSource, seen: str, keep_previous_for: timedelta, actor: User | None, now: datetime
) -> str | None:
    """Give ``source`` a new address and return it; None if it was renewed since the page that ``seen`` comes from.

    Otherwise a second press would end the very address that the sender still uses.
    """
    with transaction.atomic():
        stored = (
            HeartbeatSource.objects.select_for_update(of=("self",))
            .select_related("game__organization")
            .get(pk=source.pk)
        )
        if address_state(stored) != seen:
            return None
        return new_address(source=stored, keep_previous_for=keep_previous_for, actor=actor, now=now)
