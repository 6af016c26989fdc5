"""What the admin's start page, its cards and a campaign's page tell of codes and limits (D8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from fulfillment.code_stock import PoolStanding, counted_pools, standing_of
from fulfillment.health.facts import CAP
from fulfillment.health.reading_stock import is_near, limited_rewards, rewards_with_limits
from fulfillment.limits import LimitOf, limits_of
from fulfillment.models import CodePool, RewardFreed, RewardGiven
from fulfillment.rules.stock import FORECAST_MOST, NEAR_PERCENT, Forecast, Standing
from portal.dashboard import Card, Line
from portal.models import Organization
from portal.organizations import game_scope, may
from portal.roles import Permission

MOST_NAMED = 5


def codes_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return the pools that run low and the limits that are nearly used up; None where there is neither pool nor limit."""
    if not may(request, Permission.SEE_CAMPAIGNS):
        return None
    now = timezone.now()
    pools = _pools(request, organization, now)
    scope = game_scope(request)
    rows = limited_rewards([organization.pk], now=now)
    limits = limits_of([row for row in rows if scope is None or row.campaign.game_id in scope], now=now)
    if not pools and not limits:
        return None
    lines = [_pool_line(one) for one in pools[:MOST_NAMED]]
    near = sorted((one for one in limits if is_near(one.percent)), key=lambda one: -one.percent)
    lines += [_limit_line(one) for one in near[:MOST_NAMED]]
    if limits and not near:
        lines.append(Line(_("Limits nearly used up"), "0"))
    return Card(
        title=_("Codes and limits"),
        lines=lines,
        url=reverse("admin:fulfillment_codepool_changelist") if pools else "",
        url_label=_("All pools of codes") if pools else "",
    )


def pool_lines(request: HttpRequest, organization: Organization, now: datetime) -> Iterable[Line]:
    """Return a line for each of the few pools that have least: that they are low, or how long they last. One query."""
    if may(request, Permission.SEE_CAMPAIGNS):
        for one in _pools(request, organization, now)[:MOST_NAMED]:
            line = _pool_line(one)
            yield Line(_("Codes: %(pool)s") % {"pool": line.label}, line.value, line.url, line.attention)


def limit_lines(request: HttpRequest, organization: Organization, now: datetime) -> Iterable[Line]:
    """Return a line for each of the few rewards of which most was given that their limit in all allows. One query."""
    if not may(request, Permission.SEE_CAMPAIGNS):
        return
    given = RewardGiven.objects.filter(campaign_reward=OuterRef("pk"), day=0).values("given")
    freed = RewardFreed.objects.filter(campaign_reward=OuterRef("pk")).values("campaign_reward").order_by()
    rows = rewards_with_limits([organization.pk], now=now).filter(limit_total__isnull=False)
    scope = game_scope(request)
    if scope is not None:
        rows = rows.filter(campaign__game__in=scope)
    counted = rows.annotate(
        now_given=Coalesce(Subquery(given), 0) - Coalesce(Subquery(freed.annotate(n=Sum("claims")).values("n")), 0)
    ).filter(now_given__gte=F("limit_total") * NEAR_PERCENT / 100)
    for row in counted.order_by("campaign__ends_at", "pk")[:MOST_NAMED]:
        in_all = Standing(cast(Any, row).now_given, row.limit_total)
        yield _limit_line(LimitOf(row, in_all, Standing(0, None)))


def _pools(request: HttpRequest, organization: Organization, now: datetime) -> list[PoolStanding]:
    """Return the pools that this person may see, those with least first."""
    pools = CodePool.objects.filter(organization=organization)
    scope = game_scope(request)
    if scope is not None:
        pools = pools.filter(reward__game__in=scope)
    found = [standing_of(pool, now=now) for pool in counted_pools(pools, now=now).order_by("pk")]
    return sorted(found, key=lambda one: (not one.is_low, one.free))


def limit_figures(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Return how the limits of a campaign's rewards stand, for the head of its page. Before it begins nothing is given."""
    now = timezone.now()
    if campaign.starts_at is None or campaign.starts_at > now:
        return []
    listing = f"{reverse('admin:fulfillment_claim_changelist')}?campaign__id__exact={campaign.pk}"
    return [
        (_("Given of “%(reward)s”") % {"reward": one.row.reward.name}, limit_told(one), listing)
        for one in limits_of(campaign.rewards.all(), now=now)
    ]


def limit_told(one: LimitOf) -> str:
    """Return in words how much was given of a reward's limits."""
    parts = []
    if one.in_all.limit is not None:
        parts.append(_("%(given)s of %(limit)s") % _numbers(one.in_all.given, one.in_all.limit))
        if one.in_all.given > one.in_all.limit:
            parts.append(_("more than the limit of now: nothing more goes out"))
    if one.today.limit is not None:
        parts.append(_("%(given)s of %(limit)s today") % _numbers(one.today.given, one.today.limit))
    return ", ".join(parts)


def forecast_told(known: Forecast, *, free: int) -> str:
    """Return in words how long codes last; honest where nothing tells."""
    if free == 0:
        return _("none left: claims wait")
    if known.rate is None:
        return _("nothing to tell from: fewer than 3 codes went out within a week")
    if known.until is None:
        return _("lasts for more than %(days)d days at the pace of now") % {"days": FORECAST_MOST.days}
    return _("lasts until about %(time)s UTC at the pace of now") % {"time": f"{known.until:%Y-%m-%d %H:%M}"}


def free_told(free: int) -> str:
    """Return how many codes are free; a capped count says so."""
    return _("%(count)s free") % {"count": f"{free:,}{'+' if free >= CAP else ''}"}


def _pool_line(one: PoolStanding) -> Line:
    told = f"{free_told(one.free)}, {forecast_told(one.forecast, free=one.free)}"
    return Line(one.pool.name, told, reverse("admin:fulfillment_codepool_change", args=[one.pool.pk]), one.is_low)


def _limit_line(one: LimitOf) -> Line:
    label = _("“%(reward)s” in “%(campaign)s”") % {"reward": one.row.reward.name, "campaign": one.row.campaign.name}
    url = reverse("admin:campaigns_campaign_change", args=[one.row.campaign_id])
    return Line(label, limit_told(one), url, attention=True)


def _numbers(given: int, limit: int) -> dict[str, str]:
    return {"given": f"{given:,}", "limit": f"{limit:,}"}
