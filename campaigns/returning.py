"""Viewers who were erased and come back (F8): they get their row again, so that what they were given is not given twice."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from campaigns.models import Channel, Viewer
from portal.tombstones import possible_tombstones, tombstone

UserKey = tuple[str, str, str]
"""What a viewer is known by: organization, platform, user id there."""


def viewer_tombstone(key: UserKey) -> str:
    """Return what stands for a viewer's user id once it is erased."""
    return tombstone("viewer", *key)


def recognize_viewers(keys: Iterable[UserKey]) -> int:
    """Give erased viewers their user id back, of those who are heard of again; return how many there were.

    To be called before anybody is entered as a new viewer. One query where nobody was erased.
    """
    wanted, erased = _erased(keys, "platform_user_id")
    if not wanted:
        return 0
    found = Viewer.objects.filter(erased).values_list("pk", "organization_id", "platform", "platform_user_id")
    restored = 0
    for pk, organization, platform, marker in found:
        user = wanted[organization, platform, marker][2]
        known = Viewer.objects.filter(organization=organization, platform=platform, platform_user_id=user)
        if not known.exists():
            restored += Viewer.objects.filter(pk=pk, platform_user_id=marker).update(platform_user_id=user)
    return restored


def recognize_channels(keys: Iterable[UserKey]) -> int:
    """Give the channels of viewers who were erased and are here again their ids back; return how many there were.

    The keys are the viewers': a channel's id is its broadcaster's user id, so both are erased under the same marker. To
    be called for those who have no channel now, before one is made. One query where nobody was erased.
    """
    wanted, erased = _erased(keys, "platform_channel_id")
    if not wanted:
        return 0
    restored: set[UserKey] = set()
    found = Channel.objects.filter(erased).order_by("pk")
    for pk, organization, platform, marker in found.values_list(
        "pk", "organization_id", "platform", "platform_channel_id"
    ):
        key = wanted[organization, platform, marker]
        marked = Channel.objects.filter(pk=pk, platform_channel_id=marker)
        if key not in restored and marked.update(platform_channel_id=key[2]):
            restored.add(key)
    return len(restored)


def recognize_channel(key: UserKey) -> bool:
    """The same for one; return whether there was such a channel."""
    return bool(recognize_channels([key]))


def _erased(keys: Iterable[UserKey], field: str) -> tuple[dict[UserKey, UserKey], Q]:
    """Return what may stand for each of the keys once it is erased, and a condition that finds rows with that."""
    wanted: dict[UserKey, UserKey] = {}
    groups: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        organization, platform, _user = key
        for marker in possible_tombstones("viewer", *key):
            wanted[organization, platform, marker] = key
            groups.setdefault((organization, platform), []).append(marker)
    erased = Q()
    for (organization, platform), markers in groups.items():
        erased |= Q(**{"organization": organization, "platform": platform, f"{field}__in": markers})
    return wanted, erased
