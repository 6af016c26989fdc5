"""Changing an allow-list by a list: as it was shown, beneath the lock, with versions to go back to (C5, C6, C7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.channel_lists.applying import NotApplied, difference_of, state_of_list
from campaigns.channel_lists.importing import outcome_of, propose
from campaigns.channel_lists.versions import compare, content_of, propose_restore
from campaigns.channels import ListLocked, change_listing
from campaigns.models import Campaign, CampaignChannel, Channel, ChannelImport, ChannelListVersion
from campaigns.rules.channel_outcomes import Deed
from portal.models import AuditEntry, User
from portal.tombstones import tombstone
from tests.campaigns.channel_lists.lists import apply, listed, resolved
from tests.doubles.platform_server import TwitchApi
from tests.factories import NOW, make_channel

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def users(twitch: TwitchApi) -> None:
    twitch.users = {str(n): f"User{n}" for n in range(1, 10)}


def change(campaign: Campaign, deed: Deed, text: str, owner: User | None = None) -> ChannelListVersion | None:
    return apply(resolved(campaign, text, deed=deed), owner)


def version(campaign: Campaign, number: int) -> ChannelListVersion:
    return campaign.channel_versions.get(number=number)


def test_c7_the_difference_is_shown_before_and_applied_with_a_reason(campaign: Campaign, owner: User) -> None:
    change(campaign, Deed.ADD, "user1\nuser2")
    one = resolved(campaign, "2\nuser3\nnobody", deed=Deed.REPLACE)
    shown = difference_of(one, outcome_of(one))
    assert [[key[1] for key in part] for part in (shown.added, shown.removed, shown.unchanged)] == [["3"], ["1"], ["2"]]
    assert listed(campaign) == ["1", "2"]
    made = apply(one, owner, reason=" Second week ", now=LATER)
    assert listed(campaign) == ["2", "3"]
    assert made is not None
    assert (made.number, made.reason, made.actor_label, made.source) == (2, "Second week", str(owner), "paste")
    assert (made.added_count, made.removed_count, made.listed, made.at) == (1, 1, 2, LATER)
    assert campaign.channels.get(channel__platform_channel_id="1").removed_at == LATER
    entry = AuditEntry.objects.order_by("pk").last()
    assert entry is not None
    assert (entry.reason, entry.before, entry.after) == (
        "Second week",
        {"removed": "User1 (twitch)"},
        {"listed": "User3 (twitch)"},
    )


def test_c7_a_list_is_applied_once_and_needs_a_reason(campaign: Campaign, owner: User) -> None:
    one = resolved(campaign, "user1")
    with pytest.raises(NotApplied):
        apply(one, owner, reason="  ")
    first = apply(one, owner)
    assert first == apply(one, owner)
    assert campaign.channel_versions.count() == 1


def test_c7_a_list_that_somebody_changed_meanwhile_is_not_overwritten(campaign: Campaign, owner: User) -> None:
    one, other = resolved(campaign, "user1", deed=Deed.REPLACE), resolved(campaign, "user2")
    seen = state_of_list(campaign)
    apply(other, owner)
    with pytest.raises(NotApplied):
        apply(one, owner, seen=seen)
    assert listed(campaign) == ["2"]
    apply(one, owner)
    assert listed(campaign) == ["1"]


def test_c6_the_list_is_fixed_once_the_campaign_is_closed(campaign: Campaign, owner: User) -> None:
    one = resolved(campaign, "user1")
    with pytest.raises(ListLocked):
        apply(one, owner, now=campaign.closes_at or NOW)
    assert listed(campaign) == []


@pytest.mark.parametrize("way", ["remove", "restore"])
def test_c5_a_published_list_never_becomes_empty(campaign: Campaign, owner: User, way: str) -> None:
    CampaignChannel.objects.create(
        campaign=campaign, channel=make_channel(campaign.organization, "twitch", platform_channel_id="1"), listed_at=NOW
    )
    change(campaign, Deed.ADD, "user2")
    if way == "restore":
        Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.DRAFT, published_at=None)
        change(campaign, Deed.REMOVE, "user1\nuser2")
        change(campaign, Deed.ADD, "user3")
        Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.PUBLISHED, published_at=NOW)
        assert version(campaign, 3).listed == 0
        one = propose_restore(campaign=campaign, version=version(campaign, 3), actor=owner, now=NOW)
    else:
        one = resolved(campaign, "1\n2", deed=Deed.REMOVE)
    before = listed(campaign)
    with pytest.raises(ListLocked):
        apply(one, owner)
    assert listed(campaign) == before
    assert ChannelImport.objects.get(pk=one.pk).state == ChannelImport.State.READY


def test_c7_in_a_draft_a_removed_channel_leaves_nothing(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.DRAFT, published_at=None)
    change(campaign, Deed.ADD, "user1\nuser2")
    change(campaign, Deed.REMOVE, "user1\nuser2\nuser9")
    assert not campaign.channels.exists()


def test_c7_any_two_versions_are_compared_and_each_can_be_restored(campaign: Campaign, owner: User) -> None:
    change(campaign, Deed.ADD, "user1\nuser2")
    change(campaign, Deed.REPLACE, "user2\nuser3")
    change(campaign, Deed.ADD, "user4")
    ids = dict(Channel.objects.values_list("platform_channel_id", "pk"))
    assert list(content_of(campaign, 1)) == [ids["1"], ids["2"]]
    found = compare(campaign, 1, 3)
    assert (set(found.added), found.removed, found.unchanged) == ({ids["3"], ids["4"]}, [ids["1"]], [ids["2"]])
    assert compare(campaign, 3, 1).added == [ids["1"]]
    one = propose_restore(campaign=campaign, version=version(campaign, 1), actor=owner, now=NOW)
    assert listed(campaign) == ["2", "3", "4"]
    made = apply(one, owner, now=LATER, reason="Back")
    assert made is not None
    assert (made.number, made.source, made.restores, listed(campaign)) == (4, "restore", 1, ["1", "2"])
    assert content_of(campaign, 4).keys() == content_of(campaign, 1).keys()
    rows = campaign.channels.filter(channel__platform_channel_id="1").order_by("pk")
    assert [(row.listed_at, row.removed_at) for row in rows] == [(NOW, NOW), (LATER, None)]


def test_c7_restoring_is_of_all_platforms_and_leaves_out_who_was_erased_or_deleted(
    campaign: Campaign, owner: User
) -> None:
    change(campaign, Deed.ADD, "user1\nuser2\nuser3")
    apply(resolved(campaign, "55,kicker", platform="kick"), owner)
    change(campaign, Deed.REPLACE, "user4")
    assert listed(campaign) == ["4", "55"]
    key = (campaign.organization_id, "twitch", "1")
    Channel.objects.filter(platform_channel_id="1").update(platform_channel_id=tombstone("viewer", *key), login="")
    CampaignChannel.objects.filter(channel__platform_channel_id="2").delete()
    Channel.objects.filter(platform_channel_id="2").delete()
    one = propose_restore(campaign=campaign, version=version(campaign, 2), actor=owner, now=NOW)
    assert (one.found_count, one.unknown_count) == (2, 2)
    apply(one, owner)
    assert listed(campaign) == ["3", "55"]


def test_c7_every_change_makes_a_version_whatever_it_comes_through(campaign: Campaign, owner: User) -> None:
    nova = make_channel(campaign.organization, "twitch")
    change_listing(campaign=campaign, add=[nova], remove=[], actor=owner, now=NOW)
    change_listing(campaign=campaign, add=[nova], remove=[], actor=owner, now=NOW)
    assert list(campaign.channel_versions.values_list("number", "source", "listed")) == [(1, "edit", 1)]


def test_c7_a_list_from_before_versions_were_kept_has_one_to_go_back_to(campaign: Campaign, owner: User) -> None:
    old = make_channel(campaign.organization, "twitch", platform_channel_id="1")
    CampaignChannel.objects.create(campaign=campaign, channel=old, listed_at=NOW)
    change(campaign, Deed.REPLACE, "user2")
    assert list(campaign.channel_versions.order_by("number").values_list("number", "source", "listed")) == [
        (1, "found", 1),
        (2, "paste", 1),
    ]
    assert list(content_of(campaign, 1)) == [old.pk]


def test_c7_logins_and_names_are_what_the_platform_told(campaign: Campaign, owner: User) -> None:
    make_channel(campaign.organization, "twitch", platform_channel_id="1", login="older", name="Older")
    change(campaign, Deed.ADD, "1")
    channel = Channel.objects.get(platform_channel_id="1")
    assert (channel.login, channel.name) == ("user1", "User1")


def test_c7_chosen_channels_are_taken_off_as_any_list(campaign: Campaign, owner: User) -> None:
    change(campaign, Deed.ADD, "user1\nuser2")
    chosen = Channel.objects.filter(platform_channel_id="1")
    one = propose(campaign=campaign, channels=chosen, deed=Deed.REMOVE, source="choice", actor=owner, now=NOW)
    apply(one, owner)
    assert listed(campaign) == ["2"]


def test_s5_of_a_long_change_the_trail_names_some_and_the_version(campaign: Campaign, owner: User) -> None:
    apply(resolved(campaign, "\n".join(str(n) for n in range(100, 160)), platform="kick"), owner)
    entry = AuditEntry.objects.order_by("pk").last()
    assert entry is not None
    assert entry.after["listed"].endswith("and 10 more: version 1 of the list")
