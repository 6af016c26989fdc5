"""What an organization has planned in a stretch of time, and what of it overlaps (C3, C5): in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Campaign, CampaignChannel, Channel
from campaigns.rules.overlaps import Overlap, Running, listed_twice, lists_to_compare, overlaps

MOST_SHOWN = 300
MOST_UNDATED = 50
LONG = 1_000
"""An allow-list with more entries is long."""

MOST_LISTED = 100_000
"""So many entries of allow-lists are read at once: five lists at their longest."""

_ASKED_AT_ONCE = 20_000
"""Databases take no more than some 30,000 values with one statement."""


@dataclass
class Plan:
    """The campaigns of a stretch of time, in the order in which they start.

    ``cut``: there are more than are told. ``uncompared``: the allow-lists are too long together, so that channels in common
    are not known.
    """

    campaigns: list[Campaign]
    undated: list[Campaign]
    shared: dict[str, list[Overlap]] = field(default_factory=dict)
    cut: bool = False
    uncompared: bool = False

    @cached_property
    def by_id(self) -> dict[str, Campaign]:
        """The campaigns by their ids: overlaps name others so."""
        return {campaign.pk: campaign for campaign in self.campaigns}


def plan_between(campaigns: QuerySet[Campaign], *, start: datetime, end: datetime) -> Plan:
    """Return what of some campaigns is announced, live or in its grace time from ``start`` to before ``end``.

    Cancelled ones are left out. ``undated`` are drafts that lack start or end, whenever they will be.
    """
    kept = campaigns.exclude(status=Campaign.Status.CANCELLED).select_related("game", "organization")
    kept = kept.prefetch_related("platforms", "further_games__game", "rewards__reward")
    dated = kept.filter(starts_at__isnull=False, ends_at__isnull=False, announces_at__lt=end, closes_at__gt=start)
    shown = list(dated.order_by("starts_at", "id")[: MOST_SHOWN + 1])
    undated = kept.filter(Q(starts_at=None) | Q(ends_at=None), status=Campaign.Status.DRAFT)
    plan = Plan(shown[:MOST_SHOWN], list(undated.order_by("name", "id")[:MOST_UNDATED]), cut=len(shown) > MOST_SHOWN)
    running = [
        _running(campaign, campaign.starts_at, campaign.ends_at)
        for campaign in plan.campaigns
        if campaign.starts_at and campaign.ends_at
    ]
    lists = _lists(lists_to_compare(running))
    plan.uncompared = lists is None
    common = listed_twice(running, lists or {})
    lists = {campaign: channels & common for campaign, channels in (lists or {}).items()}
    plan.shared = overlaps(running, lists, _platforms_of(common), start=start, end=end)
    return plan


def _running(campaign: Campaign, starts_at: datetime, ends_at: datetime) -> Running:
    return Running(
        id=campaign.pk,
        starts_at=starts_at,
        ends_at=ends_at,
        platforms=frozenset(row.platform for row in campaign.platforms.all()),
        games=frozenset({campaign.game_id, *(row.game_id for row in campaign.further_games.all())}),
        rewards=frozenset(row.reward_id for row in campaign.rewards.all()),
        listed=campaign.scope == Campaign.Scope.ALLOW_LIST,
    )


def _lists(pairs: Sequence[tuple[str, str]]) -> dict[str, set[str]] | None:
    """Return what each of these campaigns' allow-lists may have in common with that of another one in a pair with it.

    A long list that meets only short ones is not read: the channels of those are looked for in it. None where the lists that
    must be read are too long together.
    """
    campaigns = {campaign for pair in pairs for campaign in pair}
    long = _long(campaigns)
    read = (campaigns - long).union(*(pair for pair in pairs if long.issuperset(pair)))
    entries = list(_listed(read)[: MOST_LISTED + 1])
    if len(entries) > MOST_LISTED:
        return None
    lists: dict[str, set[str]] = {campaign: set() for campaign in campaigns}
    for campaign, channel in entries:
        lists[campaign].add(channel)
    for some in _portions({channel for campaign in read - long for channel in lists[campaign]}):
        for campaign, channel in _listed(campaigns - read).filter(channel__in=some):
            lists[campaign].add(channel)
    return lists


def _long(campaigns: set[str]) -> set[str]:
    """Return which of these campaigns have a long list, without reading the rest of it."""
    listed = CampaignChannel.objects.filter(campaign=OuterRef("pk"), removed_at=None)
    long = Campaign.objects.filter(Exists(listed[LONG : LONG + 1]), pk__in=campaigns)
    return set(long.values_list("pk", flat=True))


def _listed(campaigns: set[str]) -> QuerySet[CampaignChannel, tuple[str, str]]:
    """Return campaign and channel of what is on these lists now, which the index alone tells."""
    listed = CampaignChannel.objects.filter(campaign__in=campaigns, removed_at=None)
    return listed.values_list("campaign_id", "channel_id")


def _platforms_of(channels: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _portions(channels):
        found.update(Channel.objects.filter(pk__in=some).values_list("pk", "platform"))
    return found


def _portions(channels: set[str]) -> Iterator[list[str]]:
    asked = sorted(channels)
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        yield asked[first : first + _ASKED_AT_ONCE]
