"""What the portal wants to be told of: the app's own events, and the channels that matter, the most important first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Channel, ChannelFigures
from fulfillment.models import ChannelPresence, PlatformSubscription
from fulfillment.subscribing.wanting import known_channels, lacks_organization_id, managed_types, want_topics
from portal import platforms
from portal.tombstones import tombstone
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.subscribing.studio import GRANT, KICK_STREAM, OFFLINE, ONLINE, REVOKE, State, Studio

pytestmark = pytest.mark.django_db


def wanted(studio: Studio) -> set[tuple[str, str]]:
    want_topics(studio.credential, now=studio.clock())
    rows = PlatformSubscription.objects.filter(credential=studio.made_with, wanted=True)
    return set(rows.values_list("type", "subject"))


def channel(studio: Studio, number: str) -> Any:
    return make.make_channel(studio.organization, studio.shape, platform_channel_id=number)


def test_twitch_is_asked_for_grants_revocations_and_known_channels(studio: Studio) -> None:
    studio.list_channels(2)
    assert wanted(studio) == {
        *((GRANT, "9001"), (REVOKE, "app-1")),
        *((kind, subject) for kind in (ONLINE, OFFLINE) for subject in ("100", "101")),
    }


def test_kick_is_asked_for_streams_only(make_studio: Any) -> None:
    studio = make_studio("kick")
    studio.list_channels(2)
    assert wanted(studio) == {(KICK_STREAM, "100"), (KICK_STREAM, "101")}


def test_without_the_organizations_id_there_grants_cannot_be_asked_for(make_studio: Any) -> None:
    studio = make_studio("twitch", platform_organization_id="")
    assert wanted(studio) == {(REVOKE, "app-1")}
    assert lacks_organization_id(studio.credential)
    assert GRANT not in managed_types(studio.credential, platforms.get("twitch").subscriptions)  # type: ignore[arg-type]
    studio.change(platform_organization_id="77")
    assert wanted(studio) == {(REVOKE, "app-1"), (GRANT, "77")}
    assert not lacks_organization_id(studio.credential)
    assert not lacks_organization_id(make_studio("kick", platform_organization_id="").credential)


def test_channels_are_those_of_campaigns_linked_broadcasters_and_what_was_heard_of(studio: Studio) -> None:
    organization = studio.organization
    numbers = iter(range(1, 100))

    def listing(**campaign: Any) -> str:
        number = str(next(numbers))
        made = make.make_campaign(studio.game, scope="allow_list", **campaign)
        made.channels.create(channel=channel(studio, number), listed_at=NOW)
        return number

    announced = listing(
        starts_at=NOW + timedelta(days=9), ends_at=NOW + timedelta(days=12), announces_at=NOW - timedelta(days=1)
    )
    soon = listing(starts_at=NOW + timedelta(hours=20))
    live = listing()
    listing(starts_at=NOW + timedelta(days=3), announces_at=NOW + timedelta(days=2))
    listing(ends_at=NOW - timedelta(minutes=1))
    listing(status="draft")
    linked = channel(studio, "50")
    make.make_link(studio.game, viewer=make.make_viewer(organization, "twitch", platform_user_id="50"))
    unlinked = make.make_viewer(organization, "twitch", platform_user_id=channel(studio, "51").platform_channel_id)
    make.make_link(studio.game, viewer=unlinked, ended_at=NOW, end_reason="viewer")
    make.make_game_session(studio.game, channel(studio, "55"))
    make.make_game_session(studio.game, channel(studio, "56"), ended_at=NOW, end_code="disconnected")
    present, forgotten, heard = channel(studio, "60"), channel(studio, "61"), channel(studio, "62")
    ChannelPresence.objects.create(channel=present, changed_at=NOW - timedelta(days=2), seen_at=NOW)
    long_ago = NOW - timedelta(days=40)
    ChannelPresence.objects.create(channel=forgotten, changed_at=long_ago, seen_at=long_ago)
    ChannelFigures.objects.create(campaign=make.make_campaign(studio.game), channel=heard)
    make.make_channel(organization, "kick", platform_channel_id="70")
    channel(studio, "71")
    found = known_channels(studio.credential, now=NOW, most=100)
    assert found == [live, soon, announced, "55", linked.platform_channel_id, "60", "62"]
    assert known_channels(studio.credential, now=NOW, most=2) == [live, soon]


def test_f8_the_channel_of_an_erased_person_is_asked_for_no_longer(studio: Studio) -> None:
    studio.list_channels(2)
    studio.settle()
    erased = Channel.objects.get(platform_channel_id="100")
    Channel.objects.filter(pk=erased.pk).update(platform_channel_id=tombstone("100"))
    studio.run(minutes=1)
    assert set(PlatformSubscription.objects.values_list("subject", flat=True)) == {"9001", "app-1", "101"}
    assert {one.subject for one in studio.api.there} == {"9001", "app-1", "101"}


def test_a_removed_channel_is_wanted_no_longer_and_comes_back_when_listed_again(studio: Studio) -> None:
    (number,) = studio.list_channels(1)
    assert (ONLINE, number) in wanted(studio)
    listing = studio.game.campaigns.get().channels.get()
    PlatformSubscription.objects.update(due_at=NOW + timedelta(hours=1))
    listing.removed_at = NOW
    listing.save()
    assert (ONLINE, number) not in wanted(studio)
    row = studio.row(ONLINE, number)
    assert (row.wanted, row.due_at) == (False, NOW)
    assert studio.row(GRANT).due_at == NOW + timedelta(hours=1)
    PlatformSubscription.objects.update(due_at=NOW + timedelta(hours=1))
    listing.removed_at = None
    listing.save()
    assert (ONLINE, number) in wanted(studio)
    assert studio.row(ONLINE, number).due_at == NOW


def test_no_more_is_wanted_than_the_platform_allows(make_studio: Any) -> None:
    studio = make_studio("kick")
    studio.list_channels(1_010)
    assert len(wanted(studio)) == platforms.get("kick").subscriptions.most == 1_000  # type: ignore[union-attr]


def test_a_platform_without_subscriptions_and_a_credential_switched_off_want_nothing(make_studio: Any) -> None:
    studio = make_studio("twitch", enabled=False)
    assert want_topics(studio.credential, now=NOW) == 0
    assert not PlatformSubscription.objects.exists()


def test_300_channels_cost_as_many_queries_as_3_once_they_are_entered(make_studio: Any) -> None:
    few, many = make_studio("kick"), make_studio("kick")
    few.list_channels(3)
    many.list_channels(300)
    counts = []
    for studio in (few, many, few, many):
        with CaptureQueriesContext(connection) as captured:
            want_topics(studio.credential, now=NOW)
        counts.append(len(captured))
    assert counts[2] == counts[3] < counts[0]
    assert counts[1] <= counts[0] + 300 // 50  # SQLite takes some 50 new rows in one statement


def test_nothing_changes_when_nothing_has_changed(studio: Studio) -> None:
    studio.list_channels(3)
    assert want_topics(studio.credential, now=NOW) == 8
    assert want_topics(studio.credential, now=NOW) == 0


@pytest.mark.parametrize("change", ["webhook_secret", "url_token", "base_url"])
def test_what_was_made_with_another_secret_or_address_becomes_due(change: str, studio: Studio, settings: Any) -> None:
    studio.settle()
    assert studio.states()[f"{GRANT} 9001"] == State.ENABLED
    assert want_topics(studio.credential, now=studio.clock()) == 0
    if change == "base_url":
        settings.BASE_URL = "https://drops.example.org"
    elif change == "url_token":
        studio.change(url_token="another-token")
    else:
        studio.change(webhook_secret="another-secret-0123")
    assert want_topics(studio.credential, now=studio.clock()) == 2
    assert studio.row().due_at == studio.clock()


def test_what_keeps_failing_keeps_its_wait(studio: Studio) -> None:
    studio.settle()
    later = studio.clock() + timedelta(minutes=5)
    PlatformSubscription.objects.update(attempts=2, due_at=later)
    studio.change(webhook_secret="another-secret-0123")
    assert want_topics(studio.credential, now=studio.clock()) == 0
    PlatformSubscription.objects.update(state=State.REFUSED)
    assert want_topics(studio.credential, now=studio.clock()) == 2
    assert (studio.row().attempts, studio.row().due_at) == (0, studio.clock())
