"""Adding to the figures of campaigns, hours, channels and rewards, within the transaction that credits (Campaign overview)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from campaigns.models import CampaignFigures, CampaignHour, ChannelFigures, MinuteKind, RewardFigures
from campaigns.watch.arrays import no_minutes, pack_minutes, unpack_minutes
from campaigns.watch.crediting import Credit
from campaigns.watch.reports import Beat


def add_to_figures(credits: Sequence[Credit], beats: Sequence[Beat]) -> None:
    """Add what a batch comes to. Rows are touched in key order."""
    _add_to_campaigns(credits)
    _add_to_hours(credits)
    _add_to_rewards(credits)
    _add_to_channels(beats)


def _add_to_campaigns(credits: Sequence[Credit]) -> None:
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for credit in credits:
        place = 0 if credit.kind == MinuteKind.WATCH else 1
        rows[credit.campaign_id][place] += credit.minutes
        rows[credit.campaign_id][place + 2] += int(credit.newcomers.size)
    columns = ("watched_minutes", "broadcast_minutes", "viewers", "broadcasters")
    _add(CampaignFigures, ("campaign_id",), columns, [[key, *rows[key]] for key in sorted(rows)])


def _add_to_rewards(credits: Sequence[Credit]) -> None:
    reached = [(reward, int(found.size)) for credit in credits for reward, found in credit.reached.items()]
    _add(RewardFigures, ("campaign_reward_id",), ("earned",), [[reward, count] for reward, count in sorted(reached)])


def add_to_reward(campaign_reward_id: str, earned: int) -> None:
    """Add to how many viewers have earned a reward."""
    _add(RewardFigures, ("campaign_reward_id",), ("earned",), [[campaign_reward_id, earned]])


def _add(model: type[models.Model], key: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, or add their numbers to those that are there."""
    if not rows:
        return
    table = model._meta.db_table
    places = ", ".join(["%s"] * (len(key) + len(columns)))
    sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join([*key, *columns])}) VALUES ({places}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}",
            rows,
        )


def _add_to_hours(credits: Sequence[Credit]) -> None:
    added = {
        (credit.campaign_id, hour): minutes
        for credit in credits
        if credit.kind == MinuteKind.WATCH
        for hour, minutes in credit.hours.items()
    }
    for campaign_id in sorted({campaign for campaign, _hour in added}):
        hours = {hour: minutes for (campaign, hour), minutes in added.items() if campaign == campaign_id}
        rows = CampaignHour.objects.select_for_update().filter(campaign=campaign_id, hour__in=hours).order_by("hour")
        stored = {row.hour: row for row in rows}
        new = []
        for hour, minutes in sorted(hours.items()):
            row = stored.get(hour) or CampaignHour(campaign_id=campaign_id, hour=hour, per_minute=b"")
            before = unpack_minutes(row.per_minute) if row.per_minute else no_minutes()
            row.per_minute = pack_minutes([one + other for one, other in zip(before, minutes, strict=True)])
            row.watched_minutes += sum(minutes)
            if hour not in stored:
                new.append(row)
        CampaignHour.objects.bulk_update(stored.values(), ["watched_minutes", "per_minute"], batch_size=100)
        # Whoever made the same row meanwhile also raised the version of a shard, or waits behind this transaction.
        CampaignHour.objects.bulk_create(new)


@dataclass(slots=True)
class _ChannelRow:
    reported: int = 0
    heartbeats: int = 0
    peak: int = 0
    last_minute: int = 0
    last_viewers: int = 0


def _add_to_channels(beats: Sequence[Beat]) -> None:
    rows: dict[tuple[str, str], _ChannelRow] = defaultdict(_ChannelRow)
    for beat in beats:
        for campaign_id in beat.counts_in:
            row = rows[campaign_id, beat.channel.pk if beat.channel else ""]
            row.reported += beat.listed
            row.heartbeats += 1
            row.peak = max(row.peak, beat.listed)
            if beat.minute >= row.last_minute:
                row.last_minute, row.last_viewers = beat.minute, beat.listed
    if not rows:
        return
    table = ChannelFigures._meta.db_table
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (campaign_id, channel_id, reported_minutes, heartbeats, peak_viewers, "  # noqa: S608
            "last_minute, last_viewers) VALUES (%s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (campaign_id, channel_id) DO UPDATE SET "
            f"reported_minutes = {table}.reported_minutes + excluded.reported_minutes, "
            f"heartbeats = {table}.heartbeats + excluded.heartbeats, peak_viewers = CASE WHEN excluded.peak_viewers > "
            f"{table}.peak_viewers THEN excluded.peak_viewers ELSE {table}.peak_viewers END, "
            f"last_viewers = CASE WHEN excluded.last_minute >= {table}.last_minute "
            f"THEN excluded.last_viewers ELSE {table}.last_viewers END, "
            f"last_minute = CASE WHEN excluded.last_minute > {table}.last_minute "
            f"THEN excluded.last_minute ELSE {table}.last_minute END",
            [
                [campaign, channel, row.reported, row.heartbeats, row.peak, row.last_minute, row.last_viewers]
                for (campaign, channel), row in sorted(rows.items())
            ],
        )
