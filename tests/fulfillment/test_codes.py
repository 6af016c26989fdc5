"""Rewards that are codes of a pool (D8): given once, in order, kept by their claim, and what staff may do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from fulfillment.api.callers import Caller
from fulfillment.claims import NotPossible, abandon_claims, hold_claims, release_claims, reopen_claims, resend_claim
from fulfillment.code_deeds import NoCode, read_code, reveal_code, revoke_codes
from fulfillment.erasure import erase_player, erase_viewer
from fulfillment.fulfilling import Answer, Said, say
from fulfillment.models import ApiClient, Claim, ClaimEvent, Delivery, Endpoint, RewardCode
from fulfillment.purging import purge_test_campaign
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.waiting import let_waiting_go_on
from fulfillment.write_back import write_back_due
from portal.models import AuditEntry
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.stock import LATER, StockWorld, check_books, make_codes, settle, state_of

pytestmark = pytest.mark.django_db

DELIVERED = (State.DELIVERED, Code.CODE_ASSIGNED)


@pytest.fixture
def world() -> StockWorld:
    return StockWorld()


def test_d8_a_claim_of_a_code_reward_is_delivered_with_a_code_and_nothing_is_sent(world: StockWorld) -> None:
    world.pool(codes=2)
    claim = world.claimed(1)
    settle()
    assert state_of(claim) == DELIVERED
    code = RewardCode.objects.get(claim=claim)
    assert (code.state, code.assigned_at) == (RewardCode.State.ASSIGNED, LATER)
    assert not Delivery.objects.exists()
    assert claim.delivered_at == LATER
    assert claim.write_back_at == LATER  # F6: told to the platform like any delivery
    reasons = list(ClaimEvent.objects.filter(claim=claim).order_by("pk").values_list("to_state", "reason"))
    assert reasons == [("ready", "code_reserved"), ("delivered", "code_assigned")]
    check_books()


def test_d8_an_unlinked_claim_takes_no_code(world: StockWorld) -> None:
    world.pool(codes=1)
    claim = world.claim(platform_user_id="nobody")
    settle()
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)
    assert RewardCode.objects.get().state == RewardCode.State.FREE


def test_d8_an_empty_pool_lets_claims_wait_and_the_first_to_come_go_on_by_themselves(world: StockWorld) -> None:
    pool = world.pool()
    claims = [world.claimed(number, minutes=10 - number) for number in range(4)]
    settle()
    assert [state_of(claim) for claim in claims] == [(State.HELD, Code.POOL_EMPTY)] * 4
    make_codes(pool, 2)
    assert let_waiting_go_on(now=LATER) == 2
    settle()
    assert [state_of(claim) for claim in claims] == [DELIVERED] * 2 + [(State.HELD, Code.POOL_EMPTY)] * 2
    assert let_waiting_go_on(now=LATER) == 0
    check_books()


def test_d8_two_claims_of_one_player_take_one_code(world: StockWorld) -> None:
    world.pool(codes=5)
    first, second = world.claimed(1, minutes=9), world.claimed(1)
    settle()
    assert state_of(first) == DELIVERED
    assert state_of(second) == (State.DUPLICATE, Code.SLOT_TAKEN)
    assert RewardCode.objects.filter(claim__isnull=False).count() == 1


def test_d8_a_second_claim_of_one_player_is_no_duplicate_while_the_first_waits_for_a_code(world: StockWorld) -> None:
    """It was acknowledged to its platform as done otherwise, though nobody had got anything (R4, F6)."""
    world.pool()
    first, second = world.claimed(1, minutes=9), world.claimed(1)
    settle()
    assert state_of(first) == state_of(second) == (State.HELD, Code.POOL_EMPTY)


def test_d8_the_database_gives_no_code_twice_and_no_claim_two(world: StockWorld) -> None:
    pool = world.pool(codes=2)
    claim = world.claimed(1)
    settle()
    other = pool.codes.exclude(claim=claim).get()
    with pytest.raises(IntegrityError), transaction.atomic():
        RewardCode.objects.filter(pk=other.pk).update(claim=claim, state="assigned", assigned_at=NOW)
    seen = pool.codes.get(claim=claim)
    RewardCode.objects.filter(pk=seen.pk).update(state="revealed", revealed_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        RewardCode.objects.filter(pk=seen.pk).update(state="free", claim=None)


def test_d8_a_claim_attempted_at_the_endpoint_before_the_pool_stays_with_the_endpoint(world: StockWorld) -> None:
    claim = world.claimed(1)
    settle()
    Delivery.objects.filter(claim=claim).update(attempt=1, body="{}")
    type(claim).objects.filter(pk=claim.pk).update(attempted_at=NOW, resolve_at=NOW)
    world.pool(codes=1)
    settle()
    assert state_of(claim)[0] == State.READY
    assert RewardCode.objects.get().claim is None


def test_d8_a_ready_claim_never_attempted_gets_a_code_once_there_is_a_pool(world: StockWorld) -> None:
    claim = world.claimed(1)
    settle()
    assert Delivery.objects.filter(claim=claim).exists()
    world.pool(codes=1)
    type(claim).objects.filter(pk=claim.pk).update(resolve_at=NOW)
    settle()
    assert state_of(claim) == DELIVERED
    assert not Delivery.objects.exists()
    check_books()


def test_d8_what_a_game_may_have_fetched_gets_no_code_besides_until_it_is_held_and_released(world: StockWorld) -> None:
    _has_game_fetch(world)
    claim = world.claimed(1)
    settle()
    world.pool(codes=2)
    Claim.objects.filter(pk=claim.pk).update(resolve_at=NOW)
    settle()
    assert state_of(claim) == (State.READY, Code.WAITING_FOR_PULL)
    actor = make.make_staff(world.organization)
    hold_claims(claim_ids=[claim.pk], actor=actor, now=LATER, reason="the shop gives it now")
    release_claims(claim_ids=[claim.pk], actor=actor, now=LATER, reason="the shop gives it now")
    settle()
    assert state_of(claim) == DELIVERED
    check_books()


def test_d8_a_game_that_fetches_cannot_fulfil_what_is_given_as_a_code_and_sent_again(world: StockWorld) -> None:
    client = _has_game_fetch(world)
    world.pool(codes=1)
    claim = world.claimed(1)
    settle()
    resend_claim(claim_id=claim.pk, actor=make.make_staff(world.organization), now=LATER, reason="asked")
    caller = Caller(client, client.oauth_id, None, frozenset(), None)
    said = say(caller=caller, shape="kick", sayings=[Said(claim.platform_claim_id, True)], now=LATER)
    assert said == {claim.platform_claim_id: Answer.NOT_NOW}
    settle()
    assert (state_of(claim), RewardCode.objects.get().state) == (DELIVERED, RewardCode.State.ASSIGNED)


def _has_game_fetch(world: StockWorld) -> ApiClient:
    """Have the world's game fetch its claims; return a client that may."""
    Endpoint.objects.filter(game=world.game).delete()
    make.make_endpoint(world.game, "", mode=Endpoint.Mode.PULL)
    return make.make_api_client(world.organization)


