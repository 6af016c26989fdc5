"""Game servers that were refused when they connected, by the client that they came from: so that its owners learn why (G2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.hooks import ConnectRefusal
from fulfillment.models import ApiClient, GameStateRefusal

_NOTED_AGAIN_AFTER = timedelta(seconds=10)
"""A server that tries again and again is not written down each time."""


def note_refusal(client: ApiClient, *, code: str, now: datetime) -> None:
    """Keep that one of a client's game servers was refused just now."""
    known = GameStateRefusal.objects.filter(client=client, code=code)
    if known.filter(last_at__gt=now - _NOTED_AGAIN_AFTER).exists():
        return
    if not known.update(last_at=now):
        GameStateRefusal.objects.bulk_create(
            [GameStateRefusal(client=client, code=code, last_at=now)], ignore_conflicts=True
        )


def refusals_since(organization_id: str, since: datetime) -> list[ConnectRefusal]:
    """Return who of an organization was refused since a time, and why, the latest first."""
    rows = GameStateRefusal.objects.filter(client__organization=organization_id, last_at__gte=since)
    return [
        ConnectRefusal(client=str(row.client), code=row.code, last_at=row.last_at)
        for row in rows.select_related("client__oauth").order_by("-last_at", "pk")
    ]
