"""F5: claiming what the portal counted; C8, C10, I2, R3, R4 as far as they decide about it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, CampaignTester, EarnedReward, Viewer
from fulfillment.claiming import ClaimRefused, Refusal, claim_reward, sentence_of
from fulfillment.claims import abandon_claims
from fulfillment.erasure import erase_player, erase_viewer, preview_player
from fulfillment.export import export_player, export_viewer
from fulfillment.message import delivery_body
from fulfillment.models import Claim, ClaimEvent, Delivery
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.models import Link, Player
from linking.players import prove_portal_player
from portal.models import User
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


class World:
    """A game with an endpoint, a live campaign of two rewards that the portal counts on Kick, and one linked viewer."""

    def __init__(self, **fields: Any) -> None:
        self.game = make.make_game()
        self.endpoint = make.make_endpoint(self.game)
        self.campaign = make_counted_campaign(self.game, minutes=(30, 60), **fields)
        self.bronze, self.gold = self.campaign.rewards.order_by("position")
        self.user = make.make_user()
        self.player = make.make_player(self.game, user=self.user)
        self.viewer = make.make_viewer(self.game.organization)
        self.link = make.make_link(self.game, viewer=self.viewer, player=self.player)

    def earn(self, *rows: CampaignReward, viewer: Viewer | None = None) -> None:
        for row in rows:
            EarnedReward.objects.create(viewer=viewer or self.viewer, campaign_reward=row, earned_at=NOW)

    def watch(self, minutes: int, viewer: Viewer | None = None) -> None:
        source = make_source(self.game)
        for minute in range(minutes):
            beat(
                source,
                viewers=[(viewer or self.viewer).platform_user_id],
                minute=NOW - timedelta(hours=2) + timedelta(minutes=minute),
            )
        count_all()

    def claim(self, row: CampaignReward | None = None, *, now: datetime = NOW, **who: Any) -> Claim:
        row = CampaignReward.objects.select_related("campaign__game", "reward").get(pk=(row or self.bronze).pk)
        return claim_reward(**{"viewer": self.viewer, "actor": self.user, **who}, campaign_reward=row, now=now)

    def change(self, **fields: Any) -> None:
        Campaign.objects.filter(pk=self.campaign.pk).update(**fields)


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World, row: CampaignReward | None = None, **options: Any) -> ClaimRefused:
    with pytest.raises(ClaimRefused) as caught:
        world.claim(row, **options)
    assert not Claim.objects.filter(campaign_reward=row).exists()
    return caught.value


def settle(now: datetime = LATER) -> None:
    while resolve_due(now=now):
        pass


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
    assert "dragon down" in str(refusal.way_out)


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


class OwnPlayer:
    """A campaign that the portal counts in the studio's own player (I2)."""

    def __init__(self) -> None:
        self.game = make.make_game()
        make.make_endpoint(self.game)
        self.campaign = make_counted_campaign(self.game, platform="portal")
        self.row = CampaignReward.objects.select_related("campaign__game", "reward").get()
        self.user = make.make_user()

    def viewer(self, player_id: str) -> Viewer:
        viewer = make.make_viewer(self.game.organization, "portal", platform_user_id=player_id, name="")
        EarnedReward.objects.create(viewer=viewer, campaign_reward=self.row, earned_at=NOW)
        return viewer

    def claim(self, viewer: Viewer, actor: User | None = None) -> Claim:
        return claim_reward(viewer=viewer, campaign_reward=self.row, actor=actor or self.user, now=NOW)


def test_i2_a_viewer_of_the_studios_own_player_is_the_player_and_needs_no_link() -> None:
    own = OwnPlayer()
    player = make.make_player(own.game, player_id="p-1", user=own.user)
    claim = own.claim(own.viewer("p-1"))
    settle()
    claim.refresh_from_db()
    assert (claim.state, claim.player, claim.link) == (State.READY, player, None)
    assert not Link.objects.exists()


def test_i2_of_a_player_whom_nobody_knows_nothing_is_claimed() -> None:
    own = OwnPlayer()
    viewer = own.viewer("p-1")
    with pytest.raises(ClaimRefused) as caught:
        own.claim(viewer)
    assert caught.value.code == Refusal.NOT_LINKED


def test_i2_nobody_claims_for_another_player() -> None:
    own = OwnPlayer()
    make.make_player(own.game, player_id="p-1", user=make.make_user())
    with pytest.raises(ClaimRefused) as caught:
        own.claim(own.viewer("p-1"))
    assert caught.value.code == Refusal.NOT_YOURS


def test_i2_an_account_on_the_portal_becomes_the_player_with_its_first_claim() -> None:
    own = OwnPlayer()
    claim = own.claim(own.viewer(own.user.public_id))
    settle()
    claim.refresh_from_db()
    assert claim.state == State.READY
    assert claim.player == Player.objects.get(player_id=own.user.public_id)


