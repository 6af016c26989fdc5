"""Giving an unsent claim another reward, and how often a delivered one is sent again (L6, F3, S1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Campaign, Reward
from fulfillment import claims as operations
from fulfillment.claims import NotPossible, resends_of
from fulfillment.ledger import Move, move_claims
from fulfillment.models import Claim, Delivery, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.models import AuditEntry
from portal.roles import Role
from tests import factories as make
from tests.admin_pages import sign_in
from tests.factories import NOW
from tests.fulfillment.test_claims import Desk
from tests.fulfillment.test_resolve import LATER, settle, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.one.refresh_from_db()
    return made


def _other(desk: Desk) -> tuple[Reward, Campaign]:
    """Return another reward of another game's campaign, to which a claim was really meant to go."""
    game = make.make_game(desk.organization)
    make.make_endpoint(game)
    reward = make.make_reward(game, image=False)
    return reward, make.make_campaign(game, rewards=[reward])


def _remap(desk: Desk, claim: Claim, reward: Reward, campaign: Campaign) -> None:
    operations.assign_reward(
        claim_id=claim.pk, reward=reward, campaign=campaign, actor=desk.staff, now=LATER, reason="wrong id in Kick"
    )


def test_a_ready_claim_that_was_mapped_wrongly_goes_to_the_right_game_and_gives_its_slot_up(desk: Desk) -> None:
    reward, campaign = _other(desk)
    make.make_link(campaign.game, viewer=desk.one.viewer)
    second = desk.claim(platform_user_id="7", granted_at=NOW + timedelta(seconds=1))
    settle()
    assert state_of(second)[0] == State.DUPLICATE
    _remap(desk, desk.one, reward, campaign)
    assert not Delivery.objects.filter(pk=desk.one.pk).exists(), "taken back until it is worked out again"
    settle()
    assert state_of(desk.one) == (State.READY, Code.DUE)
    assert (desk.one.reward, desk.one.game) == (reward, campaign.game)
    assert Delivery.objects.get(pk=desk.one.pk).game == campaign.game
    assert state_of(second) == (State.READY, Code.DUE)
    assert AuditEntry.objects.latest("pk").reason == "wrong id in Kick"


def test_a_claim_that_waits_for_its_link_is_given_another_reward(desk: Desk) -> None:
    reward, campaign = _other(desk)
    waits = desk.claim(platform_user_id="8")
    settle()
    _remap(desk, waits, reward, campaign)
    settle()
    assert state_of(waits) == (State.WAITING, Code.NOT_LINKED)
    assert waits.reward == reward


@pytest.mark.parametrize("state", [State.DELIVERING, State.DELIVERED, State.CONFIRMED, State.FAILED, State.ABANDONED])
def test_l6_what_a_game_has_seen_stays_what_it_was(desk: Desk, state: State) -> None:
    desk.bring(state)
    with pytest.raises(NotPossible, match="cannot be changed"):
        _remap(desk, desk.one, *_other(desk))


def test_l6_nor_is_what_was_delivered_and_is_sent_again(desk: Desk) -> None:
    Endpoint.objects.update(mode="pull")
    Claim.objects.filter(pk=desk.one.pk).update(state=State.DELIVERED, delivered_at=NOW)
    operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="lost")
    with pytest.raises(NotPossible, match="cannot be changed"):
        _remap(desk, desk.one, *_other(desk))


def test_of_a_game_that_fetches_a_ready_claim_is_held_first(desk: Desk) -> None:
    reward, campaign = _other(desk)
    Endpoint.objects.update(mode="pull")
    Claim.objects.filter(pk=desk.one.pk).update(resolve_at=NOW)
    settle()
    assert state_of(desk.one) == (State.READY, Code.WAITING_FOR_PULL)
    with pytest.raises(NotPossible, match="being fetched"):
        _remap(desk, desk.one, reward, campaign)
    desk.act(operations.hold_claims)
    _remap(desk, desk.one, reward, campaign)


@pytest.mark.parametrize("source", ["staff", "portal"])
def test_what_was_made_here_for_its_reward_is_not_given_another(desk: Desk, source: str) -> None:
    Claim.objects.update(source=source)
    with pytest.raises(NotPossible, match="made here"):
        _remap(desk, desk.one, *_other(desk))


def _delivered_again(desk: Desk, times: int) -> None:
    desk.bring(State.DELIVERED)
    for _ in range(times):
        operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="not in the game")
        desk.one.refresh_from_db()
        move_claims([Move(desk.one, State.DELIVERING)], now=LATER)
        move_claims([Move(desk.one, State.DELIVERED)], now=LATER)


def test_a_claim_is_sent_again_three_times_and_then_only_beyond_the_limit(desk: Desk) -> None:
    _delivered_again(desk, 3)
    assert resends_of(desk.one.pk) == 3
    with pytest.raises(NotPossible, match="three times already"):
        operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="once more")
    operations.resend_claim(claim_id=desk.one.pk, actor=desk.staff, now=LATER, reason="once more", beyond_limit=True)
    assert state_of(desk.one)[0] == State.READY


@pytest.mark.parametrize(("role", "goes"), [(Role.SUPPORT, False), (Role.PRODUCER, True)])
def test_s1_the_page_says_how_often_and_lets_a_producer_go_on(desk: Desk, role: Role, goes: bool) -> None:
    _delivered_again(desk, 3)
    client = sign_in(make.make_staff(desk.organization, role))
    page = reverse("admin:fulfillment_claim_resend", args=[desk.one.pk])
    assert "sent again 3 times so far" in client.get(page).content.decode()
    assert client.post(page, {"reason": "ticket 9"}).status_code == (302 if goes else 200)
    assert (state_of(desk.one)[0] == State.READY) == goes


def test_the_claims_page_offers_another_reward_and_to_unlink(desk: Desk) -> None:
    client = sign_in(make.make_staff(desk.organization, Role.SUPPORT))
    page = client.get(reverse("admin:fulfillment_claim_change", args=[desk.one.pk])).content.decode()
    assert "Change the reward" in page
    assert reverse("admin:linking_link_unlink", args=[desk.one.link_id]) in page
    analyst = sign_in(make.make_staff(desk.organization, Role.ANALYST))
    page = analyst.get(reverse("admin:fulfillment_claim_change", args=[desk.one.pk])).content.decode()
    assert "Change the reward" not in page
    assert "unlink/" not in page
