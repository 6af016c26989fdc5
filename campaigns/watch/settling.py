"""One stream at a time (W8): which channel owns a viewer's minute.

Of the heartbeats of a minute that came before it is settled the lowest channel id owns it; what comes later counts only for
viewers whose minute has no owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from campaigns.models import OwnedHour
from campaigns.watch.arrays import Masks, by_shard, no_masks, pack, shards_of, unpack_masks
from campaigns.watch.reports import Beat


@dataclass(frozen=True, slots=True)
class OwnedWrite:
    """A shard of an hour's owned minutes to be written; ``version`` is the one read, None for a new row."""

    hour: int
    shard: int
    data: bytes
    version: int | None


def settle(organization_id: str, beats: Sequence[Beat]) -> list[OwnedWrite]:
    """Leave to each heartbeat only the viewers whose minute its channel owns; return what is to be written about owners."""
    hours: dict[int, dict[int, list[Beat]]] = defaultdict(lambda: defaultdict(list))
    for beat in beats:
        if beat.channel is not None and beat.viewers.size:
            hours[beat.minute // 60][beat.minute % 60].append(beat)
    writes: list[OwnedWrite] = []
    for hour in sorted(hours):
        writes += _settle_hour(organization_id, hour, hours[hour])
    return writes


def _settle_hour(organization_id: str, hour: int, minutes: dict[int, list[Beat]]) -> list[OwnedWrite]:
    everybody = np.unique(np.concatenate([beat.viewers for beats in minutes.values() for beat in beats]))
    masks: dict[int, Masks] = {}
    versions: dict[int, int] = {}
    stored = OwnedHour.objects.filter(organization=organization_id, hour=hour, shard__in=shards_of(everybody))
    for row in stored:
        masks[row.shard], versions[row.shard] = unpack_masks(row.masks), row.version
    changed: set[int] = set()
    for minute in sorted(minutes):
        _settle_minute(minute, minutes[minute], masks, changed)
    return [OwnedWrite(hour, shard, pack(masks[shard]), versions.get(shard)) for shard in sorted(changed)]


def _settle_minute(minute: int, beats: list[Beat], masks: dict[int, Masks], changed: set[int]) -> None:
    ordered = sorted(beats, key=lambda beat: beat.settling_order)
    ends = np.cumsum([beat.viewers.size for beat in ordered])
    viewers, first = np.unique(np.concatenate([beat.viewers for beat in ordered]), return_index=True)
    bit = np.uint64(1 << minute)
    free = np.zeros(viewers.size, dtype=bool)
    for shard, part, slots in by_shard(viewers):
        shard_masks = masks.setdefault(shard, no_masks())
        free[part] = (shard_masks[slots] & bit) == 0
        if free[part].any():
            shard_masks[slots] |= bit
            changed.add(shard)
    owners = np.searchsorted(ends, first[free], side="right")
    by_owner = np.argsort(owners, kind="stable")  # each owner's viewers stay in order
    starts = np.searchsorted(owners[by_owner], np.arange(len(ordered) + 1))
    taken = viewers[free][by_owner]
    for beat, start, end in zip(ordered, starts[:-1], starts[1:], strict=True):
        beat.viewers = taken[start:end]
