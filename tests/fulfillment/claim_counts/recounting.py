"""Claims counted one by one, to compare the counts with, and a delivery that comes to something."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from campaigns.models import Campaign
from campaigns.rules.days import day_number
from fulfillment.claim_counts import claims_by_day, claims_by_quarter, counts_of, differences
from fulfillment.delivery.recording import record_outcomes
from fulfillment.delivery.sending import Result
from fulfillment.models import Claim, ClaimMinute, Delivery
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome
from tests.factories import NOW
from tests.fulfillment.deliveries import lease, no_jitter
from tests.fulfillment.test_resolve_any_order import FAR

TODAY = day_number(NOW)


def recounted(campaign: Campaign) -> tuple[Counter[tuple[str, str]], Counter[int]]:
    """Count the claims one by one, in another way than the product does."""
    states: Counter[tuple[str, str]] = Counter()
    quarters: Counter[int] = Counter()
    for claim in Claim.objects.filter(campaign=campaign):
        states[claim.campaign_reward_id or "", claim.state] += 1
        told = claim.granted_at or claim.received_at
        quarters[int(told.timestamp()) // 60 // 15] += 1
    return states, quarters


def happened(campaign: Campaign) -> dict[tuple[int, str], Counter[str]]:
    """Count what happened by day and reward one by one, from the claims and their history."""
    days: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for claim in Claim.objects.filter(campaign=campaign):
        reward = claim.campaign_reward_id or ""
        days[(claim.counted_quarter or 0) // 4 // 24, reward]["granted"] += 1
        for event in claim.events.all():
            if event.to_state in ("delivered", "failed") and event.from_state != event.to_state:
                days[int(event.at.timestamp()) // 60 // 60 // 24, reward][event.to_state] += 1
    return dict(days)


def by_day(campaign: Campaign, first: int = 0, last: int = 10**6) -> dict[tuple[int, str], Counter[str]]:
    found = claims_by_day(Campaign.objects.filter(pk=campaign.pk), first=first, last=last)
    return {(day, reward): +counts for (day, _campaign, reward), counts in found.items()}


def minutes_counted(campaign: Campaign) -> dict[tuple[str, int], int]:
    rows = ClaimMinute.objects.filter(campaign=campaign).exclude(claims=0)
    return {(platform, minute): claims for platform, minute, claims in rows.values_list("platform", "minute", "claims")}


def minutes_recounted(campaign: Campaign) -> dict[tuple[str, int], int]:
    """Count the claims by the minute of their arrival one by one."""
    claims = Claim.objects.filter(campaign=campaign)
    return dict(Counter((claim.platform, int(claim.received_at.timestamp() / 60)) for claim in claims))


def assert_counted(*campaigns: Campaign) -> None:
    for campaign in campaigns:
        states, quarters = recounted(campaign)
        assert counts_of(campaign.pk) == dict(states)
        assert claims_by_quarter(campaign.pk) == dict(quarters)
        assert by_day(campaign) == happened(campaign)
    assert differences() == []


def deliver(claim: Claim, *, at: datetime = FAR, outcome: Outcome = Outcome.DELIVERED) -> None:
    """Have one attempt to deliver a claim come to something."""
    Delivery.objects.filter(pk=claim.pk).update(due_at=at)
    [leased] = lease(at)
    record_outcomes([Result(leased, at, 1, outcome, Code.DELIVERED, status=200)], now=at, random=no_jitter)
