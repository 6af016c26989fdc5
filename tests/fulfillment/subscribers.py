"""What the tests of events share: an organization with a subscriber on loopback, and short ways through."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from fulfillment import events
from fulfillment.delivery import Leased, Result
from fulfillment.models import Event, EventDelivery, EventSubscription
from portal.models import Organization
from tests.factories import NOW, make_event, make_organization, make_subscription
from tests.fulfillment.deliveries import Backend, no_jitter, send_all

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Audience:
    """An organization with one subscription, and events that are due to be told to it."""

    def __init__(self, url: str, organization: Organization | None = None, **subscription: Any) -> None:
        self.organization = organization or make_organization()
        self.subscription: EventSubscription = make_subscription(self.organization, url, **subscription)

    def due(self, count: int = 1, *, now: datetime = NOW) -> list[EventDelivery]:
        events_made = [make_event(self.subscription, at=now) for _ in range(count)]
        return list(EventDelivery.objects.filter(event__in=events_made).order_by("pk"))

    def now(self) -> EventSubscription:
        return EventSubscription.objects.get(pk=self.subscription.pk)


def lease(now: datetime = NOW, *, limit: int = 100, **options: Any) -> list[Leased]:
    return events.lease_due(now=now, limit=limit, **options)


def tell(now: datetime = NOW, **options: Any) -> list[Result]:
    """Lease what is due, send it, record it: one turn of the drain, at one moment."""
    results = send_all(lease(now, **options), now=now)
    events.record_outcomes(results, now=now, random=no_jitter)
    return results


def fresh(row: EventDelivery) -> EventDelivery:
    return EventDelivery.objects.select_related("event", "subscription").get(pk=row.pk)


def progress(rows: list[EventDelivery]) -> list[str]:
    keys = [row.pk for row in rows]
    return list(EventDelivery.objects.filter(pk__in=keys).order_by("pk").values_list("progress", flat=True))


def told(**of: Any) -> list[dict[str, Any]]:
    """Return the messages that were written, in the order of writing."""
    rows = EventDelivery.objects.filter(**{f"event__{name}": value for name, value in of.items()}).order_by("pk")
    return [json.loads(body) for body in rows.values_list("event__body", flat=True)]


def types() -> list[str]:
    return [message["type"] for message in told()]


__all__ = ["MINUTE", "SECOND", "Audience", "Backend", "Event", "fresh", "lease", "progress", "tell", "told", "types"]
