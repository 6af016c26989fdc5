"""I2: claiming what was watched in the studio's own player: its viewer is the player, and needs no link."""

from __future__ import annotations

from datetime import datetime

import pytest

from fulfillment.claiming import ClaimRefused, Refusal
from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.models import Link, Player
from linking.players import prove_portal_player
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claimants import OwnPlayer, settle

pytestmark = pytest.mark.django_db


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
