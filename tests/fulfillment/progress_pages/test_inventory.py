"""What viewers see in their inventory and in its history (W5, F5, R3, R4, C1, C8, C10, I2)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import CampaignPlatform, CampaignReward, CampaignTester, EarnedReward
from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from linking.models import Link
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claimants import World
from tests.fulfillment.progress_pages.visiting import INVENTORY, page_of, press, section
from tests.linking.walk import text_of
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db


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
