"""Outgoing events for tests of their pages: a subscription, and what it was told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fulfillment.message import new_signing_secret
from fulfillment.models import Event, EventAttempt, EventDelivery, EventSubscription, Progress
from fulfillment.rules.events import CLAIM_DELIVERED, EVENT_TYPES
from portal.ids import new_ulid
from portal.models import Organization
from tests.factories import NOW, number


def subscribe(organization: Organization, **fields: Any) -> EventSubscription:
    return EventSubscription.objects.create(
        organization=organization,
        **{
            "name": f"Partner {number()}",
            "url": "https://partner.example.org/events",
            "types": list(EVENT_TYPES),
            "secret": new_signing_secret(),
            "created_at": NOW,
            **fields,
        },
    )


def tell(
    subscription: EventSubscription,
    *,
    progress: str = Progress.FAILED,
    kind: str = CLAIM_DELIVERED,
    subject: str = "",
    at: datetime = NOW,
    body: str | None = None,
    **fields: Any,
) -> EventDelivery:
    """Have told, or be about to tell, a subscription of an event."""
    subject = subject or new_ulid()
    message = json.dumps({"type": kind, "data": {"claim_id": subject, "player": {"id": "p-1", "name": "Mira"}}})
    event = Event.objects.create(
        organization=subscription.organization,
        type=kind,
        at=at,
        subject=subject,
        body=message if body is None else body,
    )
    waiting = progress == Progress.WAITING
    return EventDelivery.objects.create(
        event=event,
        subscription=subscription,
        progress=progress,
        **{
            "due_at": NOW if waiting else None,
            "finished_at": None if waiting else at,
            "attempt": 0 if waiting else 1,
            "attempts_left": 0 if progress == Progress.FAILED else 8,
            **fields,
        },
    )


def attempted(delivery: EventDelivery, **fields: Any) -> EventAttempt:
    return EventAttempt.objects.create(
        delivery=delivery, **{"number": 1, "started_at": NOW, "duration_ms": 120, "status": 500, **fields}
    )
