"""What is live now on platforms that count themselves, and what should be and is not. Two queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from campaigns.models import Campaign, CampaignPlatform, CampaignReward
from fulfillment.health.facts import LiveCampaign, NotLive
from fulfillment.models import CodePool, Endpoint
from fulfillment.rules.not_live import Planned, not_live
from portal.models import PlatformCredential


@dataclass(frozen=True, slots=True)
class Campaigns:
    """``live`` by organization and platform, ``not_live`` by organization."""

    live: Mapping[tuple[str, str], tuple[LiveCampaign, ...]]
    not_live: Mapping[str, tuple[NotLive, ...]]


def read_campaigns(organization_ids: Collection[str], *, now: datetime) -> Campaigns:
    """Return the campaigns whose time is now. Those in test mode are left out: few take part, and nobody misses them."""
    rows = _whose_time_is_now(organization_ids, now)
    on = PlatformCredential.objects.filter(
        organization=OuterRef("organization"), platform=OuterRef("platform"), enabled=True
    )
    counted = CampaignPlatform.objects.filter(
        campaign__in=[row["pk"] for row in rows], counted_by=CampaignPlatform.CountedBy.PLATFORM
    ).annotate(on=Exists(on))
    platforms_of: dict[str, list[str]] = {}
    switched_on: dict[str, set[str]] = {}
    for campaign_id, platform, is_on in counted.order_by("platform").values_list("campaign_id", "platform", "on"):
        platforms_of.setdefault(campaign_id, []).append(platform)
        if is_on:
            switched_on.setdefault(campaign_id, set()).add(platform)
    live: dict[tuple[str, str], tuple[LiveCampaign, ...]] = {}
    missing: dict[str, tuple[NotLive, ...]] = {}
    for row in rows:
        organization_id, counted_there = row["organization_id"], platforms_of.get(row["pk"], [])
        planned = _planned(row, counted_there, frozenset(switched_on.get(row["pk"], ())))
        missing[organization_id] = (*missing.get(organization_id, ()), *not_live(planned, now=now))
        if planned.published:
            one = LiveCampaign(id=row["pk"], name=row["name"], starts_at=row["starts_at"], ends_at=row["ends_at"])
            for platform in counted_there:
                live[organization_id, platform] = (*live.get((organization_id, platform), ()), one)
    return Campaigns(live=live, not_live=missing)


def _whose_time_is_now(organization_ids: Collection[str], now: datetime) -> list[dict[str, Any]]:
    endpoints = Endpoint.objects.filter(game=OuterRef("game"), enabled=True)
    # A campaign of nothing but codes needs none.
    rewards = CampaignReward.objects.filter(campaign=OuterRef("pk"))
    pools = CodePool.objects.filter(reward=OuterRef("reward"))
    codes_alone = Exists(rewards) & ~Exists(rewards.filter(~Exists(pools)))
    campaigns = Campaign.objects.filter(
        organization__in=organization_ids,
        status__in=[Campaign.Status.DRAFT, Campaign.Status.PUBLISHED],
        starts_at__lte=now,
        ends_at__gt=now,
        test_mode=False,
    )
    columns = ("pk", "organization_id", "name", "status", "starts_at", "ends_at", "deliveries_paused")
    shown = campaigns.annotate(has_endpoint=Exists(endpoints) | codes_alone).order_by("starts_at", "pk")
    return list(shown.values(*columns, "organization__enabled", "has_endpoint"))


def _planned(row: Mapping[str, Any], counted_there: Sequence[str], switched_on: frozenset[str]) -> Planned:
    return Planned(
        id=row["pk"],
        name=row["name"],
        published=row["status"] == Campaign.Status.PUBLISHED,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        paused=row["deliveries_paused"],
        organization_enabled=row["organization__enabled"],
        has_endpoint=row["has_endpoint"],
        counted_there=counted_there,
        switched_on=switched_on,
    )
