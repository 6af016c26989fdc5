"""Settling game events (G4): who watched the event's channels in its minute or the two before has earned the reward.

An event is looked at as soon as it is stored, again whenever heartbeats of those minutes are counted, and once more ten
minutes later: by then no transaction is open that counted some and could not see the event yet. Each look adds who is
missing and takes nothing away, so it may be made twice, and by two processes.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import numpy as np
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from campaigns.game_state.tallies import add_tallies, latency_kinds
from campaigns.hooks import call_rewards_earned
from campaigns.models import GameEvent, RecentViewers
from campaigns.rules.counting import Report, minute_of
from campaigns.watch.arrays import Numbers, unpack_numbers
from campaigns.watch.earning import claimable_now
from campaigns.watch.keeping import MINUTES_BEFORE
from campaigns.watch.rules_of import Running, read_intervals, rules_of, tester_numbers
from campaigns.watch.tables import add_to_reward
from campaigns.watch.writing import add_earned
from portal.outliving import DATABASE_AWAY, outliving

LAST_LOOK = timedelta(minutes=10)
POISONED_AGAIN_AFTER = timedelta(minutes=15)
MOST_EVENTS = 200

log = logging.getLogger(__name__)


def settle_due(*, now: datetime, most: int = MOST_EVENTS) -> int:
    """Settle the events that are due, the longest due first, each in a transaction; return how many were looked at.

    One that cannot be settled is put aside for a while and never keeps the others back.
    """
    due = GameEvent.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    looked_at = 0
    for key in list(due.values_list("pk", flat=True)[:most]):
        with outliving(log, "Game event %s could not be settled.", key, passing=DATABASE_AWAY) as settling:
            looked_at += settle_event(key, now=now) is not None
        if settling.fault:
            GameEvent.objects.filter(pk=key, due_at__lte=now).update(due_at=now + POISONED_AGAIN_AFTER)
    return looked_at


def settle_event(event_id: str, *, now: datetime) -> int | None:
    """Credit who has earned an event's reward and has it not yet; return how many they are.

    None where the event is not due, or another process is at it, which is left to it.
    """
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        rows = GameEvent.objects.select_for_update(of=("self",), skip_locked=skip).filter(pk=event_id, due_at__lte=now)
        event = rows.select_related("session", "campaign_reward__campaign").first()
        if event is None:
            return None
        numbers = _watching(event, now=now)
        reward = event.campaign_reward
        earned = add_earned(reward.pk, reward.campaign_id, numbers, now=now) if numbers.size else []
        again = event.at + LAST_LOOK
        GameEvent.objects.filter(pk=event.pk).update(
            due_at=again if now < again else None,
            settled_at=Coalesce(F("settled_at"), now),
            earned=F("earned") + len(earned),
        )
        if earned:
            add_to_reward(reward.pk, len(earned))
            call_rewards_earned(claimable_now(earned))
        if event.settled_at is None:
            add_tallies(latency_kinds((now - event.at).total_seconds()), now=now)
    return len(earned)


def _watching(event: GameEvent, *, now: datetime) -> Numbers:
    """Return who watched a channel of the event that counts in its campaign then (W3), as far as is known by now."""
    campaign = event.campaign_reward.campaign
    rules = rules_of(campaign)
    channels = {row.channel_id: row.channel for row in event.channels.select_related("channel")}
    running = Running(rules={campaign.pk: rules})
    read_intervals(running, [campaign.pk] if rules.allow_list else [], sorted(channels))
    counting = [
        key
        for key, channel in channels.items()
        if running.why_not(
            campaign.pk,
            Report(game=event.session.game_id, platform=channel.platform, sent_at=event.at, received_at=now),
            key,
        )
        is None
    ]
    minute = minute_of(event.at)
    stored = RecentViewers.objects.filter(
        channel__in=counting,
        minute__gte=minute - MINUTES_BEFORE,
        minute__lte=minute,
        heartbeat__source__game__in=rules.games,
    )
    parts = [unpack_numbers(numbers) for numbers in stored.order_by("pk").values_list("numbers", flat=True)]
    numbers: Numbers = np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)
    if campaign.test_mode:
        numbers = np.intersect1d(numbers, tester_numbers(campaign.organization_id, campaign.pk))
    return numbers
