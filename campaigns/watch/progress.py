"""Reading progress (W5): the minutes of some viewers in some campaigns, at the same cost however much was watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from campaigns.models import MinuteKind, Participation, WatchedTotal, Watcher
from campaigns.watch.arrays import shard_of, slot_of, unpack_totals


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes credited to a viewer in a campaign so far."""

    watched: int = 0
    broadcast: int = 0


def minutes_of(*, viewer_ids: Collection[str], campaign_ids: Collection[str]) -> dict[tuple[str, str], Minutes]:
    """Return the minutes of viewers in campaigns, by (viewer, campaign); who has none there is missing. Two queries."""
    shards: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for viewer, number in Watcher.objects.filter(viewer__in=viewer_ids).values_list("viewer", "number"):
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