def test_d8_revealing_twice_shows_the_same_code_and_writes_it_down_once(world: StockWorld) -> None:
    world.pool(codes=3, label="Steam, Europe")
    claim = world.claimed(1)
    settle()
    claim.refresh_from_db()
    user = claim.player.user
    first = reveal_code(claim_id=claim.pk, user=user, now=LATER)
    again = reveal_code(claim_id=claim.pk, user=user, now=LATER + timedelta(days=3))
    assert first == again
    assert first.label == "Steam, Europe"
    code = RewardCode.objects.get(claim=claim)
    assert (code.value, code.state, code.shown_times) == (first.value, RewardCode.State.REVEALED, 2)
    assert ClaimEvent.objects.filter(claim=claim, reason=Code.CODE_REVEALED).count() == 1
    # Its platform is still to be told: that confirms it (F6).
    assert state_of(claim) == (State.DELIVERED, Code.CODE_REVEALED)
    assert claim.write_back_at is not None


def test_d8_nobody_else_sees_a_code(world: StockWorld) -> None:
    world.pool(codes=1)
    claim = world.claimed(1)
    settle()
    with pytest.raises(NoCode):
        reveal_code(claim_id=claim.pk, user=make.make_user(), now=LATER)


def test_d8_where_no_platform_is_to_be_told_revealing_confirms(world: StockWorld) -> None:
    world.pool(codes=1)
    claim = world.claimed(1, source="staff")
    settle()
    claim.refresh_from_db()
    assert claim.write_back_at is None
    reveal_code(claim_id=claim.pk, user=claim.player.user, now=LATER)
    assert state_of(claim) == (State.CONFIRMED, Code.CODE_REVEALED)


