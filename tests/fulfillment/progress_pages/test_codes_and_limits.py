"""What viewers see of codes and of limits (D8): revealing, looking again, and that all is given out."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import CampaignReward
from fulfillment.claiming import ClaimRefused, Refusal
from fulfillment.models import Claim, CodePool, RewardCode
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from tests import factories as make
from tests.fulfillment.claimants import World, settle
from tests.fulfillment.progress_pages.visiting import INVENTORY, section
from tests.fulfillment.stock import make_codes
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db


def with_code(world: World, codes: int = 1) -> Claim:
    pool = CodePool.objects.create(
        organization=world.campaign.organization,
        reward=world.bronze.reward,
        name="Keys",
        label="Steam, Europe",
        instructions="Enter it on example.com/redeem.",
    )
    make_codes(pool, codes)
    world.earn(world.bronze)
    claim = world.claim()
    settle()
    claim.refresh_from_db()
    return claim


def test_d8_a_viewer_reveals_the_code_and_looks_at_it_again(world: World, viewer_client: Client) -> None:
    claim = with_code(world)
    value = RewardCode.objects.get().value
    page = viewer_client.get(INVENTORY)
    assert "Code ready" in section(page, "Claimed")
    address = reverse("claim_code", args=[claim.pk])
    assert f'formaction="{address}"' in page.content.decode()
    assert value not in viewer_client.get(reverse("claim", args=[claim.pk])).content.decode()
    for _press in range(2):
        shown = viewer_client.post(address)
        assert value in shown.content.decode()
        assert "Steam, Europe" in text_of(shown)
        assert "no-store" in shown.headers["Cache-Control"]
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == (State.CONFIRMED, Code.CODE_REVEALED)
    assert "Show the code again" in text_of(viewer_client.get(INVENTORY))
    assert value not in viewer_client.get(reverse("claim", args=[claim.pk])).content.decode()
    assert viewer_client.get(address).status_code == 302


def test_d8_somebody_elses_code_is_not_there(world: World, viewer_client: Client) -> None:
    claim = with_code(world)
    stranger = Client()
    stranger.force_login(make.make_user())
    assert stranger.post(reverse("claim_code", args=[claim.pk])).status_code == 404
    assert RewardCode.objects.get().state == RewardCode.State.ASSIGNED


def test_d8_without_a_code_left_the_viewer_reads_that_theirs_is_kept(world: World, viewer_client: Client) -> None:
    claim = with_code(world, codes=0)
    assert (claim.state, claim.reason) == (State.HELD, Code.POOL_EMPTY)
    assert "there is none left at the moment. Yours is kept" in section(viewer_client.get(INVENTORY), "Claimed")
    refused = viewer_client.post(reverse("claim_code", args=[claim.pk]), follow=True)
    assert "There is no code to show at the moment" in text_of(refused)


def limit(world: World, **limits: object) -> None:
    CampaignReward.objects.filter(pk=world.bronze.pk).update(at_limit="stop", **limits)
    other = make.make_player(world.campaign.game)
    viewer = make.make_viewer(world.campaign.organization)
    make.make_link(world.campaign.game, viewer=viewer, player=other)
    make.make_claim(
        world.campaign.organization,
        platform_user_id=viewer.platform_user_id,
        assigned_reward=world.bronze.reward,
        assigned_campaign=world.campaign,
    )
    settle()
    world.bronze.refresh_from_db()


def test_limits_that_stop_say_that_all_is_given_out(world: World, viewer_client: Client) -> None:
    limit(world, limit_total=1)
    world.earn(world.bronze)
    shown = text_of(viewer_client.get(INVENTORY))
    assert "All given out" in shown
    with pytest.raises(ClaimRefused) as caught:
        world.claim()
    assert caught.value.code == Refusal.ALL_GIVEN


def test_limits_of_a_day_that_stop_say_to_come_back_tomorrow(world: World, viewer_client: Client) -> None:
    limit(world, limit_per_day=1)
    world.earn(world.bronze)
    assert "Given out for today" in section(viewer_client.get(INVENTORY), "Waiting for you")
    with pytest.raises(ClaimRefused) as caught:
        world.claim()
    assert caught.value.code == Refusal.GIVEN_TODAY


def test_limits_that_hold_take_the_claim_and_say_so(world: World, viewer_client: Client) -> None:
    limit(world, limit_total=1)
    CampaignReward.objects.filter(pk=world.bronze.pk).update(at_limit="hold")
    world.bronze.refresh_from_db()
    world.earn(world.bronze)
    claim = world.claim()
    settle()
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == (State.HELD, Code.LIMIT_REACHED)
    assert "all of it that there was has been given out" in section(viewer_client.get(INVENTORY), "Claimed")
