"""Telling which channels come and go: from heartbeats, and from what a platform itself says of a stream.

What a channel was when it was last looked at is kept (``ChannelPresence``), and only who changes that row tells: each
coming and going is told once, however many processes look. Looked at is only where a subscription wants it.

``seen_at`` of a channel is when heartbeats last told of it. It is ``NEVER`` while only the platform said that the channel
is live: then only the platform's word ends that, or 48 hours, which no stream of Twitch exceeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.heartbeats.hearing import BACK_AFTER, LONGEST_STREAM, OFFLINE_AFTER, is_behind, last_heard
from campaigns.models import Channel
from campaigns.rules.counting import SETTLED_AFTER
from fulfillment.events.writing import Happened, Wanted, announce, wanted
from fulfillment.message import iso
from fulfillment.models import ChannelPresence
from fulfillment.rules.events import CHANNEL_LIVE, CHANNEL_OFFLINE
from portal.models import Organization, PlatformCredential
from portal.platforms.messages import StreamChanged

NEVER = datetime(1970, 1, 1, tzinfo=UTC)

_TYPES = (CHANNEL_LIVE, CHANNEL_OFFLINE)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What is told of channels that came or went: who noticed it, and the platform's time of it if it gave one."""

    live: bool
    noticed_by: str
    started_at: datetime | None = None


def look_at_channels(*, now: datetime) -> int:
    """Tell which channels have come or gone by their heartbeats; return how many. One query where nobody wants to know."""
    wanting = wanted(_TYPES)
    told = 0
    for organization in Organization.objects.filter(pk__in=wanting.organizations).order_by("pk") if wanting else ():
        if not is_behind(organization.pk, now=now):
            told += _look(organization, wanting, now=now)
    return told


def on_stream_changed(credential: PlatformCredential, message: StreamChanged, now: datetime) -> None:
    """Tell of what the platform says of a channel that is known here: a listener of :mod:`fulfillment.webhooks.events`."""
    wanting = wanted(_TYPES, organization=credential.organization_id)
    if not wanting:
        return
    channel = Channel.objects.filter(
        organization=credential.organization_id,
        platform=credential.platform,
        platform_channel_id=message.platform_channel_id,
    )
    change = Change(message.live, "platform", message.started_at)
    with transaction.atomic():
        keys = list(channel.values_list("pk", flat=True))
        if message.live:
            _make_known(keys)
            _tell(_waiting(keys, live=False), change, dict.fromkeys(keys, NEVER), wanting, now=now)
        else:
            _tell(_waiting(keys, live=True), change, {}, wanting, now=now)


def _look(organization: Organization, wanting: Wanted, *, now: datetime) -> int:
    silence = OFFLINE_AFTER
    if organization.one_stream_at_a_time:  # counted, and so known, only once a minute is settled (W8)
        silence += SETTLED_AFTER + timedelta(minutes=1)
    # To the minute, which is how often they come: what is written of many channels then takes few statements.
    heard = {
        key: moment.replace(second=0, microsecond=0)
        for key, moment in last_heard(organization.pk, since=now - silence).items()
    }
    told = _come(heard, wanting, now=now)
    _keep_seen(heard)
    silent = Q(seen_at__lt=now - silence) & ~Q(seen_at=NEVER) | Q(seen_at=NEVER, changed_at__lt=now - LONGEST_STREAM)
    gone = ChannelPresence.objects.filter(silent, channel__organization=organization, live=True)
    keys = sorted(set(gone.values_list("pk", flat=True)) - set(heard))
    for start in range(0, len(keys), _CHUNK):
        with transaction.atomic():
            rows = _waiting(keys[start : start + _CHUNK], live=True)
            told += _tell(rows, Change(False, "heartbeats"), {}, wanting, now=now)
    return told