def test_i2_a_player_of_the_same_id_in_another_game_is_somebody_else() -> None:
    own = OwnPlayer()
    make.make_player(make.make_game(own.game.organization), player_id="p-1", user=own.user)
    with pytest.raises(ClaimRefused) as caught:
        own.claim(own.viewer("p-1"))
    assert caught.value.code == Refusal.NOT_LINKED


def test_i2_a_claim_whose_player_is_not_known_yet_waits_and_goes_once_it_is() -> None:
    own = OwnPlayer()
    user = make.make_user()
    claim = make.make_claim(
        own.game.organization,
        "portal",
        source=Claim.Source.STAFF,
        platform_user_id=user.public_id,
        assigned_reward=own.row.reward,
        assigned_campaign=own.campaign,
    )
    settle()
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == (State.WAITING, Code.PLAYER_UNKNOWN)
    player = prove_portal_player(user, own.game)
    assert resolve_due(now=datetime.now(NOW.tzinfo)) == 1
    claim.refresh_from_db()
    assert (claim.state, claim.player) == (State.READY, player)


def test_f8_erasing_a_player_erases_the_viewer_who_is_that_player() -> None:
    own = OwnPlayer()
    player = make.make_player(own.game, player_id="ada-77", user=own.user)
    claim = own.claim(own.viewer("ada-77"))
    settle()
    counted = preview_player(player)
    done = erase_player(player=player, actor=None, reason="asked", now=LATER)
    assert (done.claims, done.claims_closed) == (counted.claims, counted.claims_closed) == (1, 1)
    claim.refresh_from_db()
    assert (claim.state, claim.reason, claim.player) == (State.ABANDONED, Code.ERASED, None)
    assert "ada-77" not in f"{claim.platform_user_id} {claim.viewer.platform_user_id}"


def test_f8_a_player_of_the_same_id_in_another_game_keeps_the_viewer() -> None:
    own = OwnPlayer()
    player = make.make_player(own.game, player_id="ada-77", user=own.user)
    make.make_player(make.make_game(own.game.organization), player_id="ada-77")
    claim = own.claim(own.viewer("ada-77"))
    settle()
    erase_player(player=player, actor=None, reason="asked", now=LATER)
    claim.refresh_from_db()
    assert claim.viewer.platform_user_id == "ada-77"
    assert claim.player is None


def test_f8_who_was_erased_and_is_back_claims_anew_what_was_never_delivered(world: World) -> None:
    world.earn(world.bronze)
    user_id = world.viewer.platform_user_id
    world.claim()
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    settle()
    erase_viewer(viewer=world.viewer, actor=None, reason="asked", now=LATER)
    Viewer.objects.filter(pk=world.viewer.pk).update(platform_user_id=user_id, name="Ada")
    world.viewer.refresh_from_db()
    Link.objects.update(ended_at=None, end_reason="")
    claim = world.claim(now=LATER)
    assert (claim.state, claim.platform_user_id, claim.platform_user_name) == (State.RECEIVED, user_id, "Ada")
    assert world.claim(now=LATER) == claim
    settle()
    claim.refresh_from_db()
    assert claim.state == State.READY


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


def test_a_persons_copy_has_the_minutes_and_what_was_earned(world: World) -> None:
    world.watch(31)
    world.claim()
    copy = export_viewer(world.viewer)
    assert copy["watch_time"] == [
        {"campaign": world.campaign.name, "watched_minutes": 31, "streamed_minutes": 0},
    ]
    assert [row["reward"] for row in copy["earned"]] == [world.bronze.reward.name]
    assert len(copy["claims"]) == 1
    assert export_player(world.player)["watch_time"] == []


def test_a_players_copy_has_what_was_watched_in_the_studios_own_player_in_that_game_alone() -> None:
    own = OwnPlayer()
    player = make.make_player(own.game, player_id="p-1")
    other = make.make_player(make.make_game(own.game.organization), player_id="p-1")
    own.viewer("p-1")
    assert [row["campaign"] for row in export_player(player)["earned"]] == [own.campaign.name]
    assert export_player(other)["earned"] == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_f5_eight_presses_at_once_are_one_claim() -> None:
    world = World()
    world.earn(world.bronze)
    claims = at_once([world.claim] * 8)
    assert len(claims) == 8
    assert len({claim.pk for claim in claims}) == 1
    assert Claim.objects.count() == 1


def at_once(deeds: list[Callable[[], Claim]]) -> list[Claim]:
    start, found = threading.Barrier(len(deeds)), []

    def work(deed: Callable[[], Claim]) -> None:
        try:
            start.wait(20)
            found.append(deed())
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found
