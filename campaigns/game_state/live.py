"""Which channels stream just now (G: only live streamers): by their heartbeats, or because their platform says so.

Heartbeats are read as they came, counted or not: counting may lag, and waits for minutes where one stream at a time counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max

from campaigns.heartbeats.hearing import BACK_AFTER, LONGEST_STREAM, OFFLINE_AFTER
from campaigns.models import Channel, ChannelStream, Heartbeat, HeartbeatSource, Viewer
from campaigns.rules.counting import MOST_AHEAD

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The ``told_at`` of a channel of which its platform has told nothing yet."""

_CHUNK = 500

_Sender = tuple[str, str, bool, str]
"""Who streams, as a heartbeat names it: organization, platform, whether by a registered identifier, the id."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether a channel streams. ``known_at`` is the time of the word on which this rests; None: nothing ever told of it."""

    live: bool
    known_at: datetime | None


def live_channels(channel_ids: Collection[str], *, now: datetime) -> set[str]:
    """Return those of these channels that stream now. As :func:`look_at` besides."""
    return {key for key, found in look_at(channel_ids, now=now).items() if found.live}


def look_at(channel_ids: Collection[str], *, now: datetime) -> dict[str, Liveness]:
    """Return of each of these channels whether it streams: heard of lately, or its platform has said so and not otherwise.

    A platform's word that a stream began is believed for 48 hours. Its word that one ended counts against heartbeats of
    the time before, and a minute longer. Five queries, two where the platforms have told all; three more for each
    further 500 channels.
    """
    keys = sorted(set(channel_ids))
    told = _told(keys)
    found = {
        key: Liveness(live, told_at) for key, (live, told_at) in told.items() if live and told_at > now - LONGEST_STREAM
    }
    heard = last_heard_of([key for key in keys if key not in found], now=now)
    for key in keys:
        if key in found:
            continue
        live, told_at = told.get(key, (False, NEVER))
        heard_at = heard.get(key)
        if heard_at is not None and (live or heard_at > told_at + BACK_AFTER):
            found[key] = Liveness(True, heard_at)
        else:
            found[key] = Liveness(False, told_at if told_at > NEVER else None)
    return found


def last_heard_of(channel_ids: Collection[str], *, now: datetime) -> dict[str, datetime]:
    """Return when heartbeats last told of each of these channels; those they have not told of lately are missing."""
    senders: dict[_Sender, str] = {}
    for some in _parts(sorted(channel_ids)):
        senders |= _senders(some)
    if not senders:
        return {}
    since = now - OFFLINE_AFTER
    # Rows are numbered as they come, and there is no index on the time: the newest older one bounds what is read.
    older = Heartbeat.objects.filter(received_at__lt=since - MOST_AHEAD).order_by("-pk")
    rows = Heartbeat.objects.filter(pk__gt=older.values_list("pk", flat=True).first() or 0, sent_at__gte=since)
    if len(senders) <= _CHUNK:
        rows = rows.filter(broadcaster__in=sorted({sender[-1] for sender in senders}))
    parts = ("source__game__organization", "source__platform", "source__identifiers", "broadcaster")
    heard: dict[str, datetime] = {}
    for organization, platform, identifiers, name, last in rows.order_by().values_list(*parts).annotate(Max("sent_at")):
        registered = identifiers == HeartbeatSource.Identifiers.REGISTERED
        channel = senders.get((organization, platform, registered, name))
        if channel is not None:
            heard[channel] = max(last, heard.get(channel, last))
    return heard


def tell_streams(told: Mapping[str, bool], *, now: datetime) -> None:
    """Keep what a platform says of channels, by their ids: live or not. What it has said since ``now`` stays as it is."""
    by_word: dict[bool, list[str]] = defaultdict(list)
    for key, live in sorted(told.items()):
        by_word[live].append(key)
    with transaction.atomic():
        for live, keys in by_word.items():
            for some in _parts(keys):
                make_rows(some)
                rows = ChannelStream.objects.filter(pk__in=some, told_at__lte=now)
                rows.update(live=live, told_at=now)


def make_rows(channel_ids: Collection[str]) -> None:
    """Make the rows of channels of which no platform has told yet."""
    new = [ChannelStream(channel_id=key, live=False, told_at=NEVER) for key in channel_ids]
    ChannelStream.objects.bulk_create(new, ignore_conflicts=True)


def _told(keys: list[str]) -> dict[str, tuple[bool, datetime]]:
    told: dict[str, tuple[bool, datetime]] = {}
    for some in _parts(keys):
        rows = ChannelStream.objects.filter(pk__in=some).values_list("pk", "live", "told_at")
        told |= {key: (live, told_at) for key, live, told_at in rows}
    return told


def _senders(channel_ids: list[str]) -> dict[_Sender, str]:
    """Return these channels by what heartbeats may call them: the platform's id, or the identifier of who streams (L10)."""
    channels = Channel.objects.filter(pk__in=channel_ids)
    known = {
        (organization, platform, user_id): key
        for key, organization, platform, user_id in channels.values_list(
            "pk", "organization", "platform", "platform_channel_id"
        )
    }
    if not known:
        return {}
    organizations, platforms, user_ids = (sorted(set(parts)) for parts in zip(*known, strict=True))
    viewers = Viewer.objects.filter(
        organization__in=organizations, platform__in=platforms, platform_user_id__in=user_ids
    )
    senders: dict[_Sender, str] = {
        (organization, platform, False, user_id): key for (organization, platform, user_id), key in known.items()
    }
    for pk, organization, platform, user_id in viewers.values_list(
        "pk", "organization", "platform", "platform_user_id"
    ):
        key = known.get((organization, platform, user_id))
        if key is not None:
            senders[organization, platform, True, pk] = key
    return senders


def _parts(keys: list[str]) -> Iterator[list[str]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))
