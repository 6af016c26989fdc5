"""What a platform still has as open though it was told is told once more (F6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from tests import factories as make
from tests.fulfillment.sweeping.studio import Studio

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["twitch", "kick"])
def studio(request: pytest.FixtureRequest) -> Iterator[Studio]:
    made = Studio(request.param)
    yield made
    made.api.server.stop()


def delivered(studio: Studio, *, told: bool) -> Claim:
    """Return a claim of the platform's that the game has taken, and that its platform was told of, or not yet."""
    there = studio.there(1)[0]
    viewer = make.make_viewer(studio.organization, studio.shape, platform_user_id=there.user_id)
    make.make_link(studio.game, viewer=viewer)
    studio.swept()
    studio.resolve()
    claim = lock_claims(Claim.objects.filter(platform_claim_id=there.claim_id).values_list("pk", flat=True))[0]
    move_claims([Move(claim, State.DELIVERED, Code.DELIVERED)], now=studio.clock())
    if told:
        move_claims([Move(claim, State.CONFIRMED, Code.CONFIRMED)], now=studio.clock())
        Claim.objects.filter(pk=claim.pk).update(write_back_at=None, written_back_at=studio.clock())
    claim.refresh_from_db()
    return claim


def test_f6_what_was_told_and_is_still_open_there_is_told_once_more(studio: Studio) -> None:
    claim = delivered(studio, told=True)
    studio.later(minutes=11)
    assert studio.swept().told_again == 1
    claim.refresh_from_db()
    assert claim.write_back_at is not None
    assert claim.state == State.CONFIRMED
    assert ClaimEvent.objects.filter(claim=claim, detail__contains="told once more").count() == 1


def test_f6_what_is_done_there_is_left_alone(studio: Studio) -> None:
    claim = delivered(studio, told=True)
    studio.api.claims[0].status = "FULFILLED" if studio.shape == "twitch" else "processed"
    studio.later(minutes=11)
    assert studio.swept().told_again == 0
    claim.refresh_from_db()
    assert claim.write_back_at is None


def test_f6_what_is_still_to_be_told_waits_for_its_turn(studio: Studio) -> None:
    claim = delivered(studio, told=False)
    due = claim.write_back_at
    studio.later(minutes=11)
    assert studio.swept().told_again == 0
    claim.refresh_from_db()
    assert claim.write_back_at == due


def test_f6_what_was_told_while_the_sweep_ran_may_have_been_listed_before(studio: Studio) -> None:
    claim = delivered(studio, told=True)
    studio.later(minutes=11)
    Claim.objects.filter(pk=claim.pk).update(written_back_at=studio.clock.now.replace(year=2100))
    assert studio.swept().told_again == 0


def test_f6_nothing_that_is_not_delivered_is_ever_told(studio: Studio) -> None:
    studio.there(1)
    studio.swept()
    studio.resolve()
    studio.later(minutes=11)
    studio.swept()
    assert Claim.objects.get().write_back_at is None
