"""What a list would change, and changing it: beneath the campaign's lock, and only as it was shown (C6, C7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns.channel_lists.importing import outcome_of
from campaigns.channels import ListLocked, change_listing, refuse_locked
from campaigns.models import Campaign, CampaignChannel, Channel, ChannelImport, ChannelListVersion
from campaigns.rules.channel_outcomes import Deed, Difference, Key, Outcome, Result, Who, difference
from portal.models import User
from portal.sentences import Sentence

_BATCH = 500
State = ChannelImport.State


class NotApplied(ListLocked):
    """A list was not applied: it is not ready, no reason was given, or the allow-list is not what was shown any more."""


def state_of_list(campaign: Campaign) -> str:
    """Return a mark of the allow-list as it is now: it differs once somebody has changed the list."""
    last = campaign.channel_versions.order_by("-number").values_list("number", flat=True).first() or 0
    return f"{last}.{campaign.channels.filter(removed_at=None).count()}"


def listed_now(campaign: Campaign, *, platform: str = "") -> dict[Key, Who]:
    """Return the channels that are on the list, by platform and id there; of one platform, or of all."""
    rows = CampaignChannel.objects.filter(campaign=campaign, removed_at=None)
    if platform:
        rows = rows.filter(channel__platform=platform)
    fields = ("channel__platform", "channel__platform_channel_id", "channel__login", "channel__name")
    return {(row[0], row[1]): Who(*row[1:]) for row in rows.order_by("pk").values_list(*fields)}


def difference_of(one: ChannelImport, outcome: Iterable[Outcome]) -> Difference:
    """Return what applying a list would change now."""
    wanted = {row.key: Who(row.channel_id, row.login, row.name) for row in outcome if row.result is Result.FOUND}
    return difference(Deed(one.deed), wanted, listed_now(one.campaign, platform=one.platform))


def apply_import(
    *, import_id: str, seen: str, reason: str, actor: User | None, now: datetime
) -> ChannelListVersion | None:
    """Change the allow-list as a list that was looked up says; ``seen`` is the mark of the list that was shown.

    Returns the version that this made, None where there was nothing to change. Applied once, however often it is called.

    Raises:
        NotApplied: see there. The difference is to be shown again.
        ListLocked: the campaign is closed or cancelled, or the allow-list of a published campaign would get empty.
    """
    shown = ChannelImport.objects.select_related("campaign").get(pk=import_id)
    if not reason.strip() and shown.campaign.status != Campaign.Status.DRAFT:
        raise NotApplied(Sentence(_("Give a reason: it is kept with the version.")))
    if shown.state == State.READY:
        refuse_locked(shown.campaign, now=now)
        _make_known(shown)
    with transaction.atomic():
        locked = Campaign.objects.select_for_update(of=("self",)).select_related("organization")
        campaign = locked.get(pk=shown.campaign_id)
        one = ChannelImport.objects.select_for_update(of=("self",)).get(pk=import_id)
        one.campaign = campaign
        if one.state == State.APPLIED:
            return campaign.channel_versions.filter(number=one.version or 0).first()
        if one.state != State.READY:
            raise NotApplied(Sentence(_("This list was dropped, or is still being looked up.")))
        refuse_locked(campaign, now=now)
        if state_of_list(campaign) != seen:
            raise NotApplied(
                Sentence(_("Somebody changed the list meanwhile. This is the difference to the list as it is now."))
            )
        version = _apply(one, reason=reason, actor=actor, now=now)
        ChannelImport.objects.filter(pk=one.pk).update(
            state=State.APPLIED,
            reason=reason.strip()[:500],
            ended_at=now,
            version=version.number if version else None,
        )
    return version


def _apply(one: ChannelImport, *, reason: str, actor: User | None, now: datetime) -> ChannelListVersion | None:
    change = difference_of(one, outcome_of(one))
    organization = one.campaign.organization_id
    return change_listing(
        campaign=one.campaign,
        add=_channels(organization, change.added, make=True),
        remove=_channels(organization, change.removed, make=False),
        actor=actor,
        now=now,
        reason=reason,
        source=one.source,
        restores=one.restores,
    )


def _make_known(one: ChannelImport) -> None:
    """Store the channels that a list would add, and the names that the platform told of others.

    Before the lock is taken, in small steps: most of the time goes here, and who is known changes no list.
    """
    found = [row for row in outcome_of(one) if row.result is Result.FOUND]
    organization = one.campaign.organization_id
    if one.asks:
        _rename(organization, one.platform, found)
    if one.deed != Deed.REMOVE:
        _channels(organization, {row.key: Who(row.channel_id, row.login, row.name) for row in found}, make=True)


def _channels(organization: str, wanted: Mapping[Key, Who], *, make: bool) -> list[Channel]:
    """Return the channels with these keys in their order; with ``make`` those that were not known are stored."""
    found: dict[Key, Channel] = {}
    for platform in sorted({key[0] for key in wanted}):
        mine = {key[1]: who for key, who in wanted.items() if key[0] == platform}
        known = _known(organization, platform, list(mine))
        new = [who for number, who in mine.items() if number not in known] if make else []
        if new:
            rows = [
                Channel(
                    organization_id=organization,
                    platform=platform,
                    platform_channel_id=who.id,
                    login=who.login,
                    name=who.name,
                )
                for who in new
            ]
            Channel.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)
            known |= _known(organization, platform, [who.id for who in new])
        found |= {(platform, number): channel for number, channel in known.items()}
    return [found[key] for key in wanted if key in found]


def _known(organization: str, platform: str, ids: list[str]) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    rows = Channel.objects.filter(organization=organization, platform=platform)
    for start in range(0, len(ids), _BATCH):
        for channel in rows.filter(platform_channel_id__in=ids[start : start + _BATCH]):
            found[channel.platform_channel_id] = channel
    return found


def _rename(organization: str, platform: str, told: list[Outcome]) -> None:
    """Give known channels the login and the name that the platform told."""
    known = _known(organization, platform, [row.channel_id for row in told])
    changed = []
    for row in told:
        channel = known.get(row.channel_id)
        if channel is not None and row.login and (channel.login, channel.name) != (row.login, row.name or channel.name):
            channel.login, channel.name = row.login, row.name or channel.name
            changed.append(channel)
    Channel.objects.bulk_update(sorted(changed, key=lambda one: one.pk), ["login", "name"], batch_size=_BATCH)
