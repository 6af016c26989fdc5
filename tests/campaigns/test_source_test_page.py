"""*Test with your channel* in each of its states (step 7 of Twitch's Drops guide), read from what really came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from campaigns.models import (
    Campaign,
    CampaignTester,
    HeartbeatSource,
    RegisteredIdentifier,
    SourceTest,
    Viewer,
)
from portal import audit
from portal.models import PlatformCredential
from portal.roles import Role
from tests.admin_pages import url
from tests.factories import NOW, make_category, make_credential, make_link, make_player, make_viewer
from tests.fulfillment.admin.story import Studio
from tests.linking.walk import text_of
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

PAGE = "campaigns.heartbeatsource"


@pytest.fixture
def credential(studio: Studio) -> PlatformCredential:
    return make_credential(studio.organization, "twitch")


@pytest.fixture
def twitch(studio: Studio, credential: PlatformCredential) -> HeartbeatSource:
    return make_source(studio.game, "registered", "twitch", credential=credential)


@pytest.fixture
def relay(studio: Studio) -> HeartbeatSource:
    return make_source(studio.game, platform="kick")


def page_of(source: HeartbeatSource) -> str:
    return url(PAGE, "test", source.pk)


def member_links(studio: Studio, **fields: Any) -> Viewer:
    """Have the producer link an own account, as a viewer does."""
    viewer = make_viewer(studio.organization, "twitch", name="nora_plays", platform_user_id="9001")
    player = make_player(studio.game, user=studio.members[Role.PRODUCER])
    make_link(studio.game, viewer=viewer, player=player)
    if fields:
        RegisteredIdentifier.objects.create(
            credential=PlatformCredential.objects.get(), viewer=viewer, wanted_at=NOW, **fields
        )
    return viewer


def begin(client: Client, source: HeartbeatSource, channel: str = "9001") -> None:
    assert client.post(page_of(source), {"channel": channel}).status_code == 302


def seen(client: Client, source: HeartbeatSource) -> str:
    return text_of(client.get(page_of(source)))


# Before.


def test_it_begins_with_linking_the_own_channel(producer: Client, studio: Studio, twitch: HeartbeatSource) -> None:
    page = seen(producer, twitch)
    assert "No member of your organization has linked a Twitch account yet" in page
    assert "Possible once a channel is linked" in page
    assert "I am live now" not in page
    member_links(studio)
    page = seen(producer, twitch)
    assert "nora_plays" in page
    assert "I am live now" in page


def test_an_account_that_no_member_linked_cannot_be_tested_with(
    producer: Client, studio: Studio, twitch: HeartbeatSource
) -> None:
    member_links(studio)
    make_link(studio.game, viewer=make_viewer(studio.organization, "twitch", platform_user_id="5"))
    assert producer.post(page_of(twitch), {"channel": "5"}).status_code == 200
    assert not SourceTest.objects.exists()


def test_it_says_in_which_category_and_under_which_names(
    producer: Client, studio: Studio, twitch: HeartbeatSource
) -> None:
    assert "The game has no category id on this platform yet" in seen(producer, twitch)
    make_category(studio.game, "twitch", platform_category_id="509658")
    page = seen(producer, twitch)
    assert "Its id there is 509658" in page
    assert studio.game.name in page


@pytest.mark.parametrize("channel", ["", "   ", "x" * 201])
def test_no_channel_is_no_test(producer: Client, relay: HeartbeatSource, channel: str) -> None:
    assert producer.post(page_of(relay), {"channel": channel}).status_code == 200
    assert not SourceTest.objects.exists()


# Waiting.


def test_it_waits_and_looks_again_by_itself_until_told_not_to(
    producer: Client, relay: HeartbeatSource, time_machine: Any
) -> None:
    assert "Refresh" not in producer.get(page_of(relay)).headers
    begin(producer, relay)
    time_machine.move_to(NOW + timedelta(minutes=4), tick=False)
    answer = producer.get(page_of(relay))
    assert answer.headers["Refresh"] == f"15; url={page_of(relay)}"
    assert "Waiting for 4 minutes" in text_of(answer)
    assert "wrong" not in text_of(answer)
    still = producer.get(page_of(relay), {"updates": "off"})
    assert "Refresh" not in still.headers
    assert "does not look again by itself" in text_of(still)


def test_pressing_twice_is_one_test_and_another_channel_ends_it(
    producer: Client, relay: HeartbeatSource, time_machine: Any
) -> None:
    begin(producer, relay)
    time_machine.move_to(NOW + timedelta(minutes=3), tick=False)
    begin(producer, relay)
    assert SourceTest.objects.get().started_at == NOW
    begin(producer, relay, "42")
    ended, current = SourceTest.objects.order_by("pk")
    assert (ended.ended_at, current.ended_at, current.platform_user_id) == (NOW + timedelta(minutes=3), None, "42")
    producer.post(page_of(relay), {"end": "1"})
    assert not SourceTest.objects.filter(ended_at=None).exists()
    assert "Waits for step 3" in seen(producer, relay)


def test_a_forgotten_test_is_over_by_itself(producer: Client, relay: HeartbeatSource, time_machine: Any) -> None:
    begin(producer, relay)
    time_machine.move_to(NOW + timedelta(hours=3), tick=False)
    page = seen(producer, relay)
    assert "Waits for step 3" in page
    begin(producer, relay)
    assert SourceTest.objects.filter(ended_at=None).count() == 1


# It came.


def test_the_first_heartbeat_and_the_first_credited_minute(
    producer: Client, studio: Studio, relay: HeartbeatSource, time_machine: Any
) -> None:
    campaign = make_counted_campaign(studio.game, name="First light")
    beat(relay, viewers=["7"], minute=NOW - timedelta(minutes=30), broadcaster="9001")
    beat(relay, viewers=["7"], minute=NOW, broadcaster="someone-else")
    begin(producer, relay)
    time_machine.move_to(NOW + timedelta(minutes=6), tick=False)
    for minute in (5, 6):
        beat(relay, viewers=["7", "8"], minute=NOW + timedelta(minutes=minute), broadcaster="9001")
    page = seen(producer, relay)
    assert "2 heartbeats of this channel since you are live, the first after 5 minutes" in page
    assert "It is counted in a moment" in page
    count_all()
    answer = producer.get(page_of(relay))
    page = text_of(answer)
    assert "All works" in page
    assert f"{campaign.name} : 2 viewers were listed" in page
    assert "3 broadcast and 0 watched minutes there" in page, "the one from before the test is the owner's as well"
    assert "Refresh" not in answer.headers, "there is nothing left to wait for"


def test_a_registered_channel_is_named_by_its_identifier(
    producer: Client, studio: Studio, twitch: HeartbeatSource, time_machine: Any
) -> None:
    make_counted_campaign(studio.game, platform="twitch")
    viewer = member_links(studio, state="registered", registered_at=NOW)
    begin(producer, twitch)
    time_machine.move_to(NOW + timedelta(minutes=6), tick=False)
    beat(twitch, viewers=[viewer.pk], minute=NOW + timedelta(minutes=6), broadcaster=viewer.pk)
    count_all()
    assert "All works" in seen(producer, twitch)


# It came, and nothing counts.


def test_w3_no_campaign_counting_says_why(
    producer: Client, studio: Studio, relay: HeartbeatSource, time_machine: Any
) -> None:
    Campaign.objects.all().delete()
    begin(producer, relay)
    time_machine.move_to(NOW + timedelta(minutes=6), tick=False)
    beat(relay, viewers=["7"], minute=NOW + timedelta(minutes=6), broadcaster="9001")
    count_all(now=NOW + timedelta(minutes=6))
    assert "There was no campaign at that time" in seen(producer, relay)
    make_counted_campaign(studio.game, name="Soon", starts_at=NOW + timedelta(days=1))
    answer = producer.get(page_of(relay))
    assert "“Soon” starts only at 2026-11-21 12:00 UTC" in text_of(answer)
    assert "Refresh" in answer.headers


def test_w1_a_name_that_is_not_known_is_said(producer: Client, relay: HeartbeatSource) -> None:
    begin(producer, relay)
    beat(relay, viewers=["7"], minute=NOW, broadcaster="9001", game="Moonrise")
    count_all(now=NOW)
    assert "It calls the game “Moonrise”" in seen(producer, relay)


def test_c8_in_test_mode_only_testers_are_credited_and_the_page_says_so(
    producer: Client, studio: Studio, relay: HeartbeatSource
) -> None:
    campaign = make_counted_campaign(studio.game, test_mode=True)
    begin(producer, relay)
    beat(relay, viewers=["7"], minute=NOW, broadcaster="9001")
    count_all()
    page = seen(producer, relay)
    assert "counted, but nobody was credited" in page
    assert "neither you nor a listed viewer is one of its testers" in page
    CampaignTester.objects.create(campaign=campaign, platform="kick", platform_user_id="9001")
    beat(relay, viewers=["7"], minute=NOW + timedelta(minutes=1), broadcaster="9001", received_at=NOW)
    count_all()
    assert "All works" in seen(producer, relay)


# Nothing came for ten minutes.


def late(client: Client, source: HeartbeatSource, time_machine: Any) -> str:
    time_machine.move_to(NOW + timedelta(minutes=10), tick=False)
    return seen(client, source)


def test_after_ten_minutes_it_says_what_to_check(producer: Client, relay: HeartbeatSource, time_machine: Any) -> None:
    begin(producer, relay)
    time_machine.move_to(NOW + timedelta(minutes=9, seconds=59), tick=False)
    assert "What the portal can see" not in seen(producer, relay)
    page = late(producer, relay, time_machine)
    assert "What the portal can see" in page
    assert "Nothing has ever arrived at this source" in page
    assert "“broadcaster” must be exactly 9001" in page


def test_a_source_that_is_off_comes_first(producer: Client, relay: HeartbeatSource, time_machine: Any) -> None:
    HeartbeatSource.objects.filter(pk=relay.pk).update(enabled=False)
    begin(producer, relay)
    page = late(producer, relay, time_machine)
    points = page.split("What the portal can see:")[1]
    assert points.strip().startswith("wrong The source is switched off")


def test_refused_calls_are_told_with_the_reason_only_if_they_are_of_now(
    producer: Client, relay: HeartbeatSource, time_machine: Any
) -> None:
    rows = HeartbeatSource.objects.filter(pk=relay.pk)
    rows.update(last_refused_at=NOW - timedelta(minutes=1), last_refusal="time is not RFC 3339")
    begin(producer, relay)
    assert "Calls arrive, but are refused" not in late(producer, relay, time_machine)
    rows.update(last_refused_at=NOW + timedelta(minutes=1))
    assert "Calls arrive, but are refused: time is not RFC 3339" in seen(producer, relay)


def test_other_channels_heartbeats_say_that_it_is_about_the_channel(
    producer: Client, relay: HeartbeatSource, time_machine: Any
) -> None:
    begin(producer, relay)
    for broadcaster in ("1", "2", "2"):
        beat(relay, viewers=[], minute=NOW + timedelta(minutes=1), broadcaster=broadcaster)
    page = late(producer, relay, time_machine)
    assert "Heartbeats of other channels arrive (2)" in page
    assert "Nothing has ever arrived" not in page


def test_an_address_that_was_just_renewed_is_suspected(
    producer: Client, relay: HeartbeatSource, time_machine: Any
) -> None:
    beat(relay, viewers=[], minute=NOW - timedelta(hours=2), broadcaster="1")
    begin(producer, relay)
    assert "the last heartbeat of any came at 2026-11-20 10:00 UTC" in late(producer, relay, time_machine)
    audit.record(
        actor=None,
        action="new heartbeat address",
        obj=relay,
        organization=relay.game.organization,
        now=NOW - timedelta(hours=1),
        after={"x": 1},
    )
    assert "The address was renewed at 2026-11-20 11:00 UTC, and nothing has come since" in seen(producer, relay)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "wrong The channel is not linked with the permission that heartbeats need"),
        ({"state": "wanted"}, "check The channel is about to be registered with Twitch"),
        ({"state": "wanted", "last_error": "Twitch answered 403."}, "Last answer: Twitch answered 403."),
        ({"state": "registered", "registered_at": NOW}, "in order The channel is registered with Twitch since"),
        ({"state": "lapsed"}, "wrong The permission has lapsed on Twitch"),
        ({"state": "unwanted"}, "wrong The channel is not linked with the permission"),
    ],
)
def test_l10_where_the_registration_stands_is_told(
    producer: Client, studio: Studio, twitch: HeartbeatSource, time_machine: Any, fields: dict[str, Any], said: str
) -> None:
    member_links(studio, **fields)
    begin(producer, twitch)
    page = late(producer, twitch, time_machine)
    assert said in page
    assert "Enabled must be ticked and Client ID must be that of the credential" in page
    assert "Somebody who has linked must be watching" in page


def test_a_credential_that_is_off_and_strangers_identifiers_are_told(
    producer: Client, studio: Studio, twitch: HeartbeatSource, credential: PlatformCredential, time_machine: Any
) -> None:
    member_links(studio, state="wanted")
    PlatformCredential.objects.filter(pk=credential.pk).update(enabled=False)
    begin(producer, twitch)
    beat(twitch, viewers=[], minute=NOW + timedelta(minutes=1), broadcaster="of-another-app")
    count_all(now=NOW + timedelta(minutes=2))
    page = late(producer, twitch, time_machine)
    assert "wrong The credential is switched off" in page
    assert "name a broadcaster who is not linked (1)" in page


def test_the_studios_own_player_gets_a_call_to_try(producer: Client, studio: Studio, time_machine: Any) -> None:
    own = make_source(studio.game, "player")
    begin(producer, own, "player-77")
    page = producer.get(page_of(own)).content.decode()
    assert "&quot;broadcaster&quot;: &quot;player-77&quot;" in page
    assert "Your player&#x27;s server must report the channel" in late(producer, own, time_machine)
