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
    Raises ``NotUnderstood`` where an id means people on several platforms.
    """
    totals = all_totals(campaign.pk, kind)
    meant = _meant_by(totals, [platform] if platform else _counted_platforms(campaign))
    result = Comparison()
    for one, minutes in expected.items():
        viewers = meant.get(one, [])
        if len(viewers) > 1:
            raise NotUnderstood(f"The id {one} means people on several platforms.")
        stored = totals.pop(viewers[0], 0) if viewers else 0
        if stored == minutes:
            result.agreeing += 1
            result.minutes += minutes
        else:
            result.differences.append(Difference(f"minutes {kind.label} of {one}", stored, minutes))
    result.unexpected = len(totals)
    if nobody_else:
        for viewer, minutes in totals.items():
            result.differences.append(Difference(f"minutes {kind.label} of viewer {viewer}", minutes, 0))
    return result


def _counted_platforms(campaign: Campaign) -> list[str]:
    counted = campaign.platforms.filter(counted_by=CampaignPlatform.CountedBy.PORTAL)
    return sorted(counted.values_list("platform", flat=True))


def _meant_by(viewers: Collection[str], platforms: Collection[str]) -> dict[str, list[str]]:
    """Return the viewers that an id may mean: a user id of one of the platforms, or our identifier, which is the viewer's."""
    meant: dict[str, list[str]] = {}
    keys = sorted(viewers)
    for start in range(0, len(keys), _CHUNK):
        rows = Viewer.objects.filter(pk__in=keys[start : start + _CHUNK], platform__in=platforms)
        for pk, user_id in rows.values_list("pk", "platform_user_id"):
            meant.setdefault(pk, []).append(pk)
            meant.setdefault(user_id, []).append(pk)
    return meant
