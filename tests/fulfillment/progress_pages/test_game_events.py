"""What viewers see of a reward that a game event earns, in every state of it (G4, F5, R3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from campaigns.models import CampaignReward
from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from linking.models import Link
from tests.factories import NOW
from tests.fulfillment.claimants import World
from tests.fulfillment.progress_pages.visiting import INVENTORY, page_of, press, section
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

ENOUGH = "Watching in the minute it happens, or shortly before, is enough."
RULE = "Watch while this happens in the game: Dragon slain"


@pytest.fixture(autouse=True)
def _event(world: World) -> None:
    """Bronze is earned by a game event, gold by minutes."""
    CampaignReward.objects.filter(pk=world.bronze.pk).update(
        rule="game_event",
        minutes=None,
        event_name="Dragon slain",
        event_path="$.boss",
        event_condition="equals",
        event_value='"dead"',
    )


def test_g4_before_it_happened_the_inventory_says_what_and_when_watching_is_enough(
    world: World, viewer_client: Client
) -> None:
    shown = section(viewer_client.get(INVENTORY), "In progress")
    assert f"{world.bronze.reward.name} {RULE} Waits for the game" in shown
    assert f"This has not happened on a stream while you watched it. {ENOUGH}" in shown
    assert "$.boss" not in shown and "dead" not in shown, "where the game keeps it is nobody's business"


def test_g4_once_it_happened_it_is_claimed_like_any_other(world: World, viewer_client: Client) -> None:
    world.earn(world.bronze)
    page = viewer_client.get(INVENTORY)
    shown = section(page, "Waiting for you")
    assert f"{world.bronze.reward.name} {RULE} Earned, ready to claim" in shown
    assert "not happened" not in shown
    assert reverse("claim_reward", args=[world.campaign.pk, world.bronze.pk]) in page.content.decode()
    press(viewer_client, world, back="inventory")
    resolve_due(now=NOW)
    assert Claim.objects.get().campaign_reward_id == world.bronze.pk
    Claim.objects.update(state="delivered", delivered_at=NOW)
    shown = section(viewer_client.get(INVENTORY), "In progress")
    assert f"{world.bronze.reward.name} {RULE} Delivered" in shown
    assert "not happened" not in shown


def test_f5_without_a_link_the_earned_event_waits_for_one(world: World, viewer_client: Client) -> None:
    world.watch(1)
    world.earn(world.bronze)
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    shown = section(viewer_client.get(INVENTORY), "Waiting for you")
    assert f"{world.bronze.reward.name} {RULE} Earned, link needed" in shown


def test_r3_an_event_that_waits_for_another_reward_says_whether_it_has_happened(
    world: World, viewer_client: Client
) -> None:
    CampaignReward.objects.filter(pk=world.bronze.pk).update(requires=world.gold)
    first = f"First earn “{world.gold.reward.name}”."
    shown = section(viewer_client.get(INVENTORY), "In progress")
    assert f"{first} This has not happened on a stream while you watched it. {ENOUGH}" in shown
    world.earn(world.bronze)
    shown = section(viewer_client.get(INVENTORY), "In progress")
    assert f"{first} This has happened on a stream while you watched it." in shown


def test_g4_after_the_end_it_says_that_it_had_not_happened(world: World, viewer_client: Client) -> None:
    world.watch(5)
    world.change(ends_at=NOW + timedelta(hours=1), closes_at=NOW + timedelta(days=1))
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        shown = text_of(viewer_client.get(page_of(world.campaign)))
    assert "Not earned" in shown
    assert "The campaign ended, and this had not happened on a stream while you watched it." in shown
    world.earn(world.bronze)
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        assert "Earned, ready to claim" in section(viewer_client.get(INVENTORY), "Waiting for you")
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        shown = text_of(viewer_client.get(page_of(world.campaign)))
    assert "You had earned it, but not claimed it before the campaign closed." in shown


def test_g4_a_campaign_of_events_alone_speaks_of_no_minutes(world: World, viewer_client: Client) -> None:
    assert "The minutes counted here count toward" in text_of(viewer_client.get(page_of(world.campaign)))
    world.gold.delete()
    page = viewer_client.get(page_of(world.campaign))
    assert "Watched" not in section(page, "How far you are")
    assert "The minutes counted here count toward" not in text_of(page)
    assert "minutes to go" not in text_of(page)


def test_g4_the_pages_of_campaign_and_game_say_it_as_well(world: World, viewer_client: Client) -> None:
    shown = section(viewer_client.get(page_of(world.campaign)), "Rewards")
    assert f"{world.bronze.reward.name} {RULE} {ENOUGH}" in shown
    assert f"{world.gold.reward.name} Watch 1 hour" in shown
    assert shown.count(ENOUGH) == 1
    game = reverse("connect_game", args=[world.game.organization.slug, world.game.slug])
    assert f"{RULE} {ENOUGH}" in text_of(viewer_client.get(game))


def test_g4_where_only_events_earn_something_the_campaigns_page_asks_to_be_there_and_for_no_minutes(
    world: World,
) -> None:
    assert "Your minutes are counted here" in text_of(Client().get(page_of(world.campaign))), "gold is for minutes"
    world.gold.delete()
    shown = text_of(Client().get(page_of(world.campaign)))
    assert "Be there when it happens in the game" in shown
    assert "this site knows who is watching when it happens" in shown
    assert "minutes are counted" not in shown and "counts the minutes" not in shown
