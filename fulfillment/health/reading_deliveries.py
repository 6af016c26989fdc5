"""Whether rewards go out: what is due by game, and what deliveries of the last hour came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from campaigns.models import Game
from fulfillment.health.among import count_among
from fulfillment.health.facts import CAP
from fulfillment.health.hours import hour_before
from fulfillment.models import Delivery, DeliveryTally


@dataclass(slots=True)
class Deliveries:
    """The deliveries of one organization, as :class:`fulfillment.health.facts.OrganizationFacts` has them."""

    delivered: int = 0
    failed: int = 0
    due: int = 0
    due_oldest: datetime | None = None


def read_deliveries(organization_ids: Collection[str], *, now: datetime) -> Mapping[str, Deliveries]:
    """Return by organization what is due and what was sent. One query."""
    found = {pk: Deliveries() for pk in organization_ids}
    due = Delivery.objects.filter(game=OuterRef("pk"), due_at__lte=now).order_by("due_at")
    tallied = DeliveryTally.objects.filter(game=OuterRef("pk"), hour__gte=hour_before(now)).order_by()
    delivered = tallied.filter(outcome=DeliveryTally.Outcome.DELIVERED)
    failed = tallied.exclude(outcome=DeliveryTally.Outcome.DELIVERED)
    games = Game.objects.filter(organization__in=organization_ids).annotate(
        due=count_among(due.values("pk")[:CAP]),
        oldest=Subquery(due.values("due_at")[:1]),
        delivered=_sum_of(delivered),
        failed=_sum_of(failed),
    )
    for row in games.values("organization_id", "due", "oldest", "delivered", "failed"):
        mine = found[row["organization_id"]]
        mine.due = min(mine.due + row["due"], CAP)
        mine.due_oldest = min(filter(None, (mine.due_oldest, row["oldest"])), default=None)
        mine.delivered += row["delivered"]
        mine.failed += row["failed"]
    return found


def _sum_of(rows: QuerySet[DeliveryTally]) -> Coalesce:
    return Coalesce(Subquery(rows.values("game").annotate(total=Sum("count")).values("total")), 0)
