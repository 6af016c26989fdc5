"""Whether a heartbeat counts in a campaign (W3, W4, C7), and when it is counted (W8). Pure; times are aware."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MOST_AHEAD = timedelta(minutes=2)
"""A heartbeat from further in the future is refused (W4)."""

SETTLED_AFTER = timedelta(minutes=3)
"""Where one stream at a time counts, a minute is settled so long after its end (W8)."""

KEPT_UNKNOWN = timedelta(hours=48)
"""So long the viewers of what names somebody or something unknown are kept (W9)."""


class Why(StrEnum):
    """Why a heartbeat does not count in a campaign."""

    OTHER_GAME = "other_game"
    NOT_COUNTED_HERE = "not_counted_here"
    NOT_PUBLISHED = "not_published"
    BEFORE_PUBLICATION = "before_publication"
    BEFORE_START = "before_start"
    AFTER_END = "after_end"
    AFTER_CANCELLATION = "after_cancellation"
    CAME_AFTER_CLOSING = "came_after_closing"
    NOT_LISTED = "not_listed"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Interval:
    """A time from ``start`` to ``end``, which itself is outside; None: it goes on."""

    start: datetime
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRules:
    """What decides about a campaign's minutes. ``platforms`` are those on which the portal counts."""

    games: frozenset[str]
    platforms: frozenset[str]
    allow_list: bool
    starts_at: datetime | None
    ends_at: datetime | None
    closes_at: datetime | None
    published_at: datetime | None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What decides about a heartbeat: the game and platform of its source, its own time, and when it came."""

    game: str
    platform: str
    sent_at: datetime
    received_at: datetime


def why_not(
    campaign: CampaignRules, report: Report, *, listed: Iterable[Interval], opted_out: Iterable[Interval]
) -> Why | None:
    """Return why a heartbeat does not count in a campaign; None where it counts.

    ``listed`` are the times in which its channel was on the campaign's list, ``opted_out`` those in which it took no part
    in global campaigns of the game that it streamed.
    """
    if report.game not in campaign.games:
        return Why.OTHER_GAME
    if report.platform not in campaign.platforms:
        return Why.NOT_COUNTED_HERE
    return _why_not_then(campaign, report) or _why_not_there(campaign, report, listed, opted_out)


def _why_not_then(campaign: CampaignRules, report: Report) -> Why | None:
    at = report.sent_at
    if campaign.published_at is None or campaign.starts_at is None or campaign.ends_at is None:
        return Why.NOT_PUBLISHED
    if at < campaign.starts_at:
        return Why.BEFORE_START
    if at >= campaign.ends_at:
        return Why.AFTER_END
    if at < campaign.published_at:
        return Why.BEFORE_PUBLICATION
    if campaign.cancelled_at is not None and at >= campaign.cancelled_at:
        return Why.AFTER_CANCELLATION
    if report.received_at >= (campaign.closes_at or campaign.ends_at):
        return Why.CAME_AFTER_CLOSING
    return None


def _why_not_there(
    campaign: CampaignRules, report: Report, listed: Iterable[Interval], opted_out: Iterable[Interval]
) -> Why | None:
    if campaign.allow_list:
        return None if any(interval.holds(report.sent_at) for interval in listed) else Why.NOT_LISTED
    return Why.OPTED_OUT if any(interval.holds(report.sent_at) for interval in opted_out) else None


def runs_at(campaign: CampaignRules, moment: datetime) -> bool:
    """Tell whether minutes of a moment count in a campaign at all, whoever reports them, when they come in time."""
    report = Report(game="", platform="", sent_at=moment, received_at=moment)
    return bool(campaign.platforms) and _why_not_then(campaign, report) is None


def minute_of(moment: datetime) -> int:
    """Return the clock minute of a moment, counted from 1970 in UTC."""
    return int(moment.timestamp() // 60)


def due_at(sent_at: datetime, *, now: datetime, one_stream_at_a_time: bool) -> datetime:
    """Return when a heartbeat that comes in now is to be counted: at once, or once its minute is settled (W8)."""
    return max(now, settled_at(sent_at)) if one_stream_at_a_time else now


def settled_at(sent_at: datetime) -> datetime:
    """Return when the minute of a heartbeat is settled where one stream at a time counts (W8)."""
    return sent_at.replace(second=0, microsecond=0) + timedelta(minutes=1) + SETTLED_AFTER


def channel_order(channel_id: str) -> tuple[int, str]:
    """Return what channels are ordered by where one stream at a time counts: ids of digits by their size (W8)."""
    return len(channel_id), channel_id