def _come(heard: Mapping[str, datetime], wanting: Wanted, *, now: datetime) -> int:
    known: dict[str, tuple[bool, datetime]] = {}
    keys = sorted(heard)
    for start in range(0, len(keys), _CHUNK):
        rows = ChannelPresence.objects.filter(pk__in=keys[start : start + _CHUNK])
        known.update({pk: (live, since) for pk, live, since in rows.values_list("pk", "live", "changed_at")})
    coming = [key for key in keys if _is_back(known.get(key), heard[key])]
    told = 0
    for start in range(0, len(coming), _CHUNK):
        part = coming[start : start + _CHUNK]
        with transaction.atomic():
            _make_known([key for key in part if key not in known])
            back = [row for row in _waiting(part, live=False) if _is_back((row.live, row.changed_at), heard[row.pk])]
            told += _tell(back, Change(True, "heartbeats"), heard, wanting, now=now)
    return told


def _is_back(known: tuple[bool, datetime] | None, heard_at: datetime) -> bool:
    if known is None:
        return True
    live, changed_at = known
    return not live and heard_at > changed_at + BACK_AFTER


def _make_known(keys: Collection[str]) -> None:
    rows = [ChannelPresence(channel_id=key, live=False, changed_at=NEVER, seen_at=NEVER) for key in keys]
    ChannelPresence.objects.bulk_create(rows, ignore_conflicts=True)


def _waiting(keys: Collection[str], *, live: bool) -> QuerySet[ChannelPresence]:
    """Return which of these are live, or are not, under a lock in key order: two processes never both change one."""
    rows = ChannelPresence.objects.filter(pk__in=keys, live=live).select_related("channel")
    return rows.select_for_update(of=("self",)).order_by("pk")


def _tell(
    rows: Collection[ChannelPresence] | QuerySet[ChannelPresence],
    change: Change,
    seen: Mapping[str, datetime],
    wanting: Wanted,
    *,
    now: datetime,
) -> int:
    """Change these rows, which are locked, and tell of it. ``seen`` says of which time the last word of each is."""
    locked = list(rows)
    by_time: dict[datetime | None, list[str]] = defaultdict(list)
    for row in locked:
        by_time[seen.get(row.pk)].append(row.pk)
    for seen_at, keys in by_time.items():
        changes: dict[str, Any] = {"live": change.live, "changed_at": now}
        if seen_at is not None:
            changes["seen_at"] = seen_at
        ChannelPresence.objects.filter(pk__in=keys, live=not change.live).update(**changes)
    kind = CHANNEL_LIVE if change.live else CHANNEL_OFFLINE
    happened = [
        Happened(
            type=kind,
            organization_id=row.channel.organization_id,
            subject=row.pk,
            data=channel_facts(row, change, seen.get(row.pk, row.seen_at)),
        )
        for row in locked
    ]
    announce(happened, wanting, now=now)
    return len(locked)


def channel_facts(row: ChannelPresence, change: Change, seen_at: datetime) -> dict[str, Any]:
    """Return what is told of a channel that came or went, last heard of at ``seen_at``."""
    channel = row.channel
    return {
        "channel": {
            "id": channel.pk,
            "platform": channel.platform,
            "platform_channel_id": channel.platform_channel_id,
            "login": channel.login,
            "name": channel.name,
        },
        "noticed_by": change.noticed_by,
        "started_at": iso(change.started_at) if change.started_at else None,
        "last_heard_at": iso(seen_at) if change.noticed_by == "heartbeats" else None,
    }


def _keep_seen(heard: Mapping[str, datetime]) -> None:
    """Keep when channels that are live were last heard of: a statement for each minute, not for each channel."""
    by_minute: dict[datetime, list[str]] = defaultdict(list)
    for key, minute in heard.items():
        by_minute[minute].append(key)
    for minute, keys in sorted(by_minute.items()):
        for start in range(0, len(keys), _CHUNK):
            rows = ChannelPresence.objects.filter(pk__in=sorted(keys[start : start + _CHUNK]), live=True)
            rows.filter(seen_at__lt=minute, changed_at__lte=minute).update(seen_at=minute)
