"""What a campaign came to in each day that is over: watched minutes and distinct viewers, worked out from the minutes.

Counting heartbeats knows nothing of it. Minutes are only ever added, and each goes into its hour's sum as it is credited
(:mod:`campaigns.watch.tables`): so a day is up to date exactly where it was worked out from as many minutes as its hours
have now. A late heartbeat (W4) makes it out of date by being counted. Any number of processes may work days out at once,
and be killed: of two results the one from more minutes stays.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from campaigns.models import Campaign, CampaignFigures, CampaignHour, MinuteKind, WatchedDay, WatchedHour
from campaigns.rules.days import HOURS, day_number
from campaigns.watch.arrays import SHARD_SIZE, unpack_masks

BUDGET_SECONDS = 15.0
"""So long one run works at most: a background job has 30 seconds. A day is not interrupted."""

_ROWS_AT_ONCE = 200

Days = tuple[int, int]
"""The first day and the last, both inside."""


def bring_up_to_date(
    *, now: datetime, campaigns: QuerySet[Campaign] | None = None, days: Days | None = None, seconds: float
) -> bool:
    """Work out what is out of date of days that are over, for a while; return whether that was all.

    Of all campaigns and days, unless told otherwise.
    """
    until = time.monotonic() + seconds
    for campaign_id, day in out_of_date(now=now, campaigns=campaigns, days=days):
        if time.monotonic() >= until:
            return False
        work_out(campaign_id, day)
    return True


def out_of_date(
    *, now: datetime, campaigns: QuerySet[Campaign] | None = None, days: Days | None = None
) -> list[tuple[str, int]]:
    """Return campaigns and days that are over whose figures are missing or too low, the oldest first. Three queries.

    Only campaigns are looked into whose days do not add up to the campaign's own total: those that were watched today,
    and those that something came for since.
    """
    first, last = days or (0, day_number(now))
    last = min(last, day_number(now) - 1)
    unlike = _where_days_are_not_the_total(campaigns)
    if not unlike:
        return []
    hours = CampaignHour.objects.filter(campaign__in=unlike, hour__gte=first * HOURS, hour__lt=(last + 1) * HOURS)
    by_day = hours.order_by().annotate(day=F("hour") / HOURS).values("campaign", "day")
    sums = by_day.annotate(minutes=Sum("watched_minutes")).values_list("campaign", "day", "minutes")
    known = {
        (campaign, day): minutes
        for campaign, day, minutes in WatchedDay.objects.filter(
            campaign__in=unlike, day__gte=first, day__lte=last
        ).values_list("campaign", "day", "watched_minutes")
    }
    found = [(campaign, day) for campaign, day, minutes in sums if minutes > known.get((campaign, day), 0)]
    return sorted(found, key=lambda one: (one[1], one[0]))


def _where_days_are_not_the_total(campaigns: QuerySet[Campaign] | None) -> list[str]:
    days = WatchedDay.objects.filter(campaign=OuterRef("campaign")).order_by().values("campaign")
    in_days = Coalesce(Subquery(days.annotate(minutes=Sum("watched_minutes")).values("minutes")), 0)
    figures = CampaignFigures.objects.exclude(watched_minutes=in_days)
    if campaigns is not None:
        figures = figures.filter(campaign__in=campaigns)
    return list(figures.values_list("campaign", flat=True))


def work_out(campaign_id: str, day: int) -> None:
    """Count the minutes and the distinct viewers of a day, as one moment shows them, and store them if there are any.

    Two statements, and memory for a bit of each viewer: who watched in several hours is one viewer.
    """
    minutes = 0
    seen: dict[int, npt.NDArray[np.bool_]] = {}
    for shard, masks in _masks(campaign_id, day):
        minutes += int(np.bitwise_count(masks).sum())
        seen[shard] = seen.get(shard, _nobody()) | (masks != 0)
    if not minutes:
        return
    viewers = sum(int(np.count_nonzero(some)) for some in seen.values())
    table = WatchedDay._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (campaign_id, day, watched_minutes, viewers) VALUES (%s, %s, %s, %s) "  # noqa: S608
            "ON CONFLICT (campaign_id, day) DO UPDATE SET "
            "watched_minutes = excluded.watched_minutes, viewers = excluded.viewers "
            f"WHERE excluded.watched_minutes > {table}.watched_minutes",
            [campaign_id, day, minutes, viewers],
        )


def _masks(campaign_id: str, day: int) -> Iterator[tuple[int, npt.NDArray[np.uint64]]]:
    # One statement sees one moment, so that minutes and viewers go together whatever is credited meanwhile.
    hours = WatchedHour.objects.filter(
        campaign=campaign_id, kind=MinuteKind.WATCH, hour__gte=day * HOURS, hour__lt=(day + 1) * HOURS
    )
    for shard, stored in hours.values_list("shard", "masks").iterator(chunk_size=_ROWS_AT_ONCE):
        yield shard, unpack_masks(stored)


def _nobody() -> npt.NDArray[np.bool_]:
    return np.zeros(SHARD_SIZE, dtype=bool)


def days_of(campaigns: QuerySet[Campaign], days: Days) -> QuerySet[WatchedDay]:
    """Return what was worked out of some campaigns' days, in order of time."""
    rows = WatchedDay.objects.filter(campaign__in=campaigns, day__gte=days[0], day__lte=days[1])
    return rows.order_by("day", "campaign")
