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
    wanted: dict[UserKey, UserKey] = {}
    groups: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        organization, platform, _user = key
        for marker in possible_tombstones("viewer", *key):
            wanted[organization, platform, marker] = key
            groups.setdefault((organization, platform), []).append(marker)
    if not wanted:
        return 0
    erased = Q()
    for (organization, platform), markers in groups.items():
        erased |= Q(organization=organization, platform=platform, platform_user_id__in=markers)
    found = Viewer.objects.filter(erased).values_list("pk", "organization_id", "platform", "platform_user_id")
    restored = 0
    for pk, organization, platform, marker in found:
        user = wanted[organization, platform, marker][2]
        known = Viewer.objects.filter(organization=organization, platform=platform, platform_user_id=user)
        if not known.exists():
            restored += Viewer.objects.filter(pk=pk, platform_user_id=marker).update(platform_user_id=user)
    return restored


def recognize_channel(key: UserKey) -> bool:
    """Give the channel of a viewer who was erased and is here again its id back; return whether there was one.

    ``key`` is the viewer's: a channel's id is its broadcaster's user id, so both are erased under the same marker.
    """
    organization, platform, user = key
    marked = Channel.objects.filter(
        organization=organization, platform=platform, platform_channel_id__in=possible_tombstones("viewer", *key)
    )
    found = marked.order_by("pk").first()
    return found is not None and bool(marked.filter(pk=found.pk).update(platform_channel_id=user))
