"""Reading what was counted in a campaign, for people who run it: at the same cost however much was watched.

Nothing here goes through minutes of viewers; the figures are kept with every write (:mod:`campaigns.watch.tables`).
Whether the portal counts in a campaign at all is for the caller to say: what a platform counts is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from django.db.models import Max, QuerySet

from campaigns.models import CampaignFigures, CampaignHour, ChannelFigures, RewardFigures
from campaigns.rules.counting import SETTLED_AFTER
from campaigns.watch.arrays import unpack_hours, unpack_minutes

LIVE_WITHIN = timedelta(minutes=3)
"""Who was credited so long ago at most is watching now: heartbeats come once a minute, and may be a minute late."""

MINUTES_SHOWN = 60

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Totals:
    """What was credited in a campaign so far."""

    watched_minutes: int = 0
    broadcast_minutes: int = 0
    viewers: int = 0
    broadcasters: int = 0


@dataclass(frozen=True, slots=True)
class LiveNow:
    """How many viewers are watching, by the last complete ``minute`` that has any; 0 and None where none is recent.

    ``per_minute`` has the last hour, the last complete minute last. ``heard_at`` is the last minute that a heartbeat was
    counted for, None if there was none. ``channels`` are those with a heartbeat as recent.
    """

    viewers: int
    minute: datetime | None
    heard_at: datetime | None
    channels: int
    per_minute: Sequence[int]
    first: datetime


@dataclass(frozen=True, slots=True)
class MinutesOverTime:
    """The minutes of a campaign that had viewers: when each was, counted from 1970, ascending, and how many they were."""

    minutes: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    viewers: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def within(self, edges: Sequence[datetime]) -> InSpans:
        """Return the figures of the spans that lie between ``edges``, ascending full minutes."""
        places = np.searchsorted([minute_number(edge) for edge in edges], self.minutes, side="right") - 1
        inside = (places >= 0) & (places < len(edges) - 1)
        places, viewers = places[inside], self.viewers[inside]
        count = max(len(edges) - 1, 0)
        watched = np.bincount(places, weights=viewers, minlength=count)
        reported = np.bincount(places, minlength=count)
        most = np.zeros(count, dtype=np.int64)
        np.maximum.at(most, places, viewers)
        return InSpans(
            watched=[int(value) if known else None for value, known in zip(watched, reported, strict=True)],
            most=[int(value) if known else None for value, known in zip(most, reported, strict=True)],
            average=[
                round(float(value) / int(known)) if known else None
                for value, known in zip(watched, reported, strict=True)
            ],
            outside=int(self.viewers[~inside].sum()),
        )

    def peak(self) -> tuple[int, datetime] | None:
        """Return the most viewers that a minute had, and the first such minute."""
        if not self.viewers.size:
            return None
        place = int(self.viewers.argmax())
        return int(self.viewers[place]), moment_of(int(self.minutes[place]))


@dataclass(frozen=True, slots=True)
class InSpans:
    """Per span the watched minutes, the most viewers a minute had, and the average over minutes that had any.

    None where no minute had viewers: nobody watched, or nobody reported it. ``outside`` are minutes in no span.
    """

    watched: list[int | None]
    most: list[int | None]
    average: list[int | None]
    outside: int


def minute_number(moment: datetime) -> int:
    """Return a moment's minute, counted from 1970 in UTC."""
    return (moment - _EPOCH) // _MINUTE


def moment_of(minute: int) -> datetime:
    """Return when a minute begins, in UTC."""
    return _EPOCH + minute * _MINUTE


def figures_of(campaign_id: str) -> Totals:
    """Return a campaign's totals. One query."""
    row = CampaignFigures.objects.filter(campaign=campaign_id).first()
    if row is None:
        return Totals()
    return Totals(row.watched_minutes, row.broadcast_minutes, row.viewers, row.broadcasters)


def minutes_over_time(campaign_id: str) -> MinutesOverTime:
    """Return how many viewers each minute of a campaign had. One query: a row for each hour in which somebody watched."""
    rows = list(CampaignHour.objects.filter(campaign=campaign_id).order_by("hour").values_list("hour", "per_minute"))
    if not rows:
        return MinutesOverTime()
    hours = np.fromiter((hour for hour, _stored in rows), dtype=np.int64, count=len(rows))
    viewers = unpack_hours([stored for _hour, stored in rows]).astype(np.int64)
    minutes = (hours[:, np.newaxis] * 60 + np.arange(60)).reshape(-1)
    seen = viewers > 0
    return MinutesOverTime(minutes[seen], viewers[seen])


def live_within(*, one_stream_at_a_time: bool) -> timedelta:
    """Return how old a minute may be that is *now*: minutes that are settled first are known later (W8)."""
    return LIVE_WITHIN + SETTLED_AFTER + _MINUTE if one_stream_at_a_time else LIVE_WITHIN


def live_now(campaign_id: str, *, within: timedelta, now: datetime) -> LiveNow:
    """Return who watches now. Three queries."""
    end = minute_number(now)  # the minute that is not over yet
    first = end - MINUTES_SHOWN
    per_minute = _viewers_between(campaign_id, first, end)
    oldest = minute_number(now - within)
    found = next((m for m in range(end - 1, oldest - 1, -1) if per_minute[m - first]), None)
    channels = ChannelFigures.objects.filter(campaign=campaign_id)
    heard = channels.aggregate(last=Max("last_minute"))["last"]
    return LiveNow(
        viewers=per_minute[found - first] if found is not None else 0,
        minute=moment_of(found) if found is not None else None,
        heard_at=moment_of(heard) if heard is not None else None,
        channels=channels.filter(last_minute__gte=oldest).count(),
        per_minute=per_minute,
        first=moment_of(first),
    )


def _viewers_between(campaign_id: str, first: int, end: int) -> list[int]:
    per_minute = [0] * (end - first)
    rows = CampaignHour.objects.filter(campaign=campaign_id, hour__gte=first // 60, hour__lte=end // 60)
    for hour, stored in rows.values_list("hour", "per_minute"):
        for place, viewers in enumerate(unpack_minutes(stored)):
            if first <= hour * 60 + place < end:
                per_minute[hour * 60 + place - first] = viewers
    return per_minute


def channels_of(campaign_id: str) -> QuerySet[ChannelFigures]:
    """Return the figures of a campaign's channels, those with most reported minutes first (W9)."""
    rows = ChannelFigures.objects.filter(campaign=campaign_id).select_related("channel")
    return rows.order_by("-reported_minutes", "channel_id")


def live_channels(rows: QuerySet[ChannelFigures], *, within: timedelta, now: datetime) -> QuerySet[ChannelFigures]:
    """Keep the channels that a recent heartbeat was about."""
    return rows.filter(last_minute__gte=minute_number(now - within))


def earned_of(campaign_id: str) -> dict[str, int]:
    """Return how many viewers have met the rule of each reward of a campaign, by its id. One query."""
    rows = RewardFigures.objects.filter(campaign_reward__campaign=campaign_id)
    return dict(rows.values_list("campaign_reward", "earned"))
