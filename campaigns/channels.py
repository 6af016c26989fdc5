"""The allow-list of a campaign (C7): every change of it, whatever it comes through, is made here and makes a version.

A listing is an interval. In a draft a removed channel simply goes; once the campaign was published its interval is
ended and kept, so that what was true at a minute can be told later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignChannel, Channel, ChannelListVersion
from campaigns.rules.channel_outcomes import content
from campaigns.rules.edits import is_locked
from portal import audit
from portal.models import User
from portal.sentences import Sentence

Source = ChannelListVersion.Source
_BATCH = 500
_NAMED_IN_TRAIL = 50
"""So many channels of a change the audit trail names; all of them are in the version it names besides."""


class ListLocked(Exception):
    """The allow-list cannot be changed so; the text says why, for people."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


def refuse_locked(campaign: Campaign, *, now: datetime) -> None:
    """Raise :class:`ListLocked` where the list is fixed because the campaign is over (C6)."""
    if is_locked("channels", phase=campaign.phase(now), ends_at=campaign.ends_at, now=now):
        raise ListLocked(Sentence(_("The campaign is over: its channels can no longer be changed.")))


def change_listing(
    *,
    campaign: Campaign,
    add: Iterable[Channel],
    remove: Iterable[Channel],
    actor: User | None,
    now: datetime,
    reason: str = "",
    source: str = Source.EDIT,
    restores: int | None = None,
) -> ChannelListVersion | None:
    """List and unlist channels, beneath the lock that the caller holds on the campaign; with a version and an audit entry.

    Returns the version, or None where nothing was to be changed.

    Raises:
        ListLocked: the campaign is closed or cancelled, or the allow-list of a published campaign would get empty.
    """
    open_rows = dict(campaign.channels.filter(removed_at=None).values_list("channel_id", "pk"))
    adding = [channel for channel in add if channel.pk not in open_rows]
    removing = [channel for channel in remove if channel.pk in open_rows]
    if not adding and not removing:
        return None
    refuse_locked(campaign, now=now)
    last = _catch_up(campaign, open_rows, now=now)
    CampaignChannel.objects.bulk_create(
        [CampaignChannel(campaign=campaign, channel=channel, listed_at=now) for channel in adding], batch_size=_BATCH
    )
    _end(campaign, [open_rows[channel.pk] for channel in removing], now)
    listed = len(open_rows) + len(adding) - len(removing)
    if campaign.status != Campaign.Status.DRAFT and not listed:
        _refuse_empty(campaign)
    version = _keep(
        campaign,
        number=last + 1,
        added=[channel.pk for channel in adding],
        removed=[channel.pk for channel in removing],
        listed=listed,
        at=now,
        actor=actor,
        actor_label=str(actor)[:150] if actor else "portal",
        reason=reason.strip()[:500],
        source=source,
        restores=restores,
    )
    audit.record(
        actor=actor,
        action="changed channels",
        obj=campaign,
        organization=campaign.organization,
        before={"removed": _told(removing, version)} if removing else {},
        after={"listed": _told(adding, version)} if adding else {},
        reason=reason.strip(),
        now=now,
    )
    return version


def _told(channels: Sequence[Channel], version: ChannelListVersion) -> str:
    told = ", ".join(str(channel) for channel in channels[:_NAMED_IN_TRAIL])
    more = len(channels) - _NAMED_IN_TRAIL
    return f"{told} and {more} more: version {version.number} of the list" if more > 0 else told


def _end(campaign: Campaign, listings: list[int], now: datetime) -> None:
    for start in range(0, len(listings), _BATCH):
        rows = CampaignChannel.objects.filter(pk__in=listings[start : start + _BATCH])
        if campaign.status == Campaign.Status.DRAFT:
            rows.delete()
        else:
            rows.update(removed_at=now)


def _refuse_empty(campaign: Campaign) -> None:
    """Emptying a list never makes a campaign global (C5): a published one keeps at least one channel."""
    if campaign.scope == Campaign.Scope.ALLOW_LIST:
        raise ListLocked(
            Sentence(_("Only listed channels count in this campaign: at least one must stay on the list."))
        )


def _catch_up(campaign: Campaign, open_rows: Iterable[str], *, now: datetime) -> int:
    """Return the number of the last version; what the list has and no version says becomes one first.

    So a list from before versions were kept has one to go back to.
    """
    last = campaign.channel_versions.order_by("-number").values_list("number", "listed").first() or (0, 0)
    listed = list(open_rows)
    if last[1] == len(listed):
        return last[0]
    changes = campaign.channel_versions.order_by("number").values_list("added", "removed")
    told = content(changes.iterator(chunk_size=100))
    current = set(listed)
    _keep(
        campaign,
        number=last[0] + 1,
        added=[key for key in listed if key not in told],
        removed=[key for key in told if key not in current],
        listed=len(listed),
        at=now,
        actor_label="portal",
        source=Source.FOUND,
    )
    return last[0] + 1


def _keep(
    campaign: Campaign, *, number: int, added: list[str], removed: list[str], listed: int, **fields: object
) -> ChannelListVersion:
    return ChannelListVersion.objects.create(
        campaign=campaign,
        number=number,
        listed=listed,
        added=added,
        removed=removed,
        added_count=len(added),
        removed_count=len(removed),
        **fields,
    )
