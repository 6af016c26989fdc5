"""Progress and overview as files: what was watched in campaigns, by viewer and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, EarnedReward
from campaigns.watch.figures import figures_of
from campaigns.watch.progress import minutes_by_shard
from fulfillment.claim_counts import counts_of
from fulfillment.exports.asked import Asked, Filter, Kind
from fulfillment.overview import (
    CLOSED,
    DELIVERED,
    ON_THEIR_WAY,
    STUCK,
    WAITING,
    claim_figures_of,
    counted_by_of,
)
from portal.exports import Column, Row
from portal.reach import in_games

_FILTERS = (Filter.CAMPAIGN, Filter.GAME, Filter.SINCE, Filter.UNTIL)
_SPANS = _("Campaigns that ran in this time, if only for a part of it.")

PROGRESS_COLUMNS = (
    Column("campaign_id", _("The campaign's id in this portal.")),
    Column("campaign", _("The campaign's name.")),
    Column("viewer_id", _("The viewer's id in this portal; tells nothing of who it is.")),
    Column("platform", _("The viewer's platform.")),
    Column("platform_user_id", _("The user's id on the platform."), personal=True),
    Column("login", _("The user's login there, as last seen."), personal=True),
    Column("name", _("The user's name there, as last seen."), personal=True),
    Column("watched_minutes", _("Minutes watched that counted.")),
    Column("streamed_minutes", _("Minutes streamed that counted, of a broadcaster.")),
    Column("rewards_earned", _("How many of the campaign's rewards were earned.")),
)

OVERVIEW_COLUMNS = (
    Column("campaign_id", _("The campaign's id in this portal.")),
    Column("campaign", _("The campaign's name.")),
    Column("game", _("The name of its home game.")),
    Column("phase", _("Where it is: draft, scheduled, announced, live, grace, closed, cancelled.")),
    Column("test", _("Whether it is in test mode.")),
    Column("starts_at", _("When it starts.")),
    Column("ends_at", _("When it ends.")),
    Column("closes_at", _("When claiming closes.")),
    Column("claims", _("Claims in all.")),
    Column("claims_delivered", _("Of these delivered.")),
    Column("claims_on_their_way", _("Of these received, ready or being sent.")),
    Column("claims_waiting", _("Of these waiting for a link.")),
    Column("claims_stuck", _("Of these held, quarantined or failed.")),
    Column("claims_closed", _("Of these duplicates or closed without delivery.")),
    Column("watched_minutes", _("Minutes watched that the portal counted; empty where only the platforms count.")),
    Column("streamed_minutes", _("Minutes streamed that the portal counted; empty likewise.")),
    Column("viewers", _("Viewers with a minute at least; empty likewise.")),
)


def progress_rows(asked: Asked) -> Iterator[Row]:
    """Yield who watched how much in the order of :data:`PROGRESS_COLUMNS`, campaign by campaign."""
    for campaign in list(_campaigns(asked)):
        for part in minutes_by_shard(campaign.pk):
            earned = Counter(
                EarnedReward.objects.filter(
                    viewer__in=[viewer.pk for viewer, _minutes in part], campaign_reward__campaign=campaign
                ).values_list("viewer", flat=True)
            )
            for viewer, minutes in part:
                yield (
                    campaign.pk,
                    campaign.name,
                    viewer.pk,
                    viewer.platform,
                    viewer.platform_user_id,
                    viewer.login,
                    viewer.name,
                    minutes.watched,
                    minutes.broadcast,
                    earned[viewer.pk],
                )


def overview_rows(asked: Asked) -> Iterator[Row]:
    """Yield what became of campaigns in the order of :data:`OVERVIEW_COLUMNS`. Three queries for each."""
    for campaign in list(_campaigns(asked)):
        claims = claim_figures_of(counts_of(campaign.pk))
        totals = figures_of(campaign.pk) if counted_by_of(campaign).portal else None
        yield (
            campaign.pk,
            campaign.name,
            campaign.game.name,
            campaign.phase(asked.now).value,
            campaign.test_mode,
            campaign.starts_at,
            campaign.ends_at,
            campaign.closes_at,
            claims.total,
            claims.of(DELIVERED),
            claims.of(ON_THEIR_WAY),
            claims.of(WAITING),
            claims.of(STUCK),
            claims.of(CLOSED),
            totals.watched_minutes if totals else None,
            totals.broadcast_minutes if totals else None,
            totals.viewers if totals else None,
        )


def _campaigns(asked: Asked) -> QuerySet[Campaign]:
    campaigns = in_games(Campaign.objects.filter(organization=asked.organization), asked.games)
    if asked.campaign is not None:
        campaigns = campaigns.filter(pk=asked.campaign.pk)
    if asked.game is not None:
        campaigns = campaigns.filter(game=asked.game)
    if asked.since is not None:
        campaigns = campaigns.filter(Q(ends_at=None) | Q(ends_at__gt=asked.since))
    if asked.until is not None:
        campaigns = campaigns.filter(starts_at__lt=asked.until)
    return campaigns.select_related("game").order_by("-starts_at", "-pk")


PROGRESS = Kind(
    key="progress",
    title=_("Progress"),
    about=_("One row for each viewer and campaign in which the portal counted a minute at least."),
    columns=PROGRESS_COLUMNS,
    filters=_FILTERS,
    rows=progress_rows,
    spans=_SPANS,
)

OVERVIEW = Kind(
    key="overview",
    title=_("Overview"),
    about=_("One row for each campaign: its claims by state, and what was watched."),
    columns=OVERVIEW_COLUMNS,
    filters=_FILTERS,
    rows=overview_rows,
    spans=_SPANS,
)
