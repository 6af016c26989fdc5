"""Working out, without a lock, what some minutes add to a campaign: who is new in which minute, and who reached what (W2, R3).

Nothing is written here: the result says which rows were read in which version, and :mod:`campaigns.watch.writing` writes
only if they are still the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from campaigns.models import CampaignReward, MinuteKind, WatchedHour, WatchedTotal
from campaigns.watch.arrays import (
    SHARD_BITS,
    Counts,
    Numbers,
    by_shard,
    no_masks,
    no_minutes,
    no_totals,
    pack,
    shards_of,
    united,
    unpack_masks,
    unpack_totals,
)

Parts = dict[int, list[tuple[Numbers, int]]]
"""By hour: who is reported for which minute of it."""

SHARDS_AT_ONCE = 256
"""So many shards' masks are held unpacked: 8 MiB."""


@dataclass(frozen=True, slots=True)
class MaskWrite:
    """An hour's masks of a shard; ``version`` is the one read, None for a new row."""

    hour: int
    shard: int
    data: bytes
    version: int | None


@dataclass(frozen=True, slots=True)
class TotalWrite:
    """A shard's totals; ``version`` is the one read, None for a new row."""

    shard: int
    data: bytes
    version: int | None


@dataclass(slots=True)
class Credit:
    """What is to be written about one campaign and kind of minutes."""

    campaign_id: str
    kind: MinuteKind
    masks: list[MaskWrite] = field(default_factory=list)
    totals: list[TotalWrite] = field(default_factory=list)
    minutes: int = 0
    newcomers: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    hours: dict[int, list[int]] = field(default_factory=dict)
    reached: dict[str, Numbers] = field(default_factory=dict)


def work_out(*, campaign_id: str, kind: MinuteKind, parts: Parts, rewards: Sequence[CampaignReward]) -> Credit:
    """Return what these minutes add. ``rewards`` are the campaign's whose rule asks for minutes of this kind."""
    credit = Credit(campaign_id, kind)
    gained: dict[int, Counts] = {}
    for hour in sorted(parts):
        numbers, bits = united(parts[hour])
        if numbers.size:
            _work_out_hour(credit, hour, numbers, bits, gained)
    _work_out_totals(credit, gained, rewards)
    return credit


def _work_out_hour(credit: Credit, hour: int, numbers: Numbers, bits: np.ndarray, gained: dict[int, Counts]) -> None:
    per_minute = np.zeros(60, dtype=np.int64)
    slices = list(by_shard(numbers))
    for start in range(0, len(slices), SHARDS_AT_ONCE):
        some = slices[start : start + SHARDS_AT_ONCE]
        stored = {
            row.shard: row
            for row in WatchedHour.objects.filter(
                campaign=credit.campaign_id, kind=credit.kind, hour=hour, shard__in=[shard for shard, _p, _s in some]
            )
        }
        for shard, part, slots in some:
            row = stored.get(shard)
            masks = unpack_masks(row.masks) if row else no_masks()
            new = bits[part] & ~masks[slots]
            counts = np.bitwise_count(new)
            if not counts.any():
                continue
            masks[slots] |= new
            credit.masks.append(MaskWrite(hour, shard, pack(masks), row.version if row else None))
            gained.setdefault(shard, no_totals())[slots] += counts
            _count_minutes(per_minute, new)
    if per_minute.any():
        credit.hours[hour] = [int(count) for count in per_minute]
        credit.minutes += int(per_minute.sum())


def _count_minutes(per_minute: np.ndarray, new: np.ndarray) -> None:
    present = int(np.bitwise_or.reduce(new))
    while present:
        minute = (present & -present).bit_length() - 1
        per_minute[minute] += int(((new >> np.uint64(minute)) & np.uint64(1)).sum())
        present &= present - 1


def _work_out_totals(credit: Credit, gained: dict[int, Counts], rewards: Sequence[CampaignReward]) -> None:
    stored = {
        row.shard: row
        for row in WatchedTotal.objects.filter(campaign=credit.campaign_id, kind=credit.kind, shard__in=sorted(gained))
    }
    newcomers: list[Numbers] = []
    reached: dict[str, list[Numbers]] = defaultdict(list)
    for shard in sorted(gained):
        row = stored.get(shard)
        totals = unpack_totals(row.minutes) if row else no_totals()
        before = totals.copy()
        totals += gained[shard]
        credit.totals.append(TotalWrite(shard, pack(totals), row.version if row else None))
        newcomers.append(_at(shard, (before == 0) & (totals > 0)))
        for reward in rewards:
            least = reward.minutes or 0
            crossing = (before < least) & (totals >= least)
            if crossing.any():
                reached[reward.pk].append(_at(shard, crossing))
    if newcomers:
        credit.newcomers = np.concatenate(newcomers)
    credit.reached = {reward: np.concatenate(found) for reward, found in reached.items()}


def _at(shard: int, chosen: np.ndarray) -> Numbers:
    return np.flatnonzero(chosen) + (shard << SHARD_BITS)


__all__ = ["Credit", "MaskWrite", "Parts", "TotalWrite", "no_minutes", "shards_of", "work_out"]
