"""Resolving claims: mapping, links, slots, holds, deliveries (F1 to F3, R4, L6, L7, C8, C10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Campaign, CampaignTester, Viewer
from fulfillment import mapping
from fulfillment.marks import mark_all_unsent
from fulfillment.models import Claim, ClaimEvent, Delivery, Endpoint
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.hooks import call_link_changed
from linking.models import Link
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


class World:
    """A game with a push endpoint, one reward in one live campaign on both platforms."""

    def __init__(self) -> None:
        self.organization = make.make_organization()
        self.game = make.make_game(self.organization)
        self.endpoint = make.make_endpoint(self.game)
        self.reward = make.make_reward(
            self.game, platform_ids={"kick": "kick-gold", "twitch": "twitch-gold"}, external_id="gold", image=False
        )
        self.campaign = make.make_campaign(
            self.game, rewards=[self.reward], platform_ids={"kick": "kick-autumn", "twitch": "twitch-autumn"}
        )

    def claim(self, platform: str = "kick", **fields: object) -> Claim:
        values = {
            "platform_reward_id": f"{platform}-gold",
            "platform_campaign_id": f"{platform}-autumn",
            **fields,
        }
        return make.make_claim(self.organization, platform, **values)

    def link(self, user_id: str, *, player: object = None, platform: str = "kick") -> Link:
        viewer, _ = Viewer.objects.get_or_create(
            organization=self.organization, platform=platform, platform_user_id=user_id
        )
        link = make.make_link(self.game, viewer=viewer, player=player)
        call_link_changed(link, NOW)
        return link


@pytest.fixture
def world() -> World:
    return World()


def settle(now=LATER) -> None:
    for _ in range(10):
        if not resolve_due(now=now):
            return
    raise AssertionError("resolving does not come to rest")


def state_of(claim: Claim) -> tuple[str, str]:
    claim.refresh_from_db()
    return claim.state, claim.reason


def test_l7_a_claim_before_its_link_waits_and_is_ready_when_the_link_is_made(world: World) -> None:
    claim = world.claim(platform_user_id="7", platform_user_name="Ada")
    settle()
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)
    assert claim.viewer.name == "Ada"
    assert claim.campaign == world.campaign
    assert not Delivery.objects.exists()
    link = world.link("7")
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)
    assert (claim.player, claim.link) == (link.player, link)
    delivery = Delivery.objects.get()
    assert (delivery.pk, delivery.due_at, delivery.attempts_left, delivery.game) == (claim.pk, LATER, 8, world.game)


def test_a_claim_after_its_link_is_ready_at_once(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)
    moves = list(ClaimEvent.objects.filter(claim=claim).values_list("from_state", "to_state", "reason", "actor_label"))
    assert moves == [("received", "ready", "due", "portal")]
    assert claim.resolve_at is None


def test_resolving_again_changes_nothing(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    Claim.objects.update(resolve_at=NOW)
    settle(LATER + timedelta(hours=1))
    assert ClaimEvent.objects.count() == 1
    assert Delivery.objects.get().due_at == LATER
    assert state_of(claim) == (State.READY, Code.DUE)


def test_l6_a_claim_never_attempted_goes_back_to_waiting_when_its_link_ends(world: World) -> None:
    link = world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    call_link_changed(link, NOW)
    settle()
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)
    assert claim.player is None and claim.player_slot is None and claim.viewer_slot is None
    assert not Delivery.objects.exists()


def test_l6_a_claim_that_was_attempted_keeps_its_player(world: World) -> None:
    link = world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    Claim.objects.update(attempted_at=NOW)
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    call_link_changed(link, NOW)
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)
    assert claim.player == link.player


def test_l6_a_claim_never_attempted_moves_with_its_viewer_to_another_player(world: World) -> None:
    link = world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    other = world.link("7")
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)
    assert claim.player == other.player != link.player


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"platform_reward_id": "unheard-of"}, Code.REWARD_UNKNOWN),
        ({"platform_campaign_id": "unheard-of"}, Code.CAMPAIGN_UNKNOWN),
        ({"platform_reward_id": "18446744073709551615", "platform_campaign_id": "9" * 200}, Code.REWARD_UNKNOWN),
    ],
)
def test_f2_what_cannot_be_mapped_is_kept_in_quarantine(world: World, fields: dict, reason: Code) -> None:
    claim = world.claim(**fields)
    settle()
    assert state_of(claim) == (State.QUARANTINED, reason)
    assert claim.viewer is not None


def test_f2_entering_the_reward_s_id_later_gets_the_claim_going(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7", platform_reward_id="new-id")
    settle()
    world.reward.platform_ids.filter(platform="kick").update(platform_reward_id="new-id")
    call_claims_may_resolve(organization_id=world.organization.pk, platform_reward_id="new-id")
    settle(LATER + timedelta(days=400))
    assert state_of(claim) == (State.READY, Code.DUE)


def test_f2_a_reward_is_found_by_external_id_within_the_campaign_s_game(world: World) -> None:
    other = make.make_game(world.organization)
    make.make_reward(other, external_id="gold", image=False)
    claim = world.claim(platform_reward_id="not-entered", external_id="gold")
    settle()
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)
    assert claim.reward == world.reward
    assert claim.detail == mapping.FOUND_BY_EXTERNAL_ID


def test_f2_an_external_id_of_several_games_is_not_guessed(world: World) -> None:
    make.make_reward(make.make_game(world.organization), external_id="gold", image=False)
    claim = world.claim(platform_reward_id="not-entered", external_id="gold", platform_campaign_id="")
    settle()
    assert state_of(claim) == (State.QUARANTINED, Code.REWARD_AMBIGUOUS)


def test_f2_the_category_tells_games_with_the_same_external_id_apart(world: World) -> None:
    make.make_reward(make.make_game(world.organization), external_id="gold", image=False)
    category = make.make_category(world.game, "twitch")
    claim = world.claim(
        "twitch",
        platform_reward_id="",
        external_id="gold",
        platform_campaign_id="",
        platform_category_id=category.platform_category_id,
    )
    settle()
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)


def test_f2_a_differing_external_id_is_noted(world: World) -> None:
    claim = world.claim(external_id="silver")
    settle()
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)
    assert claim.detail == mapping.EXTERNAL_ID_DIFFERS


def test_another_organization_s_ids_are_unknown_here(world: World) -> None:
    stranger = World()
    claim = make.make_claim(stranger.organization, platform_reward_id="kick-gold", platform_campaign_id="kick-autumn")
    stranger.reward.platform_ids.all().delete()
    Claim.objects.filter(pk=claim.pk).update(external_id="")
    settle()
    assert state_of(claim) == (State.QUARANTINED, Code.REWARD_UNKNOWN)
    assert claim.viewer.organization == stranger.organization


def test_f1_a_claim_without_campaign_is_matched_by_reward_and_time(world: World) -> None:
    claim = world.claim("twitch", platform_campaign_id="")
    settle()
    assert state_of(claim)[0] == State.WAITING
    assert claim.campaign == world.campaign


def test_f1_two_campaigns_at_that_time_are_not_guessed_between(world: World) -> None:
    second = make.make_campaign(world.game, rewards=[world.reward], platform_ids={"twitch": "second"})
    claim = world.claim("twitch", platform_campaign_id="")
    settle()
    assert state_of(claim) == (State.QUARANTINED, Code.CAMPAIGN_AMBIGUOUS)
    Claim.objects.update(assigned_campaign=second, resolve_at=NOW)
    settle()
    assert state_of(claim)[0] == State.WAITING
    assert claim.campaign == second


def test_c10_a_claim_is_judged_by_when_it_was_granted(world: World) -> None:
    world.link("7")
    late = world.claim(platform_user_id="7", granted_at=world.campaign.closes_at)
    in_time = world.claim(
        platform_user_id="7",
        granted_at=world.campaign.closes_at - timedelta(microseconds=1),
        received_at=world.campaign.closes_at + timedelta(days=90),
    )
    settle()
    assert state_of(late) == (State.HELD, Code.LATE)
    assert state_of(in_time) == (State.READY, Code.DUE)


def test_c10_one_granted_before_a_cancellation_is_delivered(world: World) -> None:
    world.link("7")
    world.link("8")
    before = world.claim(platform_user_id="7", granted_at=NOW - timedelta(seconds=1))
    after = world.claim(platform_user_id="8", granted_at=NOW)
    Campaign.objects.update(status=Campaign.Status.CANCELLED, cancelled_at=NOW)
    settle()
    assert state_of(before) == (State.READY, Code.DUE)
    assert state_of(after) == (State.HELD, Code.GRANTED_AFTER_CANCELLATION)


def test_c8_only_testers_get_rewards_of_a_campaign_in_test_mode(world: World) -> None:
    world.link("7")
    world.link("8")
    Campaign.objects.update(test_mode=True)
    CampaignTester.objects.create(campaign=world.campaign, platform="kick", platform_user_id="7")
    tester, other = world.claim(platform_user_id="7"), world.claim(platform_user_id="8")
    settle()
    assert state_of(tester) == (State.READY, Code.DUE)
    assert state_of(other) == (State.HELD, Code.TEST)


def test_f1_what_was_fulfilled_elsewhere_enters_as_confirmed(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7", reason=Code.FULFILLED_ELSEWHERE)
    settle()
    assert state_of(claim) == (State.CONFIRMED, Code.FULFILLED_ELSEWHERE)
    assert claim.viewer_slot == 1 and claim.player_slot == 1
    assert not Delivery.objects.exists()


def test_a_paused_campaign_holds_what_is_ready_and_lets_it_go_on(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    Campaign.objects.update(deliveries_paused=True)
    call_claims_may_resolve(organization_id=world.organization.pk, campaign_id=world.campaign.pk)
    settle(LATER + timedelta(days=400))
    assert state_of(claim) == (State.HELD, Code.DELIVERIES_PAUSED)
    assert not Delivery.objects.exists()
    Campaign.objects.update(deliveries_paused=False)
    call_claims_may_resolve(organization_id=world.organization.pk, campaign_id=world.campaign.pk)
    settle(LATER + timedelta(days=400))
    assert state_of(claim) == (State.READY, Code.DUE)
    assert Delivery.objects.exists()


def test_a_pause_keeps_the_delivery_of_what_was_attempted_and_resumes_it(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    Claim.objects.update(attempted_at=NOW)
    Delivery.objects.update(attempt=1, body="{}", attempts_left=7)
    Campaign.objects.update(deliveries_paused=True)
    Claim.objects.update(resolve_at=NOW)
    settle()
    assert state_of(claim) == (State.HELD, Code.DELIVERIES_PAUSED)
    assert Delivery.objects.get().due_at is None
    assert claim.player_slot == 1
    Campaign.objects.update(deliveries_paused=False)
    Claim.objects.update(resolve_at=NOW)
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)
    delivery = Delivery.objects.get()
    assert (delivery.due_at, delivery.attempts_left, delivery.body) == (LATER, 7, "{}")


def test_r4_one_slot_for_a_player_over_both_platforms_goes_to_the_oldest(world: World) -> None:
    link = world.link("7")
    world.link("70", player=link.player, platform="twitch")
    newer = world.claim("twitch", platform_user_id="70", granted_at=NOW)
    older = world.claim("kick", platform_user_id="7", granted_at=NOW - timedelta(seconds=1))
    settle()
    assert state_of(older) == (State.READY, Code.DUE)
    assert state_of(newer) == (State.DUPLICATE, Code.SLOT_TAKEN)


def test_r4_a_slot_that_frees_goes_to_the_oldest_duplicate(world: World) -> None:
    link = world.link("7")
    world.link("70", player=link.player, platform="twitch")
    first = world.claim("kick", platform_user_id="7", granted_at=NOW - timedelta(seconds=3))
    third = world.claim("twitch", platform_user_id="70", granted_at=NOW - timedelta(seconds=1))
    second = world.claim("twitch", platform_user_id="70", granted_at=NOW - timedelta(seconds=2))
    settle()
    assert [state_of(claim)[0] for claim in (first, second, third)] == ["ready", "duplicate", "duplicate"]
    Link.objects.filter(pk=link.pk).update(ended_at=NOW, end_reason="viewer")
    call_link_changed(link, NOW)
    settle()
    assert [state_of(claim)[0] for claim in (first, second, third)] == ["waiting", "ready", "duplicate"]


def test_r4_a_viewer_gets_a_reward_once_whatever_player_they_link(world: World) -> None:
    link = world.link("7")
    first = world.claim(platform_user_id="7")
    settle()
    Claim.objects.update(attempted_at=NOW)
    Link.objects.filter(pk=link.pk).update(ended_at=NOW, end_reason="viewer")
    world.link("7")
    again = world.claim(platform_user_id="7")
    settle()
    assert state_of(first)[0] == State.READY
    assert state_of(again) == (State.DUPLICATE, Code.SLOT_TAKEN)


def test_r4_a_campaign_may_allow_more_than_one(world: World) -> None:
    Campaign.objects.update(per_player_limit=2)
    world.link("7")
    claims = [world.claim(platform_user_id="7", granted_at=NOW + timedelta(seconds=n)) for n in range(3)]
    settle()
    assert [state_of(claim)[0] for claim in claims] == ["ready", "ready", "duplicate"]
    assert [claim.player_slot for claim in claims] == [1, 2, None]


def test_without_an_endpoint_a_claim_is_ready_and_its_delivery_waits(world: World) -> None:
    Endpoint.objects.all().delete()
    world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    assert state_of(claim) == (State.READY, Code.NO_ENDPOINT)
    assert Delivery.objects.get().due_at == LATER
    make.make_endpoint(world.game)
    Claim.objects.update(resolve_at=NOW)
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)


def test_d3_a_game_that_pulls_has_no_deliveries(world: World) -> None:
    world.link("7")
    claim = world.claim(platform_user_id="7")
    settle()
    assert Delivery.objects.exists()
    Endpoint.objects.update(mode="pull")
    Claim.objects.update(resolve_at=NOW)
    settle()
    assert state_of(claim) == (State.READY, Code.WAITING_FOR_PULL)
    assert not Delivery.objects.exists()


def test_one_poisoned_claim_is_put_aside_and_the_rest_goes_on(world: World) -> None:
    for user in range(6):
        world.link(str(user))
    claims = [world.claim(platform_user_id=str(user)) for user in range(6)]
    Claim.objects.filter(pk=claims[3].pk).update(waived=5)
    settle()
    assert [state_of(claim)[0] for claim in claims if claim != claims[3]] == [State.READY] * 5
    assert state_of(claims[3]) == (State.QUARANTINED, Code.RESOLVE_ERROR)
    assert claims[3].resolve_at == LATER + timedelta(minutes=15)
    Claim.objects.filter(pk=claims[3].pk).update(waived=[])
    settle(LATER + timedelta(minutes=15))
    assert state_of(claims[3]) == (State.READY, Code.DUE)


def test_what_is_being_sent_or_done_is_left_alone(world: World) -> None:
    link = world.link("7")
    done = world.claim(
        state=State.DELIVERED,
        delivered_at=NOW,
        player=link.player,
        campaign_reward=world.campaign.rewards.get(),
        player_slot=1,
    )
    settle()
    assert state_of(done) == (State.DELIVERED, "")
    assert done.resolve_at is None


def test_a_batch_of_twenty_takes_as_many_queries_as_one(world: World) -> None:
    def queries(users: range) -> int:
        for user in users:
            world.link(str(user))
            world.claim(platform_user_id=str(user))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert resolve_due(now=LATER) == len(users)
        return len(captured)

    queries(range(1))
    assert queries(range(10, 11)) == queries(range(20, 40)) < 40


def test_the_last_name_that_came_in_is_the_viewer_s(world: World) -> None:
    world.claim(platform_user_id="7", platform_user_name="new", received_at=NOW + timedelta(seconds=1))
    world.claim(platform_user_id="7", platform_user_name="old", received_at=NOW)
    settle()
    assert Viewer.objects.get().name == "new"


def test_the_nightly_mark_reaches_everything_that_was_not_sent(world: World) -> None:
    waiting = world.claim(platform_user_id="7")
    world.claim(state=State.ABANDONED, resolve_at=None)
    settle()
    assert mark_all_unsent(now=LATER) == 1
    assert state_of(waiting)[0] == State.WAITING
    assert waiting.resolve_at == LATER
