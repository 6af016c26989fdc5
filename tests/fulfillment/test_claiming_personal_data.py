"""F8: a person's copy has what was watched, earned and claimed; who is erased leaves nothing behind, and may come back."""

from __future__ import annotations

import pytest

from campaigns.models import Viewer
from fulfillment.erasure import erase_player, erase_viewer, preview_player
from fulfillment.export import export_player, export_viewer
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.models import Link
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claimants import LATER, OwnPlayer, World, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


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
