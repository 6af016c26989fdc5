"""The phase of a campaign (C3, C4): worked out from its status and times, never stored."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """What is stored about a campaign's life; the clock does the rest."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """Where a campaign is at a moment, in the order in which a published one passes through them."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ANNOUNCED = "announced"
    LIVE = "live"
    GRACE = "grace"
    CLOSED = "closed"
    CANCELLED = "cancelled"


def phase(
    *,
    status: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    announces_at: datetime | None,
    closes_at: datetime | None,
    now: datetime,
) -> Phase:
    """The phase at `now`; every interval holds its first moment and not its last.

    announced: announcement ≤ now < start · live: start ≤ now < end · grace: end ≤ now < closing.
    Without an announcement time there is no announced phase, without a closing time no grace.
    Raises ValueError for an unknown status and for a published campaign without start or end.
    """
    match Status(status):
        case Status.DRAFT:
            return Phase.DRAFT
        case Status.CANCELLED:
            return Phase.CANCELLED
        case Status.PUBLISHED:
            if starts_at is None or ends_at is None:
                raise ValueError("a published campaign has a start and an end")
            return _phase_by_clock(starts_at, ends_at, announces_at or starts_at, closes_at or ends_at, now)


def _phase_by_clock(
    starts_at: datetime,
    ends_at: datetime,
    announces_at: datetime,
    closes_at: datetime,
    now: datetime,
) -> Phase:
    if now < starts_at:
        return Phase.SCHEDULED if now < announces_at else Phase.ANNOUNCED
    if now < ends_at:
        return Phase.LIVE
    return Phase.GRACE if now < closes_at else Phase.CLOSED
