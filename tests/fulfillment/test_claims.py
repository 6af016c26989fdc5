"""What staff can do about claims (F3, F4, S5, D5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fulfillment import claims as operations
from fulfillment.claims import NotPossible, RetryFilter
from fulfillment.models import Claim, ClaimEvent, Delivery, Endpoint
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Action, Code
from fulfillment.rules.states import State
from linking.models import Link
from portal.models import AuditEntry
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import LATER, World, settle, state_of

pytestmark = pytest.mark.django_db


class Desk(World):
    """The world with a member of staff in it and one claim that is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.staff = make.make_staff(self.organization)
        self.link("7")
        self.one = self.claim(platform_user_id="7")
        settle(NOW)

    def bring(self, state: State, **fields: Any) -> None:
        """Put the claim where deliveries would have brought it."""
        if state in (State.DELIVERED, State.CONFIRMED):
            fields.setdefault("delivered_at", NOW)
        Claim.objects.filter(pk=self.one.pk).update(state=state, attempted_at=NOW, **fields)
        Delivery.objects.filter(pk=self.one.pk).update(attempt=3, attempts_left=0, due_at=None, body='{"frozen": true}')

    def act(self, operation: Callable[..., Any], *claims: Claim, reason: str = "asked by mail") -> Any:
        return operation(
            claim_ids=[claim.pk for claim in claims or (self.one,)], actor=self.staff, now=LATER, reason=reason
        )

    def last_audit(self) -> AuditEntry:
        return AuditEntry.objects.latest("pk")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("code", [Code.REJECTED, Code.ATTEMPTS_EXHAUSTED])
def test_d5_a_failed_claim_is_retried_with_all_attempts_and_the_same_body(desk: Desk, code: Code) -> None:
    desk.bring(State.FAILED, reason=code)
    outcome = desk.act(operations.retry_claims)
    assert outcome.done == [desk.one.pk]
    assert state_of(desk.one) == (State.READY, Code.DUE)
    delivery = Delivery.objects.get()
    assert (delivery.due_at, delivery.attempts_left, delivery.attempt, delivery.body) == (
        LATER,
        8,
        3,
        '{"frozen": true}',
    )
    event = ClaimEvent.objects.latest("pk")
    assert (event.from_state, event.to_state, event.actor, event.detail) == (
        "failed",
        "ready",
        desk.staff,
        "asked by mail",
    )
    entry = desk.last_audit()
    assert (entry.action, entry.actor, entry.reason, entry.organization) == (
        "retry",
        desk.staff,
        "asked by mail",
        desk.organization,
    )
    assert (entry.before["state"], entry.after["state"]) == ("failed", "ready")


def test_d5_a_claim_that_waits_for_its_next_attempt_goes_at_once(desk: Desk) -> None:
    desk.bring(State.READY, reason=Code.RETRYING)
    Delivery.objects.update(due_at=NOW + timedelta(hours=9), attempts_left=2)
    desk.act(operations.retry_claims, reason="")
    assert (Delivery.objects.get().due_at, Delivery.objects.get().attempts_left) == (LATER, 8)


def test_a_retry_of_what_was_not_sent_has_it_worked_out_again(desk: Desk) -> None:
    waiting = desk.claim(platform_user_id="8")
    settle(NOW)
    desk.act(operations.retry_claims, waiting)
    waiting.refresh_from_db()
    assert waiting.resolve_at == LATER


def test_what_is_done_is_not_retried_and_the_outcome_says_why(desk: Desk) -> None:
    desk.bring(State.DELIVERED)
    outcome = desk.act(operations.retry_claims)
    assert outcome.done == []
    assert "done with" in str(outcome.refused[desk.one.pk])
    assert not AuditEntry.objects.exists()


def test_a_hold_takes_a_ready_claim_out_and_a_release_lets_it_go_on(desk: Desk) -> None:
    desk.act(operations.hold_claims)
    assert state_of(desk.one) == (State.HELD, Code.HELD_BY_STAFF)
    assert not Delivery.objects.exists()
    settle()
    assert state_of(desk.one) == (State.HELD, Code.HELD_BY_STAFF)
    assert desk.act(operations.hold_claims).refused
    desk.act(operations.release_claims)
    settle()
    assert state_of(desk.one) == (State.READY, Code.DUE)
    assert Delivery.objects.get().due_at == LATER
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["hold", "release"]


