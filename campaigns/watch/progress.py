"""Reading progress (W5): the minutes of some viewers in some campaigns, at the same cost however much was watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from campaigns.models import Campaign, MinuteKind, Participation, Viewer, WatchedTotal, Watcher
from campaigns.watch.arrays import SHARD_BITS, SHARD_SIZE, shard_of, slot_of, unpack_totals


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes credited to a viewer in a campaign so far."""

    watched: int = 0
    broadcast: int = 0


def minutes_of(*, viewer_ids: Collection[str], campaign_ids: Collection[str]) -> dict[tuple[str, str], Minutes]:
    """Return the minutes of viewers in campaigns, by (viewer, campaign); who has none there is missing. Two queries."""
    watchers = Watcher.objects.filter(viewer__in=viewer_ids).values_list("viewer", "number")
    return _minutes(dict(watchers), campaign_ids)


def taken_part(viewer_ids: Collection[str], *, most: int) -> list[tuple[str, Campaign, Minutes]]:
    """Return viewer, campaign and minutes where viewers were credited one at least, the latest campaigns first. Two queries."""
    rows = Participation.objects.filter(watcher__viewer__in=viewer_ids).select_related("watcher", "campaign")
    found = list(rows.order_by("-campaign__starts_at", "-pk")[:most])
    numbers = {row.watcher.viewer_id: row.watcher_id for row in found}
    minutes = _minutes(numbers, {row.campaign_id for row in found})
    keys = [(row.watcher.viewer_id, row.campaign) for row in found]
    return [(viewer, campaign, minutes.get((viewer, campaign.pk), Minutes())) for viewer, campaign in keys]


def _minutes(numbers: Mapping[str, int], campaign_ids: Collection[str]) -> dict[tuple[str, str], Minutes]:
    """Return the minutes of viewers, given with their numbers as watchers. One query, none for nobody."""
    shards: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for viewer, number in numbers.items():
        shards[shard_of(number)].append((viewer, slot_of(number)))
    if not shards:
        return {}
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    rows = WatchedTotal.objects.filter(campaign__in=campaign_ids, shard__in=sorted(shards))
    for row in rows:
        totals = unpack_totals(row.minutes)
        for viewer, slot in shards[row.shard]:
            if totals[slot]:
                found[viewer, row.campaign_id][row.kind] = int(totals[slot])
    return {
        key: Minutes(kinds.get(MinuteKind.WATCH, 0), kinds.get(MinuteKind.BROADCAST, 0)) for key, kinds in found.items()
    }


def campaigns_of(viewer_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the campaigns in which viewers were credited a minute at least, by viewer. One query."""
    found: dict[str, set[str]] = defaultdict(set)
    rows = Participation.objects.filter(watcher__viewer__in=viewer_ids)
    for viewer, campaign in rows.values_list("watcher__viewer", "campaign"):
        found[viewer].add(campaign)
    return dict(found)


def all_totals(campaign_id: str, kind: MinuteKind = MinuteKind.WATCH) -> dict[str, int]:
    """Return the minutes of everybody in a campaign, by viewer: for exports and checks, not for pages."""
    minutes: dict[int, int] = {}
    for row in WatchedTotal.objects.filter(campaign=campaign_id, kind=kind).order_by("shard").iterator(chunk_size=50):
        totals = unpack_totals(row.minutes)
        for slot in np.flatnonzero(totals):
            minutes[(row.shard * totals.size) + int(slot)] = int(totals[slot])
    watchers = Watcher.objects.filter(participations__campaign=campaign_id)
    pairs = watchers.values_list("number", "viewer").iterator(chunk_size=5000)
    return {viewer: minutes[number] for number, viewer in pairs if number in minutes}


def minutes_by_shard(campaign_id: str) -> Iterator[list[tuple[Viewer, Minutes]]]:
    """Yield everybody in a campaign with their minutes, for exports: a few thousand at a time, two queries for these."""
    totals = WatchedTotal.objects.filter(campaign=campaign_id)
    for shard in list(totals.order_by("shard").values_list("shard", flat=True).distinct()):
        kinds = {row.kind: unpack_totals(row.minutes) for row in totals.filter(shard=shard)}
        watched, broadcast = (kinds.get(kind) for kind in (MinuteKind.WATCH, MinuteKind.BROADCAST))
        first = shard << SHARD_BITS
        here = Watcher.objects.filter(number__gte=first, number__lt=first + SHARD_SIZE).select_related("viewer")
        part = []
        for watcher in here.order_by("number"):
            slot = slot_of(watcher.number)
            minutes = Minutes(
                int(watched[slot]) if watched is not None else 0, int(broadcast[slot]) if broadcast is not None else 0
            )
            if minutes != Minutes():
                part.append((watcher.viewer, minutes))
        yield part
