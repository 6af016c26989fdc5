"""Whether rewards go out: what is due by game, and what deliveries of the last hour came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery, Sum

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
    """Return by organization what is due and what was sent. Two queries."""
    found = {pk: Deliveries() for pk in organization_ids}
    due = Delivery.objects.filter(game=OuterRef("pk"), due_at__lte=now).order_by("due_at")
    games = Game.objects.filter(organization__in=organization_ids).annotate(
        due=count_among(due.values("pk")[:CAP]), oldest=Subquery(due.values("due_at")[:1])
    )
    for organization_id, count, oldest in games.values_list("organization_id", "due", "oldest"):
        mine = found[organization_id]
        mine.due = min(mine.due + count, CAP)
        mine.due_oldest = min(filter(None, (mine.due_oldest, oldest)), default=None)
    tallied = DeliveryTally.objects.filter(game__organization__in=organization_ids, hour__gte=hour_before(now))
    sums = tallied.values_list("game__organization_id", "outcome").annotate(total=Sum("count")).order_by()
    for organization_id, outcome, total in sums:
        mine = found[organization_id]
        if outcome == DeliveryTally.Outcome.DELIVERED:
            mine.delivered = total
        else:
            mine.failed += total
    return found
