"""Pressing the button that claims: once is enough, and neither a forged press nor a stranger's counts (F5, S4)."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from fulfillment.models import Claim
from tests.fulfillment.claimants import World
from tests.fulfillment.progress_pages.visiting import INVENTORY, page_of, press
from tests.linking.walk import text_of
from tests.watching import make_counted_campaign

pytestmark = pytest.mark.django_db


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
