"""The page of a campaign: its phase, rewards, rules and channels for everybody, and for a viewer how far they are (C3, C7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import CampaignChannel, CampaignPlatform, CampaignReward
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claimants import World
from tests.fulfillment.progress_pages.visiting import page_of, section
from tests.linking.walk import text_of
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"status": "draft"}, 404, ""),
        ({"starts_at": NOW + timedelta(days=3), "announces_at": NOW + timedelta(hours=1)}, 404, ""),
        ({"starts_at": NOW + timedelta(days=3, hours=4), "announces_at": NOW}, 200, "It starts in 3 days 4 hours."),
        ({"ends_at": NOW + timedelta(hours=2, minutes=5)}, 200, "It runs for another 2 hours 5 minutes."),
        (
            {"ends_at": NOW, "closes_at": NOW + timedelta(minutes=1)},
            200,
            "Claim what you have earned within 1 minute.",
        ),
        ({"ends_at": NOW - timedelta(days=9), "closes_at": NOW}, 200, "It is closed"),
        ({"status": "cancelled", "cancelled_at": NOW}, 200, "It was cancelled."),
        (
            {
                "status": "cancelled",
                "cancelled_at": NOW - timedelta(hours=2),
                "announces_at": NOW - timedelta(hours=1),
                "starts_at": NOW,
            },
            404,
            "",
        ),
    ],
)
def test_c3_the_page_in_every_phase(world: World, fields: dict[str, Any], status: int, words: str) -> None:
    world.change(**{"starts_at": NOW - timedelta(days=10), "announces_at": NOW - timedelta(days=10), **fields})
    page = Client().get(page_of(world.campaign))
    assert page.status_code == status
    assert words in text_of(page)


def test_the_page_shows_everybody_rewards_rules_dates_in_the_campaigns_zone_and_steps(world: World) -> None:
    world.change(time_zone="Asia/Tokyo", description="Watch\nand win", info_url="https://example.org/info")
    CampaignReward.objects.filter(pk=world.gold.pk).update(requires=world.bronze)
    shown = text_of(Client().get(page_of(world.campaign)))
    for words in (
        world.campaign.name,
        f"{world.gold.reward.name} Watch 1 hour · only after “{world.bronze.reward.name}”",
        "27 Nov 2026, 21:00 JST · 12:00 UTC 7 days left",
        f"All channels that stream {world.game.name} count",
        "On Kick this site counts the minutes",
        "Your minutes are counted here",
        "Link your accounts",
    ):
        assert words in shown
    assert "How far you are" not in shown


def test_the_page_shows_a_viewer_how_far_they_are_and_the_button(world: World, viewer_client: Client) -> None:
    world.watch(35)
    page = viewer_client.get(page_of(world.campaign))
    mine = section(page, "How far you are")
    assert f"Next: {world.gold.reward.name}: 35 of 60 minutes, 25 minutes left" in mine
    assert reverse("claim_reward", args=[world.campaign.pk, world.bronze.pk]) in page.content.decode()
    assert section(page, "Take part") == ""


def test_who_is_not_linked_is_led_to_linking(world: World) -> None:
    client = Client()
    client.force_login(make.make_user())
    page = client.get(page_of(world.campaign))
    assert "Link your accounts" in section(page, "Take part")
    assert "Nothing that you watched has been counted" in section(page, "How far you are")
    world.change(connection_url="https://studio.example.org/link")
    assert 'href="https://studio.example.org/link"' in client.get(page_of(world.campaign)).content.decode()


def test_c7_only_listed_channels_are_said_to_count_found_by_name_page_by_page(world: World) -> None:
    world.change(scope="allow_list")
    channels = [
        make.make_channel(world.game.organization, login=f"streamer{n:03}", name=f"Streamer {n}") for n in range(60)
    ]
    CampaignChannel.objects.bulk_create(
        [CampaignChannel(campaign=world.campaign, channel=channel, listed_at=NOW) for channel in channels]
    )
    CampaignChannel.objects.filter(channel=channels[59]).update(removed_at=NOW)
    client = Client()
    first = text_of(client.get(page_of(world.campaign)))
    assert f"Only these 59 channels count, while they stream {world.game.name}" in first
    assert "Streamer 49" in first
    assert "Streamer 50" not in first
    assert "Streamer 58" in text_of(client.get(page_of(world.campaign), {"page": "2"}))
    found = text_of(client.get(page_of(world.campaign), {"channel": "reamer 7"}))
    assert "Streamer 7" in found
    assert "Streamer 8" not in found
    none = text_of(client.get(page_of(world.campaign), {"channel": "<b>"}))
    assert "No channel on the list has “&lt;b&gt;” in its name." in none


@pytest.mark.parametrize(("age", "live"), [(timedelta(minutes=3), True), (timedelta(minutes=4), False)])
def test_channels_of_the_last_heartbeats_are_live_now(world: World, age: timedelta, live: bool) -> None:
    make.make_channel(world.game.organization, login="nova", name="Nova", platform_channel_id="900")
    beat(make_source(world.game), viewers=["1", "2"], minute=NOW - age)
    count_all(now=NOW)
    page = Client().get(page_of(world.campaign))
    shown = section(page, "Live now")
    assert ("Nova" in shown) is live
    assert ("2 viewers reported" in shown) is live
    assert ('href="https://kick.com/nova"' in page.content.decode()) is live


def test_of_what_the_platform_counts_nothing_is_said_to_be_live_or_not(world: World) -> None:
    CampaignPlatform.objects.update(counted_by="platform")
    page = Client().get(page_of(world.campaign))
    assert section(page, "Live now") == ""
    assert "Kick counts your time itself; we see it only after you claim there." in text_of(page)


def test_the_page_of_a_campaign_asks_as_often_for_40_accounts_and_channels_as_for_20() -> None:
    """Of somebody's only account it tells how its links stand, and of many channels how many there are."""
    counts = []
    for many in (20, 40):
        game, user = make.make_game(), make.make_user()
        rewards = (10,) if many == 20 else tuple(range(10, 22))
        campaign = make_counted_campaign(game, minutes=rewards, scope="allow_list")
        for _ in range(many):
            viewer = make.make_viewer(game.organization)
            make.make_link(game, viewer=viewer, player=make.make_player(game, user=user))
            channel = make.make_channel(game.organization)
            CampaignChannel.objects.create(campaign=campaign, channel=channel, listed_at=NOW - timedelta(days=1))
            beat(
                make_source(game),
                viewers=[viewer.platform_user_id],
                minute=NOW - timedelta(minutes=1),
                broadcaster=channel.platform_channel_id,
            )
        count_all(now=NOW)
        client = Client()
        client.force_login(user)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page_of(campaign)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
