"""Channels go live in a category and offline again; whoever asked to be told of it is told by ``announcing``."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet

from portal.sandbox.models import Category, PlatformUser, Stream


class StreamRefused(ValueError):
    """A channel cannot go live; the text says why and what to do."""


def go_live(*, channel: PlatformUser, category: Category, title: str, now: datetime) -> Stream:
    """Begin a stream. Raises StreamRefused where the channel is live, or the category is of another platform."""
    if category.platform != channel.platform:
        raise StreamRefused("The channel and the category are of different platforms.")
    try:
        with transaction.atomic():
            return Stream.objects.create(channel=channel, category=category, title=title, started_at=now)
    except IntegrityError as live:
        raise StreamRefused(f"{channel.display_name} is live already: end that stream first.") from live


def go_offline(*, stream: Stream, now: datetime) -> bool:
    """End a stream; whether it was live until now."""
    ended = bool(Stream.objects.filter(pk=stream.pk, ended_at=None).update(ended_at=now))
    stream.refresh_from_db()
    return ended


def live_streams(platform: str, *, now: datetime) -> QuerySet[Stream]:
    """The streams that are live, most viewers first. ``viewers`` counts who watches the channel on the Watch page."""
    watching = Q(channel__watched_by__started_at__lte=now, channel__watched_by__until__gt=now)
    streams = Stream.objects.filter(channel__platform=platform, ended_at=None).select_related("channel", "category")
    counted = streams.annotate(viewers=Count("channel__watched_by__user", filter=watching, distinct=True))
    return counted.order_by(F("viewers").desc(), "pk")
