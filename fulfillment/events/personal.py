"""Events about people (F8): erasing them, giving a copy of them, and removing them whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from fulfillment.models import Event, EventAttempt, EventDelivery, Progress
from portal.tombstones import Eraser

_BATCH = 500


def erase_events_about(subjects: Collection[str], eraser: Eraser, *, now: datetime) -> int:
    """Blank the messages about these claims, links and channels that name a person; return how many. Only in a transaction.

    What still waits is withdrawn: it can no longer be told of. That a link has ended because of the erasure names nobody,
    and is told.
    """
    blanked = 0
    for part in _parts(subjects):
        rows = Event.objects.filter(subject__in=part).exclude(body="").values_list("pk", "body")
        named = [pk for pk, body in rows if _names_somebody(body, eraser)]
        for some in _parts(named):
            keys = _lock(some)
            EventAttempt.objects.filter(delivery__in=keys).update(answer="", error="")
            EventDelivery.objects.filter(pk__in=keys, progress=Progress.WAITING).update(
                progress=Progress.FAILED, due_at=None, leased=False, leased_by="", finished_at=now
            )
            blanked += Event.objects.filter(pk__in=some).update(body="")
    return blanked


def remove_events(events: QuerySet[Event]) -> int:
    """Delete events with whom they were told to and every attempt; return how many events."""
    with transaction.atomic():
        keys = list(events.values_list("pk", flat=True))
        for part in _parts(keys):
            deliveries = _lock(part)
            for some in _parts(deliveries):
                EventAttempt.objects.filter(delivery__in=some).delete()
                EventDelivery.objects.filter(pk__in=some).delete()
            Event.objects.filter(pk__in=part).delete()
    return len(keys)


def export_events(subjects: Collection[str], *, message: bool) -> list[dict[str, Any]]:
    """Return what was told of these claims and links to addresses of the organization, on request with the messages."""
    told: list[dict[str, Any]] = []
    for part in _parts(sorted(subjects)):
        for event in Event.objects.filter(subject__in=part).exclude(body="").order_by("pk"):
            row = {"event": event.type, "at": event.at.isoformat(), "about": event.subject}
            told.append(row | {"message": json.loads(event.body)} if message else row)
    return told


def _names_somebody(body: str, eraser: Eraser) -> bool:
    message = json.loads(body)
    return bool(eraser.value(message) != message)


def _lock(event_ids: Collection[str]) -> list[int]:
    """Lock whom these events are told to, in key order; return the keys."""
    rows = EventDelivery.objects.filter(event__in=event_ids).select_for_update(of=("self",)).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _parts(keys: Collection[Any]) -> Iterator[list[Any]]:
    ordered = list(keys)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
