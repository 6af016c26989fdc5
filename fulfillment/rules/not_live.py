"""Which campaigns should be live now and are not, or live in vain (C4, C5). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fulfillment.health.facts import NotLive


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A campaign that is not cancelled, and what it needs. ``counted_there`` are the platforms that count it themselves.

    ``switched_on`` are the platforms for which the organization has a credential that is switched on.
    """

    id: str
    name: str
    published: bool
    starts_at: datetime | None
    ends_at: datetime | None
    paused: bool
    organization_enabled: bool
    has_endpoint: bool
    counted_there: Sequence[str]
    switched_on: frozenset[str]


def not_live(campaign: Planned, *, now: datetime) -> Iterator[NotLive]:
    """Say of a campaign whose time is now why it is not live, or why its claims cannot come in or go out."""
    if campaign.starts_at is None or campaign.ends_at is None or not campaign.starts_at <= now < campaign.ends_at:
        return
    if not campaign.published:
        # What it lacks besides, its preflight says when it is published.
        yield NotLive(id=campaign.id, name=campaign.name, why="draft", since=campaign.starts_at)
        return
    if not campaign.organization_enabled:
        yield NotLive(id=campaign.id, name=campaign.name, why="organization")
    for platform in campaign.counted_there:
        if platform not in campaign.switched_on:
            yield NotLive(id=campaign.id, name=campaign.name, why="credential", platform=platform)
    if not campaign.has_endpoint:
        yield NotLive(id=campaign.id, name=campaign.name, why="endpoint")
    if campaign.paused:
        yield NotLive(id=campaign.id, name=campaign.name, why="paused")