def test_d8_sent_again_a_claim_keeps_its_code_and_never_gets_a_second(world: StockWorld) -> None:
    world.pool(codes=3)
    claim = world.claimed(1)
    settle()
    code = RewardCode.objects.get(claim=claim)
    actor = make.make_staff(world.organization)
    resend_claim(claim_id=claim.pk, actor=actor, now=LATER, reason="asked")
    code.refresh_from_db()
    assert (state_of(claim)[0], code.state) == (State.READY, RewardCode.State.RESERVED)
    claim.refresh_from_db()
    with pytest.raises(NoCode):
        reveal_code(claim_id=claim.pk, user=claim.player.user, now=LATER)
    settle()
    code.refresh_from_db()
    assert (state_of(claim), code.state) == (DELIVERED, RewardCode.State.ASSIGNED)
    assert RewardCode.objects.filter(claim__isnull=False).count() == 1
    reveal_code(claim_id=claim.pk, user=claim.player.user, now=LATER)
    with pytest.raises(NotPossible):
        resend_claim(claim_id=claim.pk, actor=actor, now=LATER, reason="asked")
    check_books()


def test_d8_abandoning_frees_a_code_that_nobody_saw_and_reopening_takes_one_again(world: StockWorld) -> None:
    world.pool(codes=1)
    claim = world.claimed(1)
    settle()
    who = {"actor": make.make_staff(world.organization), "now": LATER, "reason": "why"}
    resend_claim(claim_id=claim.pk, **who)
    hold_claims(claim_ids=[claim.pk], **who)
    settle()
    assert state_of(claim) == (State.HELD, Code.HELD_BY_STAFF)
    assert RewardCode.objects.get().state == RewardCode.State.RESERVED
    assert abandon_claims(claim_ids=[claim.pk], **who).done == [claim.pk]
    assert RewardCode.objects.get().state == RewardCode.State.FREE
    check_books()
    reopen_claims(claim_ids=[claim.pk], **who)
    settle()
    assert state_of(claim) == DELIVERED
    assert not Delivery.objects.exists()
    check_books()


def test_d8_a_held_claim_that_is_released_has_the_code_that_was_set_aside(world: StockWorld) -> None:
    world.pool(codes=2)
    claim = world.claimed(1)
    settle()
    code = RewardCode.objects.get(claim=claim)
    who = {"actor": make.make_staff(world.organization), "now": LATER, "reason": "why"}
    resend_claim(claim_id=claim.pk, **who)
    hold_claims(claim_ids=[claim.pk], **who)
    settle()
    release_claims(claim_ids=[claim.pk], **who)
    settle()
    assert state_of(claim) == DELIVERED
    assert RewardCode.objects.get(claim=claim) == code


