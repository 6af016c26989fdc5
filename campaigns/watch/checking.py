"""Counting a campaign's watch time once more from its credited minutes, and comparing with all that was added up since.

The minutes of :class:`WatchedHour` are the ledger; totals, figures, participations and earned rewards follow from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from campaigns.models import (
    CampaignFigures,
    CampaignHour,
    CampaignReward,
    EarnedReward,
    MinuteKind,
    Participation,
    RewardFigures,
    WatchedDay,
    WatchedHour,
    WatchedTotal,
)
from campaigns.rules.days import HOURS
from campaigns.watch.arrays import (
    SHARD_BITS,
    Counts,
    Masks,
    no_totals,
    unpack_masks,
    unpack_minutes,
    unpack_totals,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was added up does not agree with the minutes: ``stored`` stands there, ``counted`` is right."""

    what: str
    stored: int
    counted: int

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, counted {self.counted}"


@dataclass(slots=True)
class Recount:
    """What a campaign's credited minutes come to, and what does not agree with them."""

    watched_minutes: int = 0
    viewers: int = 0
    differences: list[Difference] = field(default_factory=list)

    def compare(self, what: str, *, stored: int, counted: int) -> None:
        """Note a difference where there is one."""
        if stored != counted:
            self.differences.append(Difference(what, stored, counted))


@dataclass(slots=True)
class _Counted:
    """The minutes of one kind: totals by shard, how many each minute of each hour had, and the viewers of each day."""

    totals: dict[int, Counts] = field(default_factory=dict)
    hours: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        return sum(int(totals.sum()) for totals in self.totals.values())

    @property
    def people(self) -> int:
        return sum(int(np.count_nonzero(totals)) for totals in self.totals.values())

    def numbers(self, *, least: int = 1) -> set[int]:
        """The numbers of those with at least so many minutes."""
        return {
            int(slot) + (shard << SHARD_BITS)
            for shard, totals in self.totals.items()
            for slot in np.flatnonzero(totals >= least)
        }