def test_a_hold_of_a_failed_claim_keeps_player_slot_and_body(desk: Desk) -> None:
    desk.bring(State.FAILED, reason=Code.ATTEMPTS_EXHAUSTED)
    desk.one.refresh_from_db()
    player = desk.one.player_id
    desk.act(operations.hold_claims)
    Link.objects.update(ended_at=NOW, end_reason="viewer")
    settle()
    assert state_of(desk.one) == (State.HELD, Code.HELD_BY_STAFF)
    assert desk.one.player_slot == 1
    desk.act(operations.release_claims)
    settle()
    assert state_of(desk.one) == (State.READY, Code.DUE)
    assert desk.one.player_id == player
    delivery = Delivery.objects.get()
    assert (delivery.due_at, delivery.attempts_left, delivery.body) == (LATER, 8, '{"frozen": true}')


def test_a_hold_of_what_is_being_sent_takes_effect_when_it_comes_back(desk: Desk) -> None:
    desk.bring(State.DELIVERING)
    desk.act(operations.hold_claims)
    settle()
    assert state_of(desk.one)[0] == State.DELIVERING
    Claim.objects.update(state=State.READY)
    settle(LATER + timedelta(seconds=30))
    assert state_of(desk.one) == (State.HELD, Code.HELD_BY_STAFF)


def test_c10_staff_may_release_a_late_claim(desk: Desk) -> None:
    late = desk.claim(platform_user_id="8", granted_at=desk.campaign.closes_at)
    desk.link("8")
    settle()
    assert state_of(late) == (State.HELD, Code.LATE)
    desk.act(operations.release_claims, late)
    settle()
    assert state_of(late) == (State.READY, Code.DUE)
    assert late.waived == ["late"]


def test_a_pause_is_not_lifted_by_releasing_one_claim(desk: Desk) -> None:
    type(desk.campaign).objects.update(deliveries_paused=True)
    Claim.objects.update(resolve_at=NOW)
    settle()
    outcome = desk.act(operations.release_claims)
    assert "paused" in str(outcome.refused[desk.one.pk])


def test_a_delivered_claim_can_be_sent_again_with_the_same_body(desk: Desk) -> None:
    for state in (State.DELIVERED, State.CONFIRMED):
        desk.bring(state)
        operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="lost in a rollback")
        assert state_of(desk.one) == (State.READY, Code.RESENT)
        delivery = Delivery.objects.get()
        assert (delivery.due_at, delivery.attempts_left, delivery.body) == (LATER, 8, '{"frozen": true}')
        Claim.objects.update(resolve_at=NOW)
        settle()
        assert state_of(desk.one) == (State.READY, Code.RESENT)


def test_only_what_was_delivered_to_somebody_can_be_sent_again(desk: Desk) -> None:
    def resend() -> None:
        operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="please")

    with pytest.raises(NotPossible, match="Only what was delivered"):
        resend()
    Claim.objects.update(state=State.CONFIRMED, player=None, player_slot=None)
    with pytest.raises(NotPossible, match="no player"):
        resend()
    assert state_of(desk.one)[0] == State.CONFIRMED
    assert not AuditEntry.objects.exists()


def test_d3_resending_to_a_game_that_pulls_needs_no_delivery_and_waits_to_be_fetched(desk: Desk) -> None:
    Delivery.objects.all().delete()
    Endpoint.objects.update(mode="pull")
    Claim.objects.update(state=State.DELIVERED, delivered_at=NOW)
    operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="please")
    assert state_of(desk.one) == (State.READY, Code.WAITING_FOR_PULL)
    assert not Delivery.objects.exists()


def test_a_reward_is_assigned_to_a_quarantined_claim(desk: Desk) -> None:
    desk.link("8")
    lost = desk.claim(platform_user_id="8", platform_reward_id="unheard-of", platform_campaign_id="unheard-of")
    settle()
    operations.assign_reward(
        claim_id=lost.pk, reward=desk.reward, campaign=desk.campaign, actor=desk.staff, now=LATER, reason="typo at Kick"
    )
    settle()
    assert state_of(lost) == (State.READY, Code.DUE)
    assert (lost.reward, lost.campaign) == (desk.reward, desk.campaign)
    assert desk.last_audit().after["assigned_reward"] == desk.reward.pk