def test_d8_a_claim_whose_code_was_seen_is_not_abandoned(world: StockWorld) -> None:
    world.pool(codes=1)
    claim = world.claimed(1)
    settle()
    claim.refresh_from_db()
    reveal_code(claim_id=claim.pk, user=claim.player.user, now=LATER)
    type(claim).objects.filter(pk=claim.pk).update(state=State.HELD)  # however it came there
    who = {"actor": make.make_staff(world.organization), "now": LATER, "reason": "why"}
    assert abandon_claims(claim_ids=[claim.pk], **who).done == []
    assert RewardCode.objects.get().claim == claim


def test_f8_erasing_a_person_takes_the_tie_of_their_codes(world: StockWorld) -> None:
    pool = world.pool(codes=2)
    seen, unseen = world.claimed(1), world.claimed(2)
    settle()
    seen.refresh_from_db()
    reveal_code(claim_id=seen.pk, user=seen.player.user, now=LATER)
    unseen.refresh_from_db()
    actor = make.make_staff(world.organization)
    erase_player(player=seen.player, actor=actor, reason="asked", now=LATER)
    erase_viewer(viewer=unseen.viewer, actor=actor, reason="asked", now=LATER)
    assert sorted(pool.codes.values_list("state", "claim")) == [("free", None), ("revealed", None)]
    assert state_of(seen)[0] == State.DELIVERED  # and its slot: nobody is given it twice by coming back
    with pytest.raises(NotPossible):
        resend_claim(claim_id=unseen.pk, actor=actor, now=LATER, reason="asked")
    check_books()


def test_c8_purging_a_test_gives_back_the_codes_that_nobody_saw(world: StockWorld) -> None:
    pool = world.pool(codes=2)
    seen = world.claimed(1)
    world.claimed(2)
    settle()
    seen.refresh_from_db()
    reveal_code(claim_id=seen.pk, user=seen.player.user, now=LATER)
    type(world.campaign).objects.filter(pk=world.campaign.pk).update(test_mode=True)
    purge_test_campaign(campaign=world.campaign, actor=None, now=LATER)
    assert sorted(pool.codes.values_list("state", "claim")) == [("free", None), ("revealed", None)]
    check_books()


def test_d8_a_platform_that_is_told_confirms_and_the_reason_stays_that_of_the_code(world: StockWorld) -> None:
    world.pool(codes=1)
    claim = world.claimed(1)
    settle()
    assert write_back_due(now=LATER).accepted == 0  # no credential: it waits, like any delivery
    assert state_of(claim) == DELIVERED


def test_d8_staff_look_at_a_code_with_a_reason_that_is_kept(world: StockWorld) -> None:
    pool = world.pool(codes=1)
    actor = make.make_staff(world.organization)
    code = pool.codes.get()
    with pytest.raises(NotPossible):
        read_code(code=code, actor=actor, reason=" ", now=LATER)
    value = read_code(code=code, actor=actor, reason="ticket 7", now=LATER)
    entry = AuditEntry.objects.get(action="looked at code")
    assert (entry.reason, entry.actor) == ("ticket 7", actor)
    assert value not in f"{entry.before}{entry.after}{entry.object_label}"
    code.refresh_from_db()
    assert code.state == RewardCode.State.FREE


def test_d8_only_free_codes_are_revoked_and_are_never_given(world: StockWorld) -> None:
    pool = world.pool(codes=3)
    world.claimed(1)
    settle()
    actor = make.make_staff(world.organization)
    assert revoke_codes(pool=pool, actor=actor, reason="leaked", now=LATER) == 2
    late = world.claimed(2)
    settle()
    assert state_of(late) == (State.HELD, Code.POOL_EMPTY)
    assert AuditEntry.objects.get(action="revoked codes").after == {"codes": 2}


def test_d8_the_cost_of_resolving_does_not_depend_on_how_many_codes_are_given(world: StockWorld) -> None:
    world.pool(codes=30)

    def cost(numbers: range) -> int:
        for number in numbers:
            world.claimed(number)
        with CaptureQueriesContext(connection) as queries:
            settle()
        return len(queries)

    cost(range(100, 101))
    assert cost(range(1, 2)) == cost(range(2, 22))
