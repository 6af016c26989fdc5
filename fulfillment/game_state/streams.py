"""Keeping whether channels stream: as their platforms tell by webhook, or are asked where nothing else tells (G).

Asked is for the channels of game sessions that a server streams just now, unless heartbeats tell of them: each about once
a minute. So is, until there is an answer, for those that a game server asked about and of which nothing is known. A platform that does not answer, or wants to be left alone, leaves what was known.
"""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from campaigns.game_state.live import NEVER, last_heard_of, make_rows, tell_streams
from campaigns.models import Channel, ChannelStream, GameSessionChannel
from portal import platforms
from portal.calling import call_platform, problem_of
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.directory import Directory
from portal.platforms.messages import StreamChanged

log = logging.getLogger(__name__)

ASKED_EVERY = timedelta(seconds=50)
"""A little less than the minute after which the job runs again: none is passed over for a second."""

CHANNELS_PER_CALL = 50
"""As many as a directory asks for at once: between two calls is looked whether there is time for another."""

BUDGET_SECONDS = 8.0
"""No call is begun after so many: one and a new token may take 20 more, and a background task is ended after 30."""

Whose = tuple[str, str]
"""Organization and platform: who asks there."""


@dataclass(slots=True)
class Asked:
    """What a run did: of how many channels was told, how many of them are live, and how many credentials were in vain."""

    told: int = 0
    live: int = 0
    failed: int = 0
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        return f"asked for {self.told} channels, {self.live} live, {self.failed} platforms did not answer"


def on_stream_changed(credential: PlatformCredential, message: StreamChanged, now: datetime) -> None:
    """Keep what the platform says of a channel that is known here: a listener of :mod:`fulfillment.webhooks.events`."""
    found = Channel.objects.filter(
        organization=credential.organization_id,
        platform=credential.platform,
        platform_channel_id=message.platform_channel_id,
    )
    tell_streams(dict.fromkeys(found.values_list("pk", flat=True), message.live), now=now)


def ask_for_streams(*, clock: Callable[[], datetime], seconds: float = BUDGET_SECONDS) -> Asked:
    """Ask platforms which of the channels of game sessions are live, for at most so many ``seconds``.

    Not inside a transaction: it goes over the network. Any number of processes may run this at the same time.
    """
    asked, ends = Asked(), time.monotonic() + seconds
    by_whose = _due(now=clock())
    # By chance, so that a platform that is slow keeps no other organization from its turn.
    for credential in random.sample(credentials := _credentials(by_whose), len(credentials)):
        directory = platforms.get(credential.platform).directory
        if directory is None:
            continue
        keys = by_whose[credential.organization_id, credential.platform]
        for start in range(0, len(keys), CHANNELS_PER_CALL):
            if time.monotonic() >= ends:
                asked.finished = False
                return asked
            some = _lease(keys[start : start + CHANNELS_PER_CALL], now=clock())
            if some and not _ask(credential, directory, some, asked, now=clock()):
                break
    return asked


def _ask(
    credential: PlatformCredential, directory: Directory, channels: Sequence[Channel], asked: Asked, *, now: datetime
) -> bool:
    """Ask for some channels and keep the answer; return whether there was one."""
    ids = {channel.platform_channel_id: channel.pk for channel in channels}
    try:
        live = call_platform(
            credential,
            lambda token: directory.live(
                credential.api_base, client_id=credential.client_id, access_token=token, channel_ids=list(ids)
            ),
            now=now,
        )
    except PlatformError as error:
        log.warning("Credential %s was not told which channels are live: %s.", credential.pk, problem_of(error))
        asked.failed += 1
        return False
    tell_streams({key: platform_id in live for platform_id, key in ids.items()}, now=now)
    asked.told += len(ids)
    asked.live += len(live)
    return True


def _due(*, now: datetime) -> dict[Whose, list[str]]:
    """Return the channels that are to be asked for, by who asks: those not asked for the longest first."""
    streamed = GameSessionChannel.objects.filter(session__ended_at=None).exclude(session__connection="")
    asks = _usable().filter(organization=OuterRef("organization"), platform=OuterRef("platform"))
    channels = (
        Channel.objects.filter(Exists(asks))
        .filter(Q(pk__in=streamed.values("channel")) | Q(stream__told_at=NEVER))
        .exclude(stream__asked_at__gt=now - ASKED_EVERY)
        .order_by(F("stream__asked_at").asc(nulls_first=True), "pk")
    )
    rows = list(channels.values_list("pk", "organization", "platform"))
    heard = last_heard_of([key for key, _organization, _platform in rows], now=now)
    found: dict[Whose, list[str]] = defaultdict(list)
    for key, organization, platform in rows:
        if key not in heard:
            found[organization, platform].append(key)
    return found


def _credentials(by_whose: dict[Whose, list[str]]) -> list[PlatformCredential]:
    found: list[PlatformCredential] = []
    for organization, platform in by_whose:
        try:
            found += _usable().filter(organization=organization, platform=platform)
        except DecryptionFailed:
            log.error("The secrets of a credential of organization %s cannot be decrypted.", organization)
    return found


def _usable() -> QuerySet[PlatformCredential]:
    with_directory = [platform.key for platform in platforms.registry.values() if platform.directory is not None]
    return PlatformCredential.objects.filter(enabled=True, platform__in=with_directory).exclude(client_id="")


def _lease(keys: Sequence[str], *, now: datetime) -> list[Channel]:
    """Return which of these channels are this process's to ask for now: nobody else asks for them for a while."""
    with transaction.atomic():
        make_rows(keys)
        due = ChannelStream.objects.filter(Q(asked_at=None) | Q(asked_at__lte=now - ASKED_EVERY), pk__in=keys)
        mine = list(due.select_for_update().order_by("pk").values_list("pk", flat=True))
        ChannelStream.objects.filter(pk__in=mine).update(asked_at=now)
    return list(Channel.objects.filter(pk__in=mine))
