"""How long campaigns keep what they do not need for ever (F8, W9). Minutes that were credited, and totals, stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Heartbeat, HeartbeatTally, RegisteredIdentifier
from portal.retention import Kind, add_kinds


def _heartbeats(before: datetime) -> QuerySet[Heartbeat]:
    """Return the heartbeats that are over; one that still waits to be counted never is.

    Their numbers rise with the time they came at, and there is no index on the time, which would cost each heartbeat:
    where to stop is found by halving.
    """
    return Heartbeat.objects.filter(pk__lt=_first_since(before), received_at__lt=before, due_at=None)


def _remove_heartbeats(rows: QuerySet[Any]) -> int:
    """Remove heartbeats, and viewer lists that are still beside them; the heartbeats are what is counted."""
    return rows.delete()[1].get(Heartbeat._meta.label, 0)


def _first_since(moment: datetime) -> int:
    """Return a number below which all heartbeats came before ``moment``, but for those that came at the same time."""
    rows = Heartbeat.objects.order_by("pk").values_list("pk", "received_at")
    first, last = rows.first(), rows.last()
    if first is None or last is None or first[1] >= moment:
        return 0
    if last[1] < moment:
        return last[0] + 1
    low, high = first[0], last[0]  # low came before the moment, high did not
    while high - low > 1:
        middle = rows.filter(pk__gte=(low + high) // 2, pk__lt=high).first()
        if middle is None:
            high = (low + high) // 2
        elif middle[1] < moment:
            low = middle[0]
        else:
            high = (low + high) // 2
    return high


def _removed(before: datetime) -> QuerySet[RegisteredIdentifier]:
    return RegisteredIdentifier.objects.filter(
        state=RegisteredIdentifier.State.UNWANTED, due_at=None, checked_at__lt=before
    )


add_kinds(
    Kind("heartbeats", _("who sent which heartbeat when, without its viewers"), 90, _heartbeats, _remove_heartbeats),
    Kind("heartbeat_tallies", _("heartbeat counts"), 400, lambda t: HeartbeatTally.objects.filter(hour__lt=t)),
    Kind("identifiers", _("registrations that were removed at the platform"), 30, _removed),
)
