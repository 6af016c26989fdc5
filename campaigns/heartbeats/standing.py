"""How a source is doing: when it last sent, how often, how its calls ended, and what it names that nobody knows.

Each answer costs the same at any size: it reads the newest heartbeats through an index, or at most so many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, Sum

from campaigns.models import Campaign, CampaignPlatform, Heartbeat, HeartbeatSource, HeartbeatTally
from campaigns.rules.phases import Phase

RATE_OVER = timedelta(minutes=5)
RATE_READS_AT_MOST = 20_000
"""4,000 heartbeats a minute can be told; what is more is told as *over*."""

KEPT_READS_AT_MOST = 20_000
SHOWN_AT_MOST = 20
SILENT_AFTER = timedelta(minutes=10)
"""Twitch's guide: the first heartbeat may take 5 to 10 minutes, then there is one each minute."""

KINDS = ("accepted", "repeated", "conflicting", "refused", "disabled")
"""How calls of a source end, as :mod:`campaigns.heartbeats.views` counts them."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many heartbeats a minute came; ``capped``: at least so many."""

    per_minute: float
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that heartbeats name and nobody knows: how many are kept under it, and when the last one came."""

    name: str
    count: int
    last_at: datetime


def with_last_heartbeat(sources: QuerySet[HeartbeatSource]) -> QuerySet[Any]:
    """Return the sources with ``newest_at``: when their newest stored heartbeat came."""
    newest = Heartbeat.objects.filter(source=OuterRef("pk")).order_by("-id").values("received_at")[:1]
    return sources.annotate(newest_at=Subquery(newest))


def last_heartbeat_at(source: HeartbeatSource) -> datetime | None:
    """Return when the source's last heartbeat came, None if none ever did."""
    newest = Heartbeat.objects.filter(source=source).order_by("-id").values_list("received_at", flat=True).first()
    return max((moment for moment in (newest, source.last_heartbeat_at) if moment is not None), default=None)


def rate(source: HeartbeatSource, *, now: datetime) -> Rate:
    """Return how many heartbeats a minute the source sent over the last 5 minutes."""
    newest = Heartbeat.objects.filter(source=source).order_by("-id").values("pk")[:RATE_READS_AT_MOST]
    count = Heartbeat.objects.filter(pk__in=newest, received_at__gt=now - RATE_OVER).count()
    return Rate(count / (RATE_OVER.seconds / 60), count >= RATE_READS_AT_MOST)


def calls_since(source_ids: Iterable[int], *, since: datetime) -> dict[str, int]:
    """Return how many calls of these sources ended how since an hour began, every kind named."""
    rows = HeartbeatTally.objects.filter(source__in=list(source_ids), hour__gte=since)
    counted = dict(rows.values_list("outcome").annotate(calls=Sum("count")))
    return {kind: counted.get(kind, 0) for kind in KINDS}


def unknown_game_names(source: HeartbeatSource) -> list[Unknown]:
    """Return the names of kept heartbeats that are none of the game's, most frequent first."""
    return _kept(source, Heartbeat.Outcome.NO_GAME, "game_name")


def unknown_broadcasters(source: HeartbeatSource) -> list[Unknown]:
    """Return the broadcasters of kept heartbeats that nobody linked, most frequent first."""
    return _kept(source, Heartbeat.Outcome.NO_BROADCASTER, "broadcaster")


def _kept(source: HeartbeatSource, outcome: str, column: str) -> list[Unknown]:
    # First the newest of this outcome, through their index; among those that are months old none is kept.
    newest = Heartbeat.objects.filter(source=source, outcome=outcome).order_by("-id").values("pk")[:KEPT_READS_AT_MOST]
    rows = (
        Heartbeat.objects.filter(pk__in=newest, viewer_list__isnull=False, due_at=None)
        .values_list(column)
        .annotate(count=Count("pk"), last=Max("received_at"))
        .order_by("-count", column)
    )
    return [Unknown(*row) for row in rows[:SHOWN_AT_MOST]]


def sources_with_unknown_names(organization_id: str) -> int:
    """Return how many of the organization's sources have kept heartbeats with a name that is none of their game's."""
    named = Heartbeat.objects.filter(source=OuterRef("pk"), outcome=Heartbeat.Outcome.NO_GAME)
    sources = HeartbeatSource.objects.filter(game__organization=organization_id)
    newest = sources.annotate(newest=Subquery(named.order_by("-id").values("pk")[:1])).values("newest")
    return Heartbeat.objects.filter(pk__in=newest, viewer_list__isnull=False, due_at=None).count()


def silent_sources(organization_id: str, *, now: datetime) -> list[tuple[HeartbeatSource, datetime | None]]:
    """Return the enabled sources that a live campaign needs and that sent nothing for 10 minutes, with their last sign."""
    live = (
        Campaign.objects.filter(organization=organization_id, platforms__counted_by=CampaignPlatform.CountedBy.PORTAL)
        .in_phase(Phase.LIVE, now=now)
        .distinct()
        .prefetch_related("platforms", "further_games")
    )
    needed = {
        (game_id, row.platform)
        for campaign in live
        for row in campaign.platforms.all()
        if row.counted_by == CampaignPlatform.CountedBy.PORTAL
        for game_id in (campaign.game_id, *(further.game_id for further in campaign.further_games.all()))
    }
    if not needed:
        return []
    sources = with_last_heartbeat(
        HeartbeatSource.objects.filter(game__organization=organization_id, enabled=True)
    ).order_by("name", "pk")
    found = []
    for source in sources:
        last = max((m for m in (source.newest_at, source.last_heartbeat_at) if m is not None), default=None)
        if (source.game_id, source.platform) in needed and (last is None or last <= now - SILENT_AFTER):
            found.append((source, last))
    return found
