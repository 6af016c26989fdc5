"""Short ways to bring lists of channels to a campaign, for tests."""

from __future__ import annotations

from datetime import datetime

from campaigns.channel_lists.applying import apply_import, state_of_list
from campaigns.channel_lists.importing import begin_import, outcome_of, read_list
from campaigns.channel_lists.resolving import work_off
from campaigns.models import Campaign, ChannelImport, ChannelListVersion
from campaigns.rules.channel_outcomes import Deed
from portal.models import User
from tests.factories import NOW


def begin(
    campaign: Campaign, text: str, *, platform: str = "twitch", deed: Deed = Deed.ADD, actor: User | None = None
) -> ChannelImport:
    lines = read_list(text, platform=platform)
    return begin_import(campaign=campaign, platform=platform, deed=deed, lines=lines, actor=actor, now=NOW)


def resolved(
    campaign: Campaign, text: str, *, platform: str = "twitch", deed: Deed = Deed.ADD, actor: User | None = None
) -> ChannelImport:
    one = begin(campaign, text, platform=platform, deed=deed, actor=actor)
    assert work_off(one.pk, clock=lambda: NOW)
    return ChannelImport.objects.select_related("campaign").get(pk=one.pk)


def apply(
    one: ChannelImport, actor: User | None = None, *, now: datetime = NOW, reason: str = "Season two", seen: str = ""
) -> ChannelListVersion | None:
    mark = seen or state_of_list(one.campaign)
    return apply_import(import_id=one.pk, seen=mark, reason=reason, actor=actor, now=now)


def listed(campaign: Campaign) -> list[str]:
    """The ids of the channels that are on the list."""
    rows = campaign.channels.filter(removed_at=None).order_by("channel__platform_channel_id")
    return list(rows.values_list("channel__platform_channel_id", flat=True))


def told(one: ChannelImport) -> list[tuple[int, str, str, str]]:
    """Line, result, channel and code of each line."""
    return [(row.number, row.result.value, row.channel_id, row.code) for row in outcome_of(one)]