def test_a_reward_is_not_assigned_where_it_does_not_belong(desk: Desk) -> None:
    lost = desk.claim(platform_reward_id="unheard-of")
    settle()
    stranger = World()
    other = make.make_reward(desk.game, image=False)
    for claim, reward, campaign, message in (
        (lost, stranger.reward, None, "another organization"),
        (lost, desk.reward, stranger.campaign, "another organization"),
        (lost, other, desk.campaign, "does not have this reward"),
    ):
        with pytest.raises(NotPossible, match=message):
            operations.assign_reward(
                claim_id=claim.pk, reward=reward, campaign=campaign, actor=desk.staff, now=LATER, reason="try"
            )
    lost.refresh_from_db()
    assert lost.assigned_reward is None


def test_r4_abandoning_gives_the_slot_to_the_oldest_duplicate_and_reopening_takes_its_turn(desk: Desk) -> None:
    second = desk.claim(platform_user_id="7", granted_at=NOW + timedelta(seconds=1))
    settle()
    assert state_of(second)[0] == State.DUPLICATE
    desk.bring(State.FAILED)
    desk.act(operations.abandon_claims)
    settle()
    assert state_of(desk.one) == (State.ABANDONED, Code.ABANDONED_BY_STAFF)
    assert state_of(second) == (State.READY, Code.DUE)
    desk.act(operations.reopen_claims)
    settle()
    assert state_of(desk.one) == (State.DUPLICATE, Code.SLOT_TAKEN)
    desk.act(operations.abandon_claims, second)
    settle()
    assert state_of(desk.one) == (State.READY, Code.DUE)
    assert Delivery.objects.get(pk=desk.one.pk).due_at == LATER
    assert not Delivery.objects.filter(pk=second.pk).exists()


@pytest.mark.parametrize(
    "operation",
    [
        operations.hold_claims,
        operations.release_claims,
        operations.abandon_claims,
        operations.reopen_claims,
    ],
)
def test_what_changes_a_claim_s_fate_needs_a_reason(desk: Desk, operation: Callable[..., Any]) -> None:
    with pytest.raises(NotPossible, match="Give a reason"):
        desk.act(operation, reason="  ")


@pytest.mark.parametrize("state", [State.DELIVERING, State.DELIVERED, State.CONFIRMED])
def test_what_is_sent_or_done_cannot_be_abandoned(desk: Desk, state: State) -> None:
    desk.bring(state)
    assert desk.act(operations.abandon_claims).refused
    assert state_of(desk.one)[0] == state


def test_of_many_claims_those_that_fit_are_changed(desk: Desk) -> None:
    waiting = desk.claim(platform_user_id="8")
    settle()
    desk.bring(State.DELIVERED)
    outcome = desk.act(operations.abandon_claims, desk.one, waiting)
    assert (outcome.done, list(outcome.refused)) == ([waiting.pk], [desk.one.pk])


def test_d5_retrying_by_filter_counts_first_and_tells_how_far_it_is(desk: Desk) -> None:
    desk.bring(State.FAILED, reason=Code.ATTEMPTS_EXHAUSTED, state_changed_at=NOW)
    stranger = Desk()
    Claim.objects.filter(pk=stranger.one.pk).update(state=State.FAILED, attempted_at=NOW)
    wanted = RetryFilter(organization_id=desk.organization.pk, since=NOW)
    assert operations.count_for_retry(wanted) == 1
    assert operations.count_for_retry(RetryFilter(organization_id=desk.organization.pk, since=LATER)) == 0
    assert operations.count_for_retry(RetryFilter(organization_id=desk.organization.pk, game_id=stranger.game.pk)) == 0
    assert operations.count_for_retry(RetryFilter(organization_id=desk.organization.pk, reason=Code.REJECTED)) == 0
    assert (
        operations.count_for_retry(RetryFilter(organization_id=desk.organization.pk, campaign_id=desk.campaign.pk)) == 1
    )
    assert list(operations.retry_matching(wanted, actor=desk.staff, now=LATER)) == [1]
    assert state_of(desk.one)[0] == State.READY
    assert state_of(stranger.one)[0] == State.FAILED


def test_every_operation_leaves_the_claim_where_resolving_keeps_it(desk: Desk) -> None:
    """What staff decided is not undone by the next resolve."""
    second = desk.claim(platform_user_id="8")
    settle()
    desk.act(operations.hold_claims, second)
    desk.act(operations.abandon_claims, desk.one)
    before = [state_of(desk.one), state_of(second)]
    Claim.objects.update(resolve_at=NOW)
    settle()
    assert [state_of(desk.one), state_of(second)] == before
    assert resolve_due(now=LATER) == 0


def test_operations_are_listed_with_what_they_need() -> None:
    assert operations.OPERATIONS[Action.RESEND].for_many is None
    assert not operations.OPERATIONS[Action.RETRY].needs_reason
