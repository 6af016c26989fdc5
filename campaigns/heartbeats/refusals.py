"""Why a source's heartbeats were refused, for people: the latest reason, written at most once in ten seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import HeartbeatSource

AT_MOST_EVERY = timedelta(seconds=10)


def note_refusal(source: HeartbeatSource, why: str, *, now: datetime) -> None:
    """Keep the reason with the source, unless one was kept a moment ago."""
    if source.last_refused_at is not None and now - source.last_refused_at < AT_MOST_EVERY:
        return
    due = Q(last_refused_at=None) | Q(last_refused_at__lte=now - AT_MOST_EVERY)
    HeartbeatSource.objects.filter(due, pk=source.pk).update(last_refused_at=now, last_refusal=why[:300])
    source.last_refused_at = now
