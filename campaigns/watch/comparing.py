"""Comparing what was counted with what a sender of heartbeats knows it sent: the simulator's report, for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from campaigns.models import Campaign, CampaignPlatform, MinuteKind, Viewer
from campaigns.watch.checking import Difference
from campaigns.watch.progress import all_totals

_CHUNK = 1000


class NotUnderstood(Exception):
    """The comparison cannot be made; the text says what to name."""


@dataclass(slots=True)
class Comparison:
    """How many agree, what differs, and how many have minutes though nobody expects any of them."""

    agreeing: int = 0
    minutes: int = 0
    differences: list[Difference] = field(default_factory=list)
    unexpected: int = 0


def compare(
    *,
    campaign: Campaign,
    kind: MinuteKind,
    expected: Mapping[str, int],
    platform: str = "",
    nobody_else: bool = False,
) -> Comparison:
    """Compare the minutes of people in a campaign with those expected by id, as heartbeats name them.

    ``platform`` narrows whom an id means. With ``nobody_else`` minutes of people who are not expected are differences.
    Raises ``NotUnderstood`` where an id means people of several platforms.
    """
    wanted = [platform] if platform else _counted_platforms(campaign)
    totals = _by_id(all_totals(campaign.pk, kind), wanted)
    result = Comparison()
    for one, minutes in expected.items():
        found = totals.pop(one, {})
        if len(found) > 1:
            raise NotUnderstood(f"The id {one} means somebody on {' and on '.join(sorted(found))}: name the platform.")
        stored = next(iter(found.values()), 0)
        if stored == minutes:
            result.agreeing += 1
            result.minutes += minutes
        else:
            result.differences.append(Difference(f"minutes {kind.label} of {one}", stored, minutes))
    result.unexpected = len(totals)
    if nobody_else:
        for one, found in totals.items():
            result.differences.append(Difference(f"minutes {kind.label} of {one}", sum(found.values()), 0))
    return result


def _counted_platforms(campaign: Campaign) -> list[str]:
    counted = campaign.platforms.filter(counted_by=CampaignPlatform.CountedBy.PORTAL)
    return sorted(counted.values_list("platform", flat=True))


def _by_id(totals: Mapping[str, int], platforms: Collection[str]) -> dict[str, dict[str, int]]:
    """Return minutes by user id and platform. Where ids are identifiers of ours, these name a viewer just as well."""
    found: dict[str, dict[str, int]] = {}
    keys = sorted(totals)
    for start in range(0, len(keys), _CHUNK):
        rows = Viewer.objects.filter(pk__in=keys[start : start + _CHUNK], platform__in=platforms)
        for pk, platform, user_id in rows.values_list("pk", "platform", "platform_user_id"):
            found.setdefault(user_id, {})[platform] = totals[pk]
    return found
