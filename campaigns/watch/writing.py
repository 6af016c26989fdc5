"""Writing what was worked out, in one short transaction, or nothing where somebody else was quicker (W6, O4).

Every shard is written only in the version that was read, and every heartbeat is taken out of the outbox only once: what
does not fit raises ``Overtaken``, and all of it is worked out again. Rows are written in key order, so that two writers
wait for each other and never lock each other out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from campaigns.hooks import Earned, call_rewards_earned
from campaigns.models import (
    EarnedReward,
    Heartbeat,
    HeartbeatSource,
    HeartbeatViewers,
    OwnedHour,
    Participation,
    WatchedHour,
    WatchedTotal,
    Watcher,
)
from campaigns.watch.arrays import Numbers
from campaigns.watch.crediting import Credit
from campaigns.watch.earning import claimable_now
from campaigns.watch.keeping import keep_for_events
from campaigns.watch.reports import Beat, Outcome
from campaigns.watch.settling import OwnedWrite
from campaigns.watch.sql import given
from campaigns.watch.tables import add_to_figures


class Overtaken(Exception):
    """What was read has changed meanwhile. Nothing was written."""


def write(
    organization_id: str,
    beats: Sequence[Beat],
    owned: Sequence[OwnedWrite],
    credits: Sequence[Credit],
    *,
    now: datetime,
) -> None:
    """Write all that a batch of heartbeats comes to, or nothing. Raises ``Overtaken``."""
    ordered = sorted(credits, key=lambda credit: (credit.campaign_id, credit.kind))
    try:
        with transaction.atomic():
            _write(organization_id, beats, owned, ordered, now=now)
    except IntegrityError as error:  # somebody made a row of figures that was not there a moment ago
        raise Overtaken from error


def _write(
    organization_id: str,
    beats: Sequence[Beat],
    owned: Sequence[OwnedWrite],
    ordered: Sequence[Credit],
    *,
    now: datetime,
) -> None:
    _take(beats)
    keep_for_events(beats, now=now)
    _write_owned(organization_id, owned)
    for credit in ordered:
        _write_masks(credit)
    for credit in ordered:
        _write_totals(credit)
    _add_participations(ordered)
    earned = [one for credit in ordered for one in _add_earned(credit, now=now)]
    add_to_figures(ordered, beats)
    _note_sources(beats)
    if earned:
        call_rewards_earned(claimable_now(earned))


def _take(beats: Sequence[Beat]) -> None:
    """Take the heartbeats out of the outbox, with what became of them. Their viewers go with it, unless they are kept."""
    _all_of(
        f"UPDATE {Heartbeat._meta.db_table} SET outcome = %s, channel_id = %s, unknown = %s, due_at = NULL "  # noqa: S608
        "WHERE id = %s AND due_at IS NOT NULL",
        [
            [str(beat.outcome), beat.channel.pk if beat.channel else None, beat.unknown, beat.pk]
            for beat in sorted(beats, key=lambda beat: beat.pk)
        ],
    )
    done = [beat.pk for beat in beats if beat.outcome not in (Outcome.NO_BROADCASTER, Outcome.NO_GAME)]
    for start in range(0, len(done), 1000):
        HeartbeatViewers.objects.filter(pk__in=done[start : start + 1000]).delete()


def _write_owned(organization_id: str, owned: Sequence[OwnedWrite]) -> None:
    _write_versions(
        OwnedHour._meta.db_table,
        ("organization_id", "hour", "shard"),
        "masks",
        [((organization_id, write.hour, write.shard), write.data, write.version) for write in owned],
    )


def _write_masks(credit: Credit) -> None:
    _write_versions(
        WatchedHour._meta.db_table,
        ("campaign_id", "kind", "hour", "shard"),
        "masks",
        [
            ((credit.campaign_id, int(credit.kind), write.hour, write.shard), write.data, write.version)
            for write in credit.masks
        ],
    )


def _write_totals(credit: Credit) -> None:
    _write_versions(
        WatchedTotal._meta.db_table,
        ("campaign_id", "kind", "shard"),
        "minutes",
        [((credit.campaign_id, int(credit.kind), write.shard), write.data, write.version) for write in credit.totals],
    )


def _write_versions(
    table: str, key: Sequence[str], column: str, rows: Iterable[tuple[tuple[Any, ...], bytes, int | None]]
) -> None:
    ordered = sorted(rows, key=lambda row: row[0])
    where = " AND ".join(f"{name} = %s" for name in key)
    _all_of(
        f"UPDATE {table} SET {column} = %s, version = version + 1 WHERE {where} AND version = %s",  # noqa: S608
        [[data, *values, version] for values, data, version in ordered if version is not None],
    )
    places = ", ".join(["%s"] * len(key))
    _all_of(
        f"INSERT INTO {table} ({', '.join(key)}, {column}, version) VALUES ({places}, %s, 1) ON CONFLICT DO NOTHING",  # noqa: S608
        [[*values, data] for values, data, version in ordered if version is None],
    )


def _all_of(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement for each row. Raises ``Overtaken`` unless each touched exactly one."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)
        if cursor.rowcount != len(rows):
            raise Overtaken


def _add_participations(credits: Sequence[Credit]) -> None:
    newcomers: dict[str, set[int]] = defaultdict(set)
    for credit in credits:
        newcomers[credit.campaign_id].update(credit.newcomers.tolist())
    # Both kinds of a campaign together: two writers then meet the same rows in the same order.
    for campaign_id in sorted(newcomers):
        source, parameter = given(sorted(newcomers[campaign_id]), "bigint")
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Participation._meta.db_table} (watcher_id, campaign_id) "  # noqa: S608
                f"SELECT given.value, %s FROM {source} WHERE TRUE ORDER BY given.value "
                "ON CONFLICT (watcher_id, campaign_id) DO NOTHING",
                [campaign_id, parameter],
            )


def _add_earned(credit: Credit, *, now: datetime) -> list[Earned]:
    added: list[Earned] = []
    for reward_id, numbers in sorted(credit.reached.items()):
        added += add_earned(reward_id, credit.campaign_id, numbers, now=now)
    return added


def add_earned(reward_id: str, campaign_id: str, numbers: Numbers, *, now: datetime) -> list[Earned]:
    """Note that these watchers have met a reward's rule; return those of whom that is new (R3)."""
    source, parameter = given(viewers_of(numbers))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {EarnedReward._meta.db_table} (viewer_id, campaign_reward_id, earned_at) "  # noqa: S608
            f"SELECT given.value, %s, %s FROM {source} WHERE TRUE ORDER BY given.value "
            "ON CONFLICT (viewer_id, campaign_reward_id) DO NOTHING RETURNING viewer_id",
            [reward_id, connection.ops.adapt_datetimefield_value(now), parameter],
        )
        new = sorted(viewer for (viewer,) in cursor.fetchall())
    return [Earned(viewer, reward_id, campaign_id, now) for viewer in new]


def viewers_of(numbers: Numbers) -> list[str]:
    """Return the viewers' ids of watcher numbers, ascending."""
    source, parameter = given([int(number) for number in numbers], "bigint")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT viewer_id FROM {Watcher._meta.db_table} "  # noqa: S608 - names of our own only
            f"WHERE number IN (SELECT given.value FROM {source}) ORDER BY viewer_id",
            [parameter],
        )
        return [viewer for (viewer,) in cursor.fetchall()]


def _note_sources(beats: Sequence[Beat]) -> None:
    latest: dict[int, datetime] = {}
    for beat in beats:
        known = latest.get(beat.source.pk)
        latest[beat.source.pk] = max(known, beat.report.received_at) if known else beat.report.received_at
    for pk, moment in sorted(latest.items()):
        earlier = Q(last_heartbeat_at=None) | Q(last_heartbeat_at__lt=moment)
        HeartbeatSource.objects.filter(earlier, pk=pk).update(last_heartbeat_at=moment)
