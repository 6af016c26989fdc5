"""How pools of codes and limits of rewards stand, for all organizations at once. Three queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import Q, QuerySet

from campaigns.models import Campaign, CampaignReward
from fulfillment.code_stock import counted_pools
from fulfillment.health.facts import LimitFacts, PoolFacts
from fulfillment.limits import limits_of
from fulfillment.models import CodePool
from fulfillment.rules.stock import NEAR_PERCENT


@dataclass(frozen=True, slots=True)
class StockFacts:
    """``pools`` and ``limits`` by organization: pools at their threshold, and limits that are nearly used up."""

    pools: Mapping[str, tuple[PoolFacts, ...]]
    limits: Mapping[str, tuple[LimitFacts, ...]]


def read_stock_facts(organization_ids: Collection[str], *, now: datetime) -> StockFacts:
    """Return how stocks stand. Limits only of campaigns in which rewards can be had now, and that are no test."""
    pools: dict[str, tuple[PoolFacts, ...]] = {}
    for pool in counted_pools(CodePool.objects.filter(organization__in=organization_ids), now=now).order_by("pk"):
        free = cast(Any, pool).free_codes
        known = PoolFacts(id=pool.pk, name=pool.name, free=free, low_stock=pool.low_stock)
        pools[pool.organization_id] = (*pools.get(pool.organization_id, ()), known)
    limits: dict[str, tuple[LimitFacts, ...]] = {}
    for one in limits_of(limited_rewards(organization_ids, now=now), now=now):
        for which, standing in (("total", one.in_all), ("day", one.today)):
            if standing.limit is not None:
                known_limit = LimitFacts(
                    id=one.row.pk,
                    which=which,
                    campaign_id=one.row.campaign_id,
                    campaign=one.row.campaign.name,
                    reward=one.row.reward.name,
                    given=standing.given,
                    limit=standing.limit,
                )
                organization = one.row.campaign.organization_id
                limits[organization] = (*limits.get(organization, ()), known_limit)
    return StockFacts(pools=pools, limits=limits)


def limited_rewards(organization_ids: Collection[str], *, now: datetime) -> list[CampaignReward]:
    """Return the rewards with limits of campaigns whose rewards can be had now."""
    return list(rewards_with_limits(organization_ids, now=now).order_by("campaign__ends_at", "pk"))


def rewards_with_limits(organization_ids: Collection[str], *, now: datetime) -> QuerySet[CampaignReward]:
    """Return the same as rows to be narrowed further, with their campaign and reward."""
    limited = Q(limit_total__isnull=False) | Q(limit_per_day__isnull=False)
    rows = CampaignReward.objects.filter(
        limited,
        campaign__organization__in=organization_ids,
        campaign__status=Campaign.Status.PUBLISHED,
        campaign__starts_at__lte=now,
        campaign__closes_at__gt=now,
        campaign__test_mode=False,
    )
    return rows.select_related("campaign", "reward").defer("reward__image", "reward__description")


def is_near(percent: int) -> bool:
    """Whether so much of a limit was given that somebody should know."""
    return percent >= NEAR_PERCENT
