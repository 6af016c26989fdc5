"""The rules of an organization's campaigns, read once for a batch of heartbeats (W3, C7, C8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db.models import Prefetch

from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignPlatform,
    CampaignTester,
    Channel,
    ChannelOptOut,
    Game,
    GameName,
    Viewer,
    Watcher,
)
from campaigns.rules.counting import CampaignRules, Interval, Report, Why, why_not
from campaigns.watch.arrays import Numbers
from campaigns.watch.reports import comparable


@dataclass(slots=True)
class Running:
    """Campaigns that a batch could count in, and who was listed or opted out when."""

    rules: dict[str, CampaignRules] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    listed: dict[tuple[str, str], list[Interval]] = field(default_factory=lambda: defaultdict(list))
    opted_out: dict[tuple[str, str], list[Interval]] = field(default_factory=lambda: defaultdict(list))

    def why_not(self, campaign_id: str, report: Report, channel_id: str) -> Why | None:
        """Return why a report of a channel does not count in a campaign; None where it counts."""
        return why_not(
            self.rules[campaign_id],
            report,
            listed=self.listed.get((campaign_id, channel_id), ()),
            opted_out=self.opted_out.get((channel_id, report.game), ()),
        )


def rules_of(campaign: Campaign) -> CampaignRules:
    """Return what decides about a campaign's minutes; reads its platforms and further games, prefetched or not."""
    portal_counts = CampaignPlatform.CountedBy.PORTAL
    return CampaignRules(
        games=frozenset([campaign.game_id, *(row.game_id for row in campaign.further_games.all())]),
        platforms=frozenset(row.platform for row in campaign.platforms.all() if row.counted_by == portal_counts),
        allow_list=campaign.scope == Campaign.Scope.ALLOW_LIST,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        closes_at=campaign.closes_at,
        published_at=campaign.published_at,
        cancelled_at=campaign.cancelled_at,
    )


def read_running(
    organization_id: str, channels: Collection[Channel], *, first_sent: datetime, last_sent: datetime
) -> Running:
    """Read the campaigns that ran between two times, with all that decides about these channels."""
    running = Running()
    found = (
        Campaign.objects.filter(
            organization=organization_id,
            published_at__isnull=False,
            starts_at__lte=last_sent,
            ends_at__gt=first_sent,
            platforms__counted_by=CampaignPlatform.CountedBy.PORTAL,
        )
        .distinct()
        .prefetch_related("platforms", "further_games", Prefetch("rewards"))
    )
    for campaign in found.order_by("pk"):
        running.campaigns[campaign.pk] = campaign
        running.rules[campaign.pk] = rules_of(campaign)
    ids = sorted(channel.pk for channel in channels)
    closed_lists = [key for key, rules in running.rules.items() if rules.allow_list]
    for start in range(0, len(ids), 1000):
        read_intervals(running, closed_lists, ids[start : start + 1000])
    return running


def read_intervals(running: Running, campaigns: Collection[str], channels: Collection[str]) -> None:
    """Read when these channels were on the lists of these campaigns, and when they took no part in a game's."""
    if campaigns:
        for row in CampaignChannel.objects.filter(campaign__in=campaigns, channel__in=channels):
            running.listed[row.campaign_id, row.channel_id].append(Interval(row.listed_at, row.removed_at))
    for opted in ChannelOptOut.objects.filter(channel__in=channels):
        running.opted_out[opted.channel_id, opted.game_id].append(Interval(opted.started_at, opted.ended_at))


def names_of_games(game_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the names that heartbeats may give for each game, as they are compared (W1)."""
    names: dict[str, set[str]] = defaultdict(set)
    for pk, name in Game.objects.filter(pk__in=game_ids).values_list("pk", "name"):
        names[pk].add(comparable(name))
    for pk, name in GameName.objects.filter(game__in=game_ids).values_list("game", "name"):
        names[pk].add(comparable(name))
    return names


def testers_of(campaign_id: str) -> dict[str, set[str]]:
    """Return the user ids of a campaign's testers by platform (C8)."""
    testers: dict[str, set[str]] = defaultdict(set)
    for platform, user in CampaignTester.objects.filter(campaign=campaign_id).values_list(
        "platform", "platform_user_id"
    ):
        testers[platform].add(user)
    return testers


def tester_numbers(organization_id: str, campaign_id: str) -> Numbers:
    """Return the numbers of a test campaign's testers, ascending: nobody else is credited (C8)."""
    numbers: list[int] = []
    for platform, users in testers_of(campaign_id).items():
        viewers = Viewer.objects.filter(
            organization=organization_id, platform=platform, platform_user_id__in=sorted(users)
        )
        numbers += Watcher.objects.filter(viewer__in=viewers).values_list("number", flat=True)
    return np.array(sorted(numbers), dtype=np.int64)
