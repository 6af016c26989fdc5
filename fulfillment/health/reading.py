"""Reading the facts of :mod:`fulfillment.health.facts`: as many queries for one organization as for all.

Each reads a small table, counts that others keep, or a slice of an index, so that it costs as much after ten million
claims as after a thousand. Only what is unknown (F1, drift) is asked for organization by organization: where there is any.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db.models import OuterRef, QuerySet, Subquery

from fulfillment.drift.groups import unmapped
from fulfillment.health.among import count_among
from fulfillment.health.facts import CAP, OrganizationFacts, PlatformFacts
from fulfillment.health.reading_campaigns import Campaigns, read_campaigns
from fulfillment.health.reading_deliveries import Deliveries, read_deliveries
from fulfillment.health.reading_platforms import read_platforms
from fulfillment.health.reading_stock import StockFacts, read_stock_facts
from fulfillment.models import Claim, Worker
from fulfillment.rules.states import State
from portal.models import Organization

UNMAPPED_NAMED = 50


def read_facts(organization: Organization, *, now: datetime) -> OrganizationFacts:
    """Return how an organization stands."""
    [facts] = _read(Organization.objects.filter(pk=organization.pk), now=now)
    return facts


def read_all(*, now: datetime) -> list[OrganizationFacts]:
    """Return how every organization stands, by name."""
    return _read(Organization.objects.all(), now=now)


def _read(organizations: QuerySet[Organization], *, now: datetime) -> list[OrganizationFacts]:
    # In the order of the index, or PostgreSQL looks through the table for the first ten thousand.
    claims = Claim.objects.filter(organization=OuterRef("pk")).order_by("-pk").values("pk")
    rows = list(
        organizations.order_by("name").annotate(
            received=count_among(claims.filter(state=State.RECEIVED)[:CAP]),
            quarantined=count_among(claims.filter(state=State.QUARANTINED)[:1]),
            worker_at=Subquery(Worker.objects.order_by("-beat_at").values("beat_at")[:1]),
        )
    )
    ids = [row.pk for row in rows]
    deliveries = read_deliveries(ids, now=now)
    campaigns = read_campaigns(ids, now=now)
    platforms = read_platforms(ids, live=campaigns.live, now=now)
    stock = read_stock_facts(ids, now=now)
    return [
        _facts(
            row,
            platforms=tuple(platforms.get(row.pk, ())),
            campaigns=campaigns,
            stock=stock,
            deliveries=deliveries.get(row.pk, Deliveries()),
            now=now,
        )
        for row in rows
    ]


def _facts(
    row: Organization,
    *,
    platforms: tuple[PlatformFacts, ...],
    campaigns: Campaigns,
    stock: StockFacts,
    deliveries: Deliveries,
    now: datetime,
) -> OrganizationFacts:
    annotated = cast(Any, row)
    return OrganizationFacts(
        organization_id=row.pk,
        slug=row.slug,
        name=row.name,
        enabled=row.enabled,
        now=now,
        platforms=platforms,
        unmapped=tuple(unmapped(row.pk, limit=UNMAPPED_NAMED)) if annotated.quarantined else (),
        not_live=campaigns.not_live.get(row.pk, ()),
        pools=stock.pools.get(row.pk, ()),
        limits=stock.limits.get(row.pk, ()),
        delivered=deliveries.delivered,
        failed=deliveries.failed,
        due=deliveries.due,
        due_oldest=deliveries.due_oldest,
        received=annotated.received,
        worker_at=annotated.worker_at,
    )
