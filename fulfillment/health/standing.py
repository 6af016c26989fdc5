"""How an organization stood when it was last looked through, kept so that a page need not read all the facts again.

It is looked through every minute (:mod:`fulfillment.alerts.judging`). What is kept are conditions, not sentences: whoever
reads them has a language of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.health.facts import OrganizationFacts, PlatformFacts
from fulfillment.health.words import Told, told
from fulfillment.rules.in_step import Condition, Level, What, of_deliveries, of_platform
from portal import platforms


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformStanding:
    """One platform: the worst that is so, in words, and when its last message was taken in."""

    platform: str
    name: str
    enabled: bool
    told: Told
    webhook_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An organization as it stood ``at`` that time. ``unmapped`` are rewards and campaigns that claims name and nobody knows."""

    at: datetime
    platforms: Sequence[PlatformStanding]
    deliveries: Told
    due: int
    due_oldest: datetime | None
    unmapped: int


def standing_of(facts: OrganizationFacts) -> dict[str, Any]:
    """Return what is kept of the facts, as JSON."""
    return {
        "platforms": [_platform(one, facts.now) for one in facts.platforms],
        "deliveries": _condition(of_deliveries(facts)[0]),
        "due": facts.due,
        "due_oldest": _text(facts.due_oldest),
        "unmapped": len(facts.unmapped),
    }


def read_standing(kept: Mapping[str, Any], *, at: datetime | None) -> Standing | None:
    """Return what was kept, in words; None where nothing was yet. A platform that this version does not have is left out."""
    if at is None or not kept:
        return None
    known = set(platforms.keys())
    return Standing(
        at=at,
        platforms=[_read_platform(one) for one in kept["platforms"] if one["platform"] in known],
        deliveries=told(_read_condition(kept["deliveries"])),
        due=kept["due"],
        due_oldest=_moment(kept["due_oldest"]),
        unmapped=kept["unmapped"],
    )


def _platform(one: PlatformFacts, now: datetime) -> dict[str, Any]:
    return {
        "platform": one.platform,
        "enabled": one.enabled,
        "condition": _condition(of_platform(one, now=now)[0]),
        "problem": one.problem,
        "webhook_at": _text(one.webhook_at),
    }


def _read_platform(kept: Mapping[str, Any]) -> PlatformStanding:
    name = platforms.get(kept["platform"]).name
    return PlatformStanding(
        platform=kept["platform"],
        name=name,
        enabled=kept["enabled"],
        told=told(_read_condition(kept["condition"]), name, kept["problem"]),
        webhook_at=_moment(kept["webhook_at"]),
    )


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "what": condition.what.value,
        "level": condition.level.value,
        "since": _text(condition.since),
        "until": _text(condition.until),
        "count": condition.count,
        "total": condition.total,
    }


def _read_condition(kept: Mapping[str, Any]) -> Condition:
    return Condition(
        what=What(kept["what"]),
        level=Level(kept["level"]),
        since=_moment(kept["since"]),
        until=_moment(kept["until"]),
        count=kept["count"],
        total=kept["total"],
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
