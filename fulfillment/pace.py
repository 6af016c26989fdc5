"""How long claims took from being claimed to being delivered, and why attempts failed, by campaign and hour.

Counted in memory beside :mod:`fulfillment.delivery.tally`, after the transaction that recorded it: for people, who look at
percentiles, and so that no delivery waits for another's count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet, Sum

from campaigns.models import Campaign
from fulfillment.models import Claim, PaceTally
from fulfillment.rules.pace import bound_in, outcome_within
from portal.tallies import Tallies

Paced = tuple[str, str]
"""A campaign, and an outcome of one of its claims."""

tallies = Tallies(model=lambda: PaceTally, whose="campaign")
"""The counters of this process."""


@dataclass(slots=True)
class Pace:
    """What happened in some time: deliveries by the seconds within which each was made, failed attempts by reason."""

    within: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)


def delivered_now(claim: Claim, campaign_id: str | None, *, now: datetime) -> list[Paced]:
    """Return as what the delivery of a claim counts that is about to be recorded: once, and not again when it is resent."""
    if campaign_id is None or claim.delivered_at is not None:
        return []
    took = now - (claim.granted_at or claim.received_at)
    return [(campaign_id, outcome_within(max(took.total_seconds(), 0)))]


def failed_now(claim: Claim, reason: str) -> list[Paced]:
    """Return as what an attempt to deliver a claim counts that failed."""
    return [(claim.campaign_id, str(reason))] if claim.campaign_id else []


def count(paced: Sequence[Paced], *, now: datetime) -> None:
    """Count these, once what they are about is recorded. Touches no database."""
    for campaign_id, outcome in paced:
        tallies.count(campaign_id, outcome, now=now)


def pace_by_hour(campaigns: QuerySet[Campaign], *, since: datetime) -> Mapping[datetime, Pace]:
    """Return what happened to these campaigns' claims in each hour from ``since`` on. One query."""
    rows = PaceTally.objects.filter(campaign__in=campaigns, hour__gte=since).order_by()
    found: defaultdict[datetime, Pace] = defaultdict(Pace)
    for hour, outcome, total in rows.values_list("hour", "outcome").annotate(total=Sum("count")):
        bound = bound_in(outcome)
        if bound is None:
            found[hour].failures[outcome] += total
        else:
            found[hour].within[bound] += total
    return found
