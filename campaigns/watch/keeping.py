"""Keeping for an hour whom heartbeats credit, where a game event may ask who was watching just then (G4, W9).

A heartbeat's list is dropped once it is counted, and minutes do not tell on which channel they were watched. So for games
of campaigns with game events the numbers stay a while longer, and events that are there already are looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import (
    Campaign,
    CampaignPlatform,
    CampaignReward,
    GameEvent,
    GameEventChannel,
    RecentViewers,
)
from campaigns.rules.counting import CampaignRules
from campaigns.watch.arrays import pack_numbers
from campaigns.watch.reports import Beat
from campaigns.watch.rules_of import rules_of

MINUTES_BEFORE = 2
"""A game event is earned by who watched in its minute or so many minutes before (G4)."""

KEPT = timedelta(hours=1)
"""An event is stored within seconds; its viewers of just before wait for it much longer."""

_CHUNK = 500


def campaigns_with_events(organization_id: str, *, first_sent: datetime, last_sent: datetime) -> list[CampaignRules]:
    """Return the rules of the campaigns in which a game event may ask for viewers of these times. One query if there is none.

    A campaign that begins within the next two minutes is among them.
    """
    found = (
        Campaign.objects.filter(
            organization=organization_id,
            published_at__isnull=False,
            rewards__rule=CampaignReward.Rule.GAME_EVENT,
            starts_at__lt=last_sent + timedelta(minutes=MINUTES_BEFORE + 1),
            ends_at__gt=first_sent,
            platforms__counted_by=CampaignPlatform.CountedBy.PORTAL,
        )
        .distinct()
        .prefetch_related("platforms", "further_games")
    )
    return [rules_of(campaign) for campaign in found.order_by("pk")]


def is_kept(beat: Beat, campaigns: Sequence[CampaignRules]) -> bool:
    """Tell whether the viewers of a heartbeat are kept: one of these campaigns is about its game and platform.

    Whether its channel takes part is asked when an event is settled.
    """
    report = beat.report
    return beat.channel is not None and any(
        report.game in rules.games and report.platform in rules.platforms for rules in campaigns
    )


def keep_for_events(beats: Sequence[Beat], *, now: datetime) -> None:
    """Keep the viewers of heartbeats that are counted now, and have the events that they are of looked at again.

    Within the transaction that counts them, and before it touches any figures: an event's row is locked before those.
    """
    kept = [beat for beat in sorted(beats, key=lambda beat: beat.pk) if beat.kept and beat.channel is not None]
    rows = [
        RecentViewers(
            heartbeat_id=beat.pk,
            channel=beat.channel,
            minute=beat.minute,
            numbers=pack_numbers(beat.viewers),
            kept_at=now,
        )
        for beat in kept
        if beat.viewers.size
    ]
    RecentViewers.objects.bulk_create(rows, batch_size=_CHUNK)
    _look_again(rows, now=now)


def _look_again(rows: Sequence[RecentViewers], *, now: datetime) -> None:
    minutes: dict[str, set[int]] = {}
    for row in rows:
        minutes.setdefault(row.channel_id, set()).update(range(row.minute, row.minute + MINUTES_BEFORE + 1))
    channels = sorted(minutes)
    events: set[str] = set()
    for start in range(0, len(channels), _CHUNK):
        some = channels[start : start + _CHUNK]
        wanted = set().union(*(minutes[channel] for channel in some))
        found = GameEventChannel.objects.filter(
            channel__in=some, minute__gte=min(wanted), minute__lte=max(wanted)
        ).values_list("event", "channel", "minute")
        events.update(event for event, channel, minute in found if minute in minutes[channel])
    ordered = sorted(events)
    for start in range(0, len(ordered), _CHUNK):
        locked = GameEvent.objects.filter(pk__in=ordered[start : start + _CHUNK]).select_for_update().order_by("pk")
        keys = list(locked.values_list("pk", flat=True))
        GameEvent.objects.filter(Q(due_at=None) | Q(due_at__gt=now), pk__in=keys).update(due_at=now)


def drop_recent_viewers(*, now: datetime) -> int:
    """Drop what was kept for an hour; return how many heartbeats that was."""
    return RecentViewers.objects.filter(kept_at__lt=now - KEPT).delete()[0]
