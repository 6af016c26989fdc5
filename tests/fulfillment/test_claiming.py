"""F5: claiming what the portal counted; C8, C10, R3, R4 as far as they decide about it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import CampaignPlatform, CampaignReward, CampaignTester
from fulfillment.claiming import ClaimRefused, Refusal, sentence_of
from fulfillment.claims import abandon_claims
from fulfillment.message import delivery_body
from fulfillment.models import Claim, ClaimEvent, Delivery
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.models import Link
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claimants import LATER, World, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World, row: CampaignReward | None = None, **options: Any) -> ClaimRefused:
    with pytest.raises(ClaimRefused) as caught:
        world.claim(row, **options)
    assert not Claim.objects.filter(campaign_reward=row).exists()
    return caught.value


def test_f5_an_earned_reward_is_claimed_and_goes_the_way_of_every_claim(world: World) -> None:
    world.watch(30)
    claim = world.claim()
    assert (claim.state, claim.source, claim.platform, claim.granted_at) == (
        State.RECEIVED,
        Claim.Source.PORTAL,
        "kick",
        NOW,
    )
    assert (claim.viewer, claim.platform_user_name) == (world.viewer, world.viewer.name)
    settle()
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == (State.READY, Code.DUE)
    assert (claim.campaign, claim.campaign_reward, claim.player) == (world.campaign, world.bronze, world.player)
    assert Delivery.objects.get().pk == claim.pk


def test_f5_claiming_twice_is_one_claim(world: World) -> None:
    world.earn(world.bronze)
    first = world.claim()
    settle()
    assert world.claim(now=LATER) == first
    assert Claim.objects.count() == 1
    assert ClaimEvent.objects.count() == 1
    assert Claim.objects.get().granted_at == NOW


def test_f5_pressing_again_after_the_campaign_has_closed_answers_with_the_claim(world: World) -> None:
    world.earn(world.bronze)
    first = world.claim()
    assert world.claim(now=world.campaign.closes_at) == first


def test_f5_each_reward_is_a_claim_of_its_own(world: World) -> None:
    world.earn(world.bronze, world.gold)
    assert world.claim(world.bronze) != world.claim(world.gold)
    settle()
    assert set(Claim.objects.values_list("state", flat=True)) == {State.READY}


def test_f5_it_can_be_claimed_in_grace_and_not_a_moment_after(world: World) -> None:
    world.earn(world.bronze, world.gold)
    closes = world.campaign.closes_at
    assert world.claim(now=closes - timedelta(microseconds=1))
    refusal = refused(world, world.gold, now=closes)
    assert refusal.code == Refusal.TOO_LATE
    assert "UTC" in str(refusal.sentence)


def test_f5_an_unfinished_reward_is_refused_with_the_minutes_that_are_missing(world: World) -> None:
    world.watch(29)
    refusal = refused(world)
    assert refusal.code == Refusal.UNFINISHED
    assert "1 minute to go" in sentence_of(refusal)
    assert "31 minutes to go" in sentence_of(refused(world, world.gold))


def test_f5_of_a_broadcast_rule_the_minutes_streamed_are_missing() -> None:
    world = World(rule="broadcast")
    world.watch(29)
    refusal = refused(world)
    assert refusal.code == Refusal.UNFINISHED
    assert "30 minutes to go" in str(refusal.sentence)
    assert "streaming" in str(refusal.way_out)


def test_f5_an_event_that_has_not_happened_is_named(world: World) -> None:
    CampaignReward.objects.filter(pk=world.gold.pk).update(rule="game_event", minutes=None, event_name="dragon down")
    refusal = refused(world, world.gold)
    assert refusal.code == Refusal.UNFINISHED
    assert "dragon down. Watching in the minute it happens, or shortly before, is enough." in str(refusal.way_out)


def test_r3_a_reward_waits_for_the_one_that_it_requires(world: World) -> None:
    CampaignReward.objects.filter(pk=world.gold.pk).update(requires=world.bronze)
    world.earn(world.gold)
    refusal = refused(world, world.gold)
    assert refusal.code == Refusal.REQUIREMENT_OPEN
    assert world.bronze.reward.name in str(refusal.sentence)
    world.earn(world.bronze)
    assert world.claim(world.gold)


def test_f5_without_a_link_it_is_refused_and_kept(world: World) -> None:
    world.earn(world.bronze)
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    assert refused(world).code == Refusal.NOT_LINKED
    Link.objects.update(ended_at=None, end_reason="")
    assert world.claim()


def test_f5_a_link_for_another_game_of_the_studio_is_none_for_this_one(world: World) -> None:
    world.earn(world.bronze)
    Link.objects.all().delete()
    other = make.make_game(world.game.organization)
    make.make_link(other, viewer=world.viewer, player=make.make_player(other, user=world.user))
    assert refused(world).code == Refusal.NOT_LINKED


def test_f5_nobody_claims_for_somebody_elses_viewer(world: World) -> None:
    world.earn(world.bronze)
    assert refused(world, actor=make.make_user()).code == Refusal.NOT_YOURS
    world.claim()
    assert refused(world, world.bronze, actor=make.make_user()).code == Refusal.NOT_YOURS


def test_f5_a_viewer_of_another_studio_is_a_mistake_of_the_caller(world: World) -> None:
    with pytest.raises(ValueError, match="same organization"):
        world.claim(viewer=make.make_viewer(make.make_organization()))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "draft"}, Refusal.NOT_OPEN),
        ({"starts_at": NOW + timedelta(hours=1)}, Refusal.NOT_OPEN),
        ({"status": "cancelled", "cancelled_at": NOW}, Refusal.CANCELLED),
    ],
)
def test_f5_a_campaign_that_is_not_open_is_refused(world: World, fields: dict[str, Any], code: Refusal) -> None:
    world.earn(world.bronze)
    world.change(**fields)
    assert refused(world).code == code


def test_f5_what_the_platform_counts_is_claimed_there(world: World) -> None:
    world.earn(world.bronze)
    CampaignPlatform.objects.update(counted_by="platform")
    refusal = refused(world)
    assert refusal.code == Refusal.NOT_COUNTED_HERE
    assert "Kick" in str(refusal.sentence)
    CampaignPlatform.objects.update(platform="twitch", counted_by="portal")
    assert refused(world).code == Refusal.NOT_COUNTED_HERE


def test_c8_in_test_mode_only_a_tester_claims(world: World) -> None:
    world.earn(world.bronze)
    world.change(test_mode=True)
    assert refused(world).code == Refusal.NOT_A_TESTER
    CampaignTester.objects.create(
        campaign=world.campaign, platform="kick", platform_user_id=world.viewer.platform_user_id
    )
    claim = world.claim()
    settle()
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_c10_a_claim_made_before_the_cancellation_is_delivered(world: World) -> None:
    world.earn(world.bronze)
    claim = world.claim()
    world.change(status="cancelled", cancelled_at=NOW + timedelta(seconds=1))
    settle()
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_l8_unlinking_after_the_claim_loses_nothing(world: World) -> None:
    world.earn(world.bronze)
    claim = world.claim()
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    settle()
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == (State.WAITING, Code.NOT_LINKED)


def test_r4_the_same_reward_through_a_second_account_is_a_duplicate(world: World) -> None:
    CampaignPlatform.objects.create(campaign=world.campaign, platform="twitch", counted_by="portal")
    second = make.make_viewer(world.game.organization, "twitch")
    make.make_link(world.game, viewer=second, player=world.player)
    world.earn(world.bronze)
    world.earn(world.bronze, viewer=second)
    first, again = world.claim(), world.claim(viewer=second, now=NOW + timedelta(seconds=1))
    settle()
    first.refresh_from_db()
    again.refresh_from_db()
    assert (first.state, again.state) == (State.READY, State.DUPLICATE)


def test_what_staff_closed_stays_closed_however_often_it_is_claimed(world: World) -> None:
    world.earn(world.bronze)
    claim = world.claim()
    settle()
    abandon_claims(claim_ids=[claim.pk], actor=None, now=LATER, reason="cheated")
    assert world.claim(now=LATER).state == State.ABANDONED


def test_a_game_is_told_no_claim_id_of_a_platform_that_has_none(world: World) -> None:
    world.earn(world.bronze)
    claim = world.claim()
    settle()
    claim.refresh_from_db()
    data = json.loads(delivery_body(claim, now=NOW))["data"]
    assert data["claim_id"] == claim.pk
    assert (data["platform"], data["platform_claim_id"]) == ("kick", None)
    assert data["viewer"]["platform_user_id"] == world.viewer.platform_user_id
    assert data["granted_at"] == "2026-11-20T12:00:00Z"
