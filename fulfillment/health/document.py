"""The facts as a document that programs read: the same that the page shows, with no personal data.

Names are those of :mod:`fulfillment.health.facts`, times ISO 8601 in UTC. Documented in ``docs/operating.md``, *Health*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from fulfillment.health.facts import OrganizationFacts, PlatformFacts
from fulfillment.health.words import Told, deliveries_told, platform_told
from fulfillment.rules.in_step import worst

_OF_ORGANIZATION = ("slug", "name", "enabled")
_OF_DELIVERIES = ("delivered", "failed", "due", "due_oldest", "received", "worker_at")


def document(facts: OrganizationFacts) -> dict[str, Any]:
    """Return an organization's standing for JSON."""
    deliveries = deliveries_told(facts)
    platforms = {one.platform: platform_told(one, now=facts.now) for one in facts.platforms}
    told = [*deliveries, *(each for of_one in platforms.values() for each in of_one)]
    return {
        "at": _plain(facts.now),
        "level": worst(one.condition for one in told),
        "organization": {"id": facts.organization_id, **{name: getattr(facts, name) for name in _OF_ORGANIZATION}},
        "platforms": [_platform(one, platforms[one.platform]) for one in facts.platforms],
        "deliveries": {
            **_level(deliveries),
            **{name: _plain(getattr(facts, name)) for name in _OF_DELIVERIES},
        },
        "unmapped": _plain(facts.unmapped),
        "not_live": _plain(facts.not_live),
    }


def _platform(one: PlatformFacts, told: list[Told]) -> dict[str, Any]:
    return {**_level(told), **_plain(one)}


def _level(told: list[Told]) -> dict[str, Any]:
    return {
        "level": worst(one.condition for one in told),
        "conditions": [
            {
                "what": one.condition.what,
                "level": one.level,
                "since": _plain(one.condition.since),
                "sentence": one.sentence,
            }
            for one in told
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value
