"""What viewers see and press: inventory, history, campaign pages (W5, F5, R3, R4, C7, C8, C10, I2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
    EarnedReward,
)
from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from linking.models import Link
from portal.durations import minutes_in_words, time_in_words
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claimants import World
from tests.linking.walk import text_of
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

INVENTORY = "/inventory/"


@pytest.fixture(autouse=True)
def _at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def viewer_client(world: World) -> Client:
    client = Client()
    client.force_login(world.user)
    return client


def page_of(campaign: Campaign) -> str:
    return reverse("campaign", args=[campaign.pk])


def press(client: Client, world: World, row: CampaignReward | None = None, **form: str) -> Any:
    row = row or world.bronze
    url = reverse("claim_reward", args=[row.campaign_id, row.pk])
    return client.post(url, {"viewer": world.viewer.pk, **form})


def section(response: Any, heading: str) -> str:
    """Return the part of a page from one second-level heading to the next, as a reader sees it; empty if it is not there."""
    parts = re.split(r"<h2", response.content.decode())
    found = [part for part in parts if re.sub(r"<[^>]+>", "", part.split("</h2>")[0].split(">", 1)[-1]) == heading]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0].split(">", 1)[-1])).split()) if found else ""


# The inventory -----------------------------------------------------------------------------------------------------


def test_w5_progress_is_a_labelled_bar_with_the_minutes_left_to_the_next_reward(
    world: World, viewer_client: Client
) -> None:
    world.watch(20)
    page = viewer_client.get(INVENTORY)
    shown = section(page, "In progress")
    name = world.bronze.reward.name
    assert f"Next: {name}: 20 of 30 minutes, 10 minutes left" in shown
    assert "Watched 20 minutes" in shown
    assert "40 minutes to go" in shown
    bar = re.search(r'<label for="([^"]+)">.*?<progress id="([^"]+)" value="20" max="30">', page.content.decode(), re.S)
    assert bar is not None
    assert bar[1] == bar[2]


def test_a_campaign_not_begun_is_shown_to_who_plays_its_game(world: World, viewer_client: Client) -> None:
    shown = section(viewer_client.get(INVENTORY), "In progress")
    assert world.campaign.name in shown
    assert "Not started 0 of 30 minutes, 30 minutes to go" in shown


def test_f5_an_earned_reward_can_be_claimed_where_it_is_shown(world: World, viewer_client: Client) -> None:
    world.watch(30)
    page = viewer_client.get(INVENTORY)
    assert "Earned, ready to claim" in section(page, "Waiting for you")
    button = re.search(r'<button[^>]*formaction="([^"]+)"[^>]*value="([^"]+)"', page.content.decode())
    assert button is not None
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode().split('id="claim-form"')[1])
    assert token is not None
    answer = viewer_client.post(button[1], {"viewer": button[2], "back": "inventory"}, follow=True)
    assert "You have claimed" in text_of(answer)
    assert f"{world.bronze.reward.name} {world.game.name} · {world.campaign.name} · Kick Claimed" in section(
        answer, "Claimed"
    )


def test_f5_the_way_of_a_claim_is_told_at_the_reward(world: World, viewer_client: Client) -> None:
    world.watch(45)
    press(viewer_client, world)
    resolve_due(now=NOW)
    for state, words in (("ready", "On its way"), ("delivered", "Delivered"), ("failed", "Not delivered yet")):
        Claim.objects.update(state=state, reason="", delivered_at=NOW)
        shown = section(viewer_client.get(INVENTORY), "In progress")
        assert f"{world.bronze.reward.name} Watch 30 minutes {words}" in shown


def test_f5_before_linking_the_button_is_there_disabled_with_reason_and_next_step(
    world: World, viewer_client: Client
) -> None:
    world.watch(30)
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    page = viewer_client.get(INVENTORY)
    shown = section(page, "Waiting for you")
    assert "Earned, link needed" in shown
    assert "has nowhere to go yet" in shown
    html = page.content.decode()
    assert re.search(r'aria-disabled="true" aria-describedby="(why-[^"]+)"', html)
    assert f'href="/connect/{world.game.organization.slug}/{world.game.slug}/"' in html
    assert 'form="claim-form"' not in html
    answer = press(viewer_client, world)
    assert answer.status_code == 409
    assert "No game account" in text_of(answer)
    assert not Claim.objects.exists()


def test_c1_the_link_leads_to_the_campaigns_own_connection_page(world: World, viewer_client: Client) -> None:
    world.watch(30)
    world.change(connection_url="https://studio.example.org/link")
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    assert 'href="https://studio.example.org/link"' in viewer_client.get(INVENTORY).content.decode()


def test_r3_a_reward_says_which_other_comes_first(world: World, viewer_client: Client) -> None:
    CampaignReward.objects.filter(pk=world.bronze.pk).update(requires=world.gold)
    world.watch(40)
    shown = section(viewer_client.get(INVENTORY), "In progress")
    assert f"First earn “{world.gold.reward.name}”" in shown
    assert f"Next: {world.gold.reward.name}: 40 of 60 minutes" in shown


def test_r4_what_came_through_another_account_is_already_yours(world: World, viewer_client: Client) -> None:
    CampaignPlatform.objects.create(campaign=world.campaign, platform="twitch", counted_by="portal")
    second = make.make_viewer(world.game.organization, "twitch")
    make.make_link(world.game, viewer=second, player=world.player)
    world.earn(world.bronze)
    world.earn(world.bronze, viewer=second)
    press(viewer_client, world)
    resolve_due(now=NOW)
    page = viewer_client.get(page_of(world.campaign))
    assert "Already yours Your game account has this reward already" in text_of(page)
    assert 'form="claim-form"' not in page.content.decode()


def test_what_the_platform_counts_is_said_in_words_and_has_no_bar(world: World, viewer_client: Client) -> None:
    CampaignPlatform.objects.update(counted_by="platform")
    page = viewer_client.get(INVENTORY)
    shown = section(page, "In progress")
    assert "Kick counts your time itself; we see it only after you claim." in shown
    assert "<progress" not in page.content.decode()
    assert 'href="https://kick.com"' in page.content.decode()


def test_in_grace_what_was_missed_is_expired_and_what_was_earned_waits(world: World, viewer_client: Client) -> None:
    world.watch(20)
    world.change(ends_at=NOW - timedelta(minutes=1))
    assert "The campaign ended with 20 of 30 minutes." in section(viewer_client.get(INVENTORY), "Expired")
    world.earn(world.bronze)
    page = viewer_client.get(INVENTORY)
    assert section(page, "Expired") == ""
    assert "Claim until" in section(page, "Waiting for you")


def test_c10_after_closing_an_unclaimed_reward_is_expired_and_a_month_later_in_the_history_alone(
    world: World, viewer_client: Client
) -> None:
    world.watch(30)
    closes = world.campaign.closes_at
    with time_machine.travel(closes, tick=False):
        viewer_client.force_login(world.user)
        page = viewer_client.get(INVENTORY)
        assert "You had earned it, but not claimed it before the campaign closed." in section(page, "Expired")
        assert press(viewer_client, world).status_code == 409
    with time_machine.travel(closes + timedelta(days=31), tick=False):
        viewer_client.force_login(world.user)
        page = viewer_client.get(INVENTORY)
        assert section(page, "Expired") == ""
        assert "/inventory/history/" in page.content.decode()
        history = text_of(viewer_client.get("/inventory/history/"))
        assert world.campaign.name in history
        assert "0 of 2 are yours" in history
        assert "30 minutes" in history


def test_nothing_of_somebody_else_is_shown(world: World) -> None:
    world.watch(30)
    stranger = Client()
    stranger.force_login(make.make_user())
    page = stranger.get(INVENTORY)
    assert world.campaign.name not in section(page, "In progress") + section(page, "Waiting for you")
    assert "30 minutes" not in section(stranger.get(page_of(world.campaign)), "How far you are")
    assert press(stranger, world).status_code == 404
    assert not Claim.objects.exists()


def test_c8_a_test_campaign_is_shown_to_its_testers_alone_and_as_a_test(world: World, viewer_client: Client) -> None:
    world.change(test_mode=True)
    assert world.campaign.name not in text_of(viewer_client.get(INVENTORY))
    assert viewer_client.get(page_of(world.campaign)).status_code == 404
    assert press(viewer_client, world).status_code == 404
    CampaignTester.objects.create(
        campaign=world.campaign, platform="kick", platform_user_id=world.viewer.platform_user_id
    )
    assert f"{world.campaign.name} {world.game.name} · On Kick as {world.viewer} Test" in text_of(
        viewer_client.get(INVENTORY)
    )
    assert "This is a test" in text_of(viewer_client.get(page_of(world.campaign)))
    assert Client().get(page_of(world.campaign)).status_code == 404


def test_i2_progress_in_the_studios_own_player_needs_no_link() -> None:
    game, user = make.make_game(), make.make_user()
    campaign = make_counted_campaign(game, platform="portal", minutes=(5,))
    make.make_player(game, player_id="p-1", user=user)
    source = make_source(game, "player")
    for minute in range(5):
        beat(source, viewers=["p-1"], minute=NOW - timedelta(minutes=30 - minute))
    count_all()
    client = Client()
    client.force_login(user)
    page = client.get(INVENTORY)
    assert "In the studio's own player" in section(page, "Waiting for you")
    row = campaign.rewards.get()
    viewer = EarnedReward.objects.get().viewer
    answer = client.post(reverse("claim_reward", args=[campaign.pk, row.pk]), {"viewer": viewer.pk})
    assert answer.status_code == 302
    assert Claim.objects.get().platform == "portal"


def test_with_several_accounts_one_that_was_not_used_is_not_in_the_way(world: World, viewer_client: Client) -> None:
    CampaignPlatform.objects.create(campaign=world.campaign, platform="twitch", counted_by="portal")
    second = make.make_viewer(world.game.organization, "twitch")
    make.make_link(world.game, viewer=second, player=world.player)
    world.watch(5)
    assert section(viewer_client.get(INVENTORY), "In progress").count(world.campaign.name) == 1
    assert "On Twitch as" in text_of(viewer_client.get(page_of(world.campaign)))


def test_the_inventory_asks_as_often_for_20_campaigns_and_accounts_as_for_one() -> None:
    counts = []
    for many in (1, 20):
        game, user = make.make_game(), make.make_user()
        for _ in range(many):
            viewer = make.make_viewer(game.organization)
            make.make_link(game, viewer=viewer, player=make.make_player(game, user=user))
            campaign = make_counted_campaign(game, minutes=(10, 20))
            over = make_counted_campaign(game, ends_at=NOW - timedelta(hours=1), closes_at=NOW - timedelta(minutes=1))
            source = make_source(game)
            beat(source, viewers=[viewer.platform_user_id], minute=NOW - timedelta(hours=2))
            EarnedReward.objects.create(viewer=viewer, campaign_reward=campaign.rewards.first(), earned_at=NOW)
            make.make_claim(
                game.organization,
                viewer=viewer,
                source="portal",
                assigned_campaign=over,
                assigned_reward=over.rewards.get().reward,
            )
        count_all(now=NOW - timedelta(hours=1, minutes=30))
        client = Client()
        client.force_login(user)
        client.get(INVENTORY)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(INVENTORY)
        assert page.status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


# Pages that keep themselves up to date ------------------------------------------------------------------------------


def test_the_live_part_is_304_until_something_changes(world: World, viewer_client: Client) -> None:
    world.watch(10)
    for path in (INVENTORY, page_of(world.campaign)):
        page = viewer_client.get(path).content.decode()
        address = re.search(r'data-live-from="([^"]+)"', page)
        assert address is not None
        first = viewer_client.get(address[1])
        assert first.content.decode().strip() in page
        assert "<form" not in first.content.decode()
        tag = {"If-None-Match": first["ETag"]}
        assert viewer_client.get(address[1], headers=tag).status_code == 304
        EarnedReward.objects.create(viewer=world.viewer, campaign_reward=world.bronze, earned_at=NOW)
        assert viewer_client.get(address[1], headers=tag).status_code == 200
        EarnedReward.objects.all().delete()


def test_a_page_without_a_live_part_loads_no_script(world: World, viewer_client: Client) -> None:
    assert "live.js" in viewer_client.get(INVENTORY).content.decode()
    assert "<script" not in viewer_client.get("/inventory/history/").content.decode()


def test_who_is_signed_out_gets_no_live_part() -> None:
    assert Client().get(f"{INVENTORY}?live=1").status_code == 302


# Claiming ----------------------------------------------------------------------------------------------------------


def test_f5_pressing_twice_is_one_claim_and_both_answers_are_friendly(world: World, viewer_client: Client) -> None:
    world.watch(30)
    assert press(viewer_client, world).url == page_of(world.campaign)
    again = press(viewer_client, world, back="inventory")
    assert again.url == INVENTORY
    assert Claim.objects.count() == 1


def test_f5_a_forged_press_is_refused_with_the_minutes_missing(world: World, viewer_client: Client) -> None:
    world.watch(12)
    answer = press(viewer_client, world)
    assert answer.status_code == 409
    assert "18 minutes to go" in text_of(answer)
    assert not Claim.objects.exists()


@pytest.mark.parametrize("form", [{"viewer": ""}, {"viewer": "nobody"}, {"viewer": "\U0001f409" * 300}])
def test_a_press_for_no_viewer_of_ones_own_is_404(world: World, viewer_client: Client, form: dict[str, str]) -> None:
    world.earn(world.bronze)
    assert press(viewer_client, world, **form).status_code == 404


def test_a_press_for_a_reward_of_another_campaign_is_404(world: World, viewer_client: Client) -> None:
    other = make_counted_campaign(world.game)
    world.earn(world.bronze)
    url = reverse("claim_reward", args=[other.pk, world.bronze.pk])
    assert viewer_client.post(url, {"viewer": world.viewer.pk}).status_code == 404


def test_a_press_needs_a_token_against_forgery_a_sign_in_and_a_post(world: World, viewer_client: Client) -> None:
    world.earn(world.bronze)
    url = reverse("claim_reward", args=[world.campaign.pk, world.bronze.pk])
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.user)
    assert strict.post(url, {"viewer": world.viewer.pk}).status_code == 403
    assert Client().post(url, {"viewer": world.viewer.pk}).url.startswith("/accounts/login/")
    assert viewer_client.get(url).url == page_of(world.campaign)
    assert not Claim.objects.exists()


def test_s4_pressing_is_limited(world: World, viewer_client: Client) -> None:
    world.watch(1)
    answers = [press(viewer_client, world).status_code for _ in range(61)]
    assert set(answers[:60]) == {409}
    assert answers[60] == 429
    cache.clear()


# The page of a campaign --------------------------------------------------------------------------------------------


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


# The page of a game ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platforms", "words", "never"),
    [
        ({"kick": "platform"}, ["The platform counts your time", "Claim it there"], ["Your minutes are counted here"]),
        (
            {"kick": "portal"},
            ["Your minutes are counted here", "Claim the reward here", "it counts the minutes that you watch"],
            ["The platform counts your time", "in your Drops inventory"],
        ),
        (
            {"kick": "portal", "twitch": "platform"},
            ["On Kick this site counts your minutes", "that Twitch counts itself", "Claim the reward"],
            ["The platform counts your time"],
        ),
        ({"portal": "portal"}, ["Nothing to connect"], ["has not set up a platform here yet"]),
    ],
)
def test_the_steps_say_who_counts(platforms: dict[str, str], words: list[str], never: list[str]) -> None:
    game = make.make_game()
    for platform in ("kick", "twitch"):
        if platform in platforms:
            make.make_credential(game.organization, platform)
    campaign = make.make_campaign(game, rewards=[make.make_reward(game, image=False)])
    for platform, who in platforms.items():
        CampaignPlatform.objects.create(campaign=campaign, platform=platform, counted_by=who)
    page = Client().get(f"/connect/{game.organization.slug}/{game.slug}/")
    shown = text_of(page)
    assert [word for word in words if word not in shown] == []
    assert [word for word in never if word in shown] == []
    assert f'href="{page_of(campaign)}"' in page.content.decode()


def test_who_watches_in_the_studios_own_player_is_ready_with_the_game_account_alone() -> None:
    game, user = make.make_game(), make.make_user()
    make_counted_campaign(game, platform="portal")
    make.make_player(game, user=user)
    client = Client()
    client.force_login(user)
    shown = text_of(client.get(f"/connect/{game.organization.slug}/{game.slug}/"))
    assert "Watch Next step" in shown
    assert "Open your rewards" in shown


def test_pages_hold_no_inline_script_or_style_and_the_strict_policy(world: World, viewer_client: Client) -> None:
    world.watch(30)
    for path in (INVENTORY, page_of(world.campaign), "/inventory/history/"):
        page = viewer_client.get(path)
        assert "unsafe" not in page["Content-Security-Policy"]
        assert "style=" not in page.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)", page.content.decode()) == []
        assert "no-store" in page["Cache-Control"]


def test_time_left_is_told_by_its_two_largest_units() -> None:
    table: list[tuple[timedelta, str]] = [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=-5), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=2, minutes=5, seconds=59), "2 hours 5 minutes"),
        (timedelta(days=1, minutes=59), "1 day"),
        (timedelta(days=3, hours=4, minutes=59), "3 days 4 hours"),
    ]
    assert [time_in_words(span) for span, _words in table] == [words for _span, words in table]
    assert [minutes_in_words(n) for n in (0, 1, 60, 90)] == ["0 minutes", "1 minute", "1 hour", "1 hour 30 minutes"]
