"""The versions of an allow-list: what each held, what lies between two, and going back to one (C7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from campaigns.channel_lists.importing import propose
from campaigns.models import Campaign, Channel, ChannelImport, ChannelListVersion
from campaigns.rules.channel_outcomes import Deed, content
from portal.models import User
from portal.tombstones import is_tombstone

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """What lies between two versions, as ids of channels, ours."""

    added: list[str]
    removed: list[str]
    unchanged: list[str]


def content_of(campaign: Campaign, number: int) -> dict[str, None]:
    """Return the ids, ours, of the channels that a version held; of version 0 none."""
    changes = campaign.channel_versions.filter(number__lte=number).order_by("number").values_list("added", "removed")
    return content(changes.iterator(chunk_size=100))


def compare(campaign: Campaign, earlier: int, later: int) -> Compared:
    """Return what was added and removed from one version to another, whichever is the older."""
    before, after = content_of(campaign, earlier), content_of(campaign, later)
    return Compared(
        added=[key for key in after if key not in before],
        removed=[key for key in before if key not in after],
        unchanged=[key for key in after if key in before],
    )


def channels_by_id(campaign: Campaign, keys: Iterable[str]) -> dict[str, Channel]:
    """Return the organization's channels with these ids, ours, in that order; those that were deleted are missing."""
    wanted = list(keys)
    found: dict[str, Channel] = {}
    rows = Channel.objects.filter(organization=campaign.organization_id)
    for start in range(0, len(wanted), _BATCH):
        found |= rows.in_bulk(wanted[start : start + _BATCH])
    return {key: found[key] for key in wanted if key in found}


def propose_restore(
    *, campaign: Campaign, version: ChannelListVersion, actor: User | None, now: datetime
) -> ChannelImport:
    """Propose that the list becomes what a version held: confirmed and applied as any other change.

    Channels that were deleted since, and those of people who were erased, are left out and reported.
    """
    held = content_of(campaign, version.number)
    channels = channels_by_id(campaign, held)
    there = {key: one for key, one in channels.items() if not is_tombstone(one.platform_channel_id)}
    return propose(
        campaign=campaign,
        channels=there.values(),
        deed=Deed.REPLACE,
        source=ChannelImport.Source.RESTORE,
        restores=version.number,
        actor=actor,
        now=now,
        missing=[key for key in held if key not in there],
    )