def recount(*, campaign_id: str) -> Recount:
    """Count a campaign's minutes again and compare, all in one view of the database: counting may go on meanwhile.

    On SQLite writers wait for its end.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        kinds = {kind: _count(campaign_id, kind) for kind in MinuteKind}
        watched = kinds[MinuteKind.WATCH]
        result = Recount(watched_minutes=watched.minutes, viewers=watched.people)
        for kind, counted in kinds.items():
            _compare_totals(result, campaign_id, kind, counted)
        _compare_figures(result, campaign_id, kinds)
        _compare_hours(result, campaign_id, watched)
        _compare_days(result, campaign_id, watched)
        _compare_people(result, campaign_id, kinds)
        _compare_rewards(result, campaign_id, kinds)
    return result


def _count(campaign_id: str, kind: MinuteKind) -> _Counted:
    counted = _Counted()
    seen: dict[int, npt.NDArray[np.bool_]] = {}
    for hour, shard, masks in _masks(campaign_id, kind):
        day = hour // HOURS
        if day not in counted.days:
            counted.days[day], seen = 0, {}
        there, before = masks != 0, seen.get(shard, np.zeros(masks.size, dtype=bool))
        counted.days[day] += int(np.count_nonzero(there & ~before))
        seen[shard] = there | before
        counted.totals.setdefault(shard, no_totals())[:] += np.bitwise_count(masks)
        per_minute = counted.hours.setdefault(hour, np.zeros(60, dtype=np.int64))
        for minute in range(60):
            per_minute[minute] += int(((masks >> np.uint64(minute)) & np.uint64(1)).sum())
    return counted


def _masks(campaign_id: str, kind: MinuteKind) -> Iterator[tuple[int, int, Masks]]:
    rows = WatchedHour.objects.filter(campaign=campaign_id, kind=kind).order_by("hour", "shard")
    for hour, shard, masks in rows.values_list("hour", "shard", "masks").iterator(chunk_size=200):
        yield hour, shard, unpack_masks(masks)


def _compare_totals(result: Recount, campaign_id: str, kind: MinuteKind, counted: _Counted) -> None:
    stored = {
        shard: unpack_totals(minutes)
        for shard, minutes in WatchedTotal.objects.filter(campaign=campaign_id, kind=kind).values_list(
            "shard", "minutes"
        )
    }
    for shard in sorted({*stored, *counted.totals}):
        there, right = stored.get(shard, no_totals()), counted.totals.get(shard, no_totals())
        for slot in np.flatnonzero(there != right):
            number = int(slot) + (shard << SHARD_BITS)
            result.compare(
                f"minutes {kind.label} of watcher {number}", stored=int(there[slot]), counted=int(right[slot])
            )


def _compare_figures(result: Recount, campaign_id: str, kinds: dict[MinuteKind, _Counted]) -> None:
    figures = CampaignFigures.objects.filter(campaign=campaign_id).first() or CampaignFigures()
    watched, broadcast = kinds[MinuteKind.WATCH], kinds[MinuteKind.BROADCAST]
    result.compare("watched minutes", stored=figures.watched_minutes, counted=watched.minutes)
    result.compare("viewers", stored=figures.viewers, counted=watched.people)
    result.compare("broadcast minutes", stored=figures.broadcast_minutes, counted=broadcast.minutes)
    result.compare("broadcasters", stored=figures.broadcasters, counted=broadcast.people)


def _compare_hours(result: Recount, campaign_id: str, watched: _Counted) -> None:
    stored = {row.hour: row for row in CampaignHour.objects.filter(campaign=campaign_id)}
    for hour in sorted({*stored, *watched.hours}):
        right = [int(count) for count in watched.hours.get(hour, np.zeros(60, dtype=np.int64))]
        there = unpack_minutes(stored[hour].per_minute) if hour in stored else [0] * 60
        result.compare(
            f"watched minutes in hour {hour}",
            stored=stored[hour].watched_minutes if hour in stored else 0,
            counted=sum(right),
        )
        for minute in range(60):
            result.compare(f"viewers in minute {minute} of hour {hour}", stored=there[minute], counted=right[minute])


def _compare_days(result: Recount, campaign_id: str, watched: _Counted) -> None:
    """Compare the days that were worked out from all their minutes; the others are to be worked out again anyway."""
    minutes: defaultdict[int, int] = defaultdict(int)
    for hour, per_minute in watched.hours.items():
        minutes[hour // HOURS] += int(per_minute.sum())
    for row in WatchedDay.objects.filter(campaign=campaign_id).order_by("day"):
        if row.watched_minutes > minutes[row.day]:
            result.compare(f"watched minutes of day {row.day}", stored=row.watched_minutes, counted=minutes[row.day])
        elif row.watched_minutes == minutes[row.day]:
            result.compare(f"viewers of day {row.day}", stored=row.viewers, counted=watched.days.get(row.day, 0))


def _compare_people(result: Recount, campaign_id: str, kinds: dict[MinuteKind, _Counted]) -> None:
    stored = set(Participation.objects.filter(campaign=campaign_id).values_list("watcher", flat=True))
    right = set().union(*(counted.numbers() for counted in kinds.values()))
    result.compare("participations that are missing", stored=len(stored & right), counted=len(right))
    result.compare("participations without a minute", stored=len(stored - right), counted=0)


def _compare_rewards(result: Recount, campaign_id: str, kinds: dict[MinuteKind, _Counted]) -> None:
    figures = dict(
        RewardFigures.objects.filter(campaign_reward__campaign=campaign_id).values_list("campaign_reward", "earned")
    )
    earned: defaultdict[str, set[int | None]] = defaultdict(set)
    rows = EarnedReward.objects.filter(campaign_reward__campaign=campaign_id)
    for reward_id, number in rows.values_list("campaign_reward", "viewer__watcher"):
        earned[reward_id].add(number)
    kind_of = {CampaignReward.Rule.WATCH: MinuteKind.WATCH, CampaignReward.Rule.BROADCAST: MinuteKind.BROADCAST}
    for reward in CampaignReward.objects.filter(campaign=campaign_id, rule__in=kind_of).select_related("reward"):
        right = kinds[kind_of[CampaignReward.Rule(reward.rule)]].numbers(least=reward.minutes or 1)
        stored = earned[reward.pk]
        result.compare(f"who has earned {reward}", stored=len(stored & right), counted=len(right))
        result.compare(f"who has earned {reward} without the minutes", stored=len(stored - right), counted=0)
        result.compare(f"how many have earned {reward}", stored=figures.get(reward.pk, 0), counted=len(right))
