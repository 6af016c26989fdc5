"""Which channels heartbeats told of lately. Read from the heartbeats themselves, whether a campaign runs or not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from campaigns.models import Heartbeat, HeartbeatSource
from campaigns.rules.counting import MOST_AHEAD

BEHIND_AFTER = timedelta(minutes=1)

OFFLINE_AFTER = timedelta(minutes=5)
"""A channel that heartbeats, which come once a minute, have not told of for so long is offline."""

BACK_AFTER = timedelta(minutes=1)
"""A heartbeat of this time after a channel went offline may still be of the stream that ended."""

LONGEST_STREAM = timedelta(hours=48)
"""So long at most a platform's word that a stream began is believed: no stream of Twitch is longer."""


def last_heard(organization_id: str, *, since: datetime) -> dict[str, datetime]:
    """Return when heartbeats last told of each channel, by the channel's id: of those told of ``since`` a time.

    Only counted heartbeats name a channel, so this lags behind what came by as much as counting does. Two queries for
    each source, which read no more than what came since.
    """
    heard: dict[str, datetime] = {}
    for source in HeartbeatSource.objects.filter(game__organization=organization_id).only("pk").order_by("pk"):
        # Rows are numbered as they come, and there is no index on the time: the newest older one bounds what is read.
        older = Heartbeat.objects.filter(source=source, received_at__lt=since - MOST_AHEAD).order_by("-id")
        newest = older.values_list("pk", flat=True).first() or 0
        rows = Heartbeat.objects.filter(source=source, pk__gt=newest, channel__isnull=False, sent_at__gte=since)
        for channel_id, last in rows.order_by().values_list("channel").annotate(last=Max("sent_at")):
            heard[channel_id] = max(last, heard.get(channel_id, last))
    return heard


def is_behind(organization_id: str, *, now: datetime) -> bool:
    """Tell whether heartbeats of an organization wait to be counted: then silence says nothing about its channels."""
    due = Heartbeat.objects.filter(due_at__lt=now - BEHIND_AFTER, source__game__organization=organization_id)
    return due.exists()
