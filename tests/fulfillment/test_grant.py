"""Granting by hand: what it makes, what it is past, and what the ledger forbids it (F3, F6, R4, S5)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns.models import Campaign, CampaignReward, CampaignTester, Viewer
from fulfillment.claims import NotPossible, abandon_claims
from fulfillment.erasure import erase_player, erase_viewer
from fulfillment.grant import Timing, grant_by_hand, timing_of
from fulfillment.models import Claim, ClaimEvent, Delivery
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.ids import new_ulid
from portal.models import AuditEntry
from portal.tombstones import is_tombstone
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_marks_together import PATIENCE, number_of_backend, waits
from tests.fulfillment.test_resolve import World, settle, state_of

pytestmark = pytest.mark.django_db

CLOSED = NOW + timedelta(days=60)


class Desk(World):
    """The world with a member of staff who grants."""

    def __init__(self) -> None:
        super().__init__()
        self.staff = make.make_staff(self.organization)
        self.offer: CampaignReward = self.campaign.rewards.get()

    def grant(self, person: Any, *, at: Any = NOW, **fields: Any) -> Claim:
        values = {"offer": self.offer, "key": new_ulid(), "actor": self.staff, "reason": "ticket 7", **fields}
        return grant_by_hand(person=person, now=at, **values)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_linked_viewer_is_given_a_claim_that_is_delivered_like_any_other(desk: Desk) -> None:
    link = desk.link("7")
    claim = desk.grant(link.viewer)
    assert (claim.source, claim.state, claim.viewer) == ("staff", State.RECEIVED, link.viewer)
    settle(NOW)
    assert state_of(claim) == (State.READY, Code.DUE)
    assert (claim.player, claim.campaign_reward, claim.player_slot) == (link.player, desk.offer, 1)
    assert Delivery.objects.get().pk == claim.pk


def test_s5_who_granted_it_and_why_is_in_its_history_and_the_audit_trail(desk: Desk) -> None:
    claim = desk.grant(desk.link("7").viewer)
    event = ClaimEvent.objects.get(claim=claim)
    assert (event.actor, event.detail) == (desk.staff, "grant by hand: ticket 7")
    entry = AuditEntry.objects.get(object_id=claim.pk)
    assert (entry.action, entry.actor, entry.reason) == ("grant by hand", desk.staff, "ticket 7")


def test_i2_a_player_is_given_it_without_any_link(desk: Desk) -> None:
    player = make.make_player(desk.game)
    claim = desk.grant(player)
    settle(NOW)
    assert state_of(claim) == (State.READY, Code.DUE)
    assert (claim.platform, claim.player) == ("portal", player)
    assert claim.viewer == Viewer.objects.get(platform="portal", platform_user_id=player.player_id)


def test_a_viewer_without_a_game_account_is_given_a_claim_that_waits(desk: Desk) -> None:
    viewer = make.make_viewer(desk.organization, platform_user_id="9")
    claim = desk.grant(viewer)
    settle(NOW)
    assert state_of(claim) == (State.WAITING, Code.NOT_LINKED)
    desk.link("9")
    settle()
    assert state_of(claim) == (State.READY, Code.DUE)


@pytest.mark.parametrize(
    ("at", "timing"),
    [
        (NOW, Timing.IN_TIME),
        (NOW + timedelta(days=10), Timing.IN_TIME),
        (CLOSED, Timing.LATE),
        (NOW - timedelta(days=1, hours=1), Timing.EARLY),
    ],
)
def test_c10_when_it_is_granted_holds_nothing_back_and_an_exception_is_called_one(
    desk: Desk, at: Any, timing: Timing
) -> None:
    assert timing_of(desk.campaign, at) is timing
    claim = desk.grant(desk.link("7").viewer, at=at)
    settle(CLOSED)
    assert state_of(claim) == (State.READY, Code.DUE)
    said = AuditEntry.objects.get(object_id=claim.pk).action
    assert ("exception" in said) == (timing is not Timing.IN_TIME)


def test_f1_what_is_granted_by_hand_was_delivered_by_nobody_before_the_take_over(desk: Desk) -> None:
    desk.game.taken_over_at = NOW + timedelta(days=3)
    desk.game.save()
    claim = desk.grant(desk.link("7").viewer)
    settle(NOW)
    assert state_of(claim) == (State.READY, Code.DUE)


def test_a_cancelled_campaign_still_gives_by_hand(desk: Desk) -> None:
    Campaign.objects.update(status="cancelled", cancelled_at=NOW - timedelta(hours=1))
    desk.offer.refresh_from_db()
    claim = desk.grant(desk.link("7").viewer)
    settle(NOW)
    assert state_of(claim) == (State.READY, Code.DUE)


def test_paused_deliveries_keep_what_is_granted_as_they_keep_all(desk: Desk) -> None:
    Campaign.objects.update(deliveries_paused=True)
    claim = desk.grant(desk.link("7").viewer)
    settle(NOW)
    assert state_of(claim) == (State.HELD, Code.DELIVERIES_PAUSED)


def test_c8_in_test_mode_only_testers_are_given_something(desk: Desk) -> None:
    viewer = desk.link("7").viewer
    Campaign.objects.update(test_mode=True)
    desk.offer.refresh_from_db()
    with pytest.raises(NotPossible, match="test mode"):
        desk.grant(viewer)
    CampaignTester.objects.create(campaign=desk.campaign, platform="kick", platform_user_id="7")
    claim = desk.grant(viewer)
    settle(NOW)
    assert state_of(claim) == (State.READY, Code.DUE)
    CampaignTester.objects.all().delete()
    other = make.make_viewer(desk.organization, platform_user_id="12")
    Campaign.objects.update(test_mode=False)
    desk.offer.refresh_from_db()
    waits = desk.grant(other)
    Campaign.objects.update(test_mode=True)
    settle(NOW)
    assert state_of(waits) == (State.HELD, Code.TEST), "what becomes a test later gives to testers alone, by hand too"


def test_f6_no_platform_is_told_of_what_it_never_granted(desk: Desk) -> None:
    from fulfillment.ledger import Move, move_claims

    claim = desk.grant(desk.link("7").viewer)
    settle(NOW)
    claim.refresh_from_db()
    move_claims([Move(claim, State.DELIVERING), Move(claim, State.DELIVERING)][:1], now=NOW)
    move_claims([Move(claim, State.DELIVERED, Code.DELIVERED)], now=NOW)
    claim.refresh_from_db()
    assert (claim.state, claim.write_back_at, claim.listed_as) == (State.DELIVERED, None, "portal")


def test_r4_who_has_it_already_is_refused_and_told_which_claim_has_it(desk: Desk) -> None:
    viewer = desk.link("7").viewer
    has = desk.claim(platform_user_id="7")
    settle(NOW)
    with pytest.raises(NotPossible, match=has.pk):
        desk.grant(viewer)
    assert Claim.objects.count() == 1


def test_r4_what_another_platform_gave_the_same_player_counts(desk: Desk) -> None:
    link = desk.link("7")
    other = desk.link("70", player=link.player, platform="twitch")
    desk.claim(platform_user_id="7")
    settle(NOW)
    with pytest.raises(NotPossible, match="as often as it may be had"):
        desk.grant(other.viewer)
    with pytest.raises(NotPossible, match="as often as it may be had"):
        desk.grant(link.player)


def test_r4_a_claim_that_is_held_is_released_and_nothing_is_granted_beside_it(desk: Desk) -> None:
    viewer = desk.link("7").viewer
    held = desk.claim(platform_user_id="7", granted_at=CLOSED)
    settle(NOW)
    assert state_of(held) == (State.HELD, Code.LATE)
    with pytest.raises(NotPossible, match=held.pk):
        desk.grant(viewer)


def test_the_same_form_sent_twice_is_one_claim(desk: Desk) -> None:
    viewer, key = desk.link("7").viewer, new_ulid()
    first = desk.grant(viewer, key=key)
    settle(NOW)
    assert desk.grant(viewer, key=key).pk == first.pk
    assert Claim.objects.count() == 1
    assert AuditEntry.objects.filter(object_id=first.pk, action="grant by hand").count() == 1
    other = CampaignReward.objects.create(
        campaign=desk.campaign, reward=make.make_reward(desk.game, image=False), position=1, minutes=60
    )
    with pytest.raises(NotPossible, match="for another reward"):
        desk.grant(viewer, key=key, offer=other)
    with pytest.raises(NotPossible, match="not complete"):
        desk.grant(viewer, key="x")


@pytest.mark.parametrize("worked_out", [True, False])
def test_a_second_grant_of_the_same_has_to_be_meant(desk: Desk, worked_out: bool) -> None:
    player = make.make_player(desk.game)
    Campaign.objects.update(per_player_limit=2)
    desk.offer.refresh_from_db()
    desk.grant(player)
    if worked_out:
        settle(NOW)
    with pytest.raises(NotPossible, match="by hand before"):
        desk.grant(player)
    desk.grant(player, again=True)
    with pytest.raises(NotPossible, match="as often as it may be had"):
        desk.grant(player, again=True)
    settle(NOW)
    assert set(Claim.objects.values_list("state", flat=True)) == {State.READY}


def test_what_was_closed_again_can_be_given_once_more_if_that_is_meant(desk: Desk) -> None:
    viewer = desk.link("7").viewer
    first = desk.grant(viewer)
    settle(NOW)
    abandon_claims(claim_ids=[first.pk], actor=desk.staff, now=NOW, reason="wrong person")
    with pytest.raises(NotPossible, match="by hand before"):
        desk.grant(viewer)
    second = desk.grant(viewer, again=True)
    settle(NOW)
    assert state_of(second) == (State.READY, Code.DUE)


def test_what_the_ledger_forbids_is_refused_with_words(desk: Desk) -> None:
    viewer, stranger = desk.link("7").viewer, World()
    foreign = stranger.campaign.rewards.get()
    other_game = make.make_player(make.make_game(desk.organization))
    for person, fields, words in (
        (viewer, {"reason": " "}, "reason"),
        (viewer, {"offer": foreign}, "different organizations"),
        (stranger.link("7").viewer, {}, "different organizations"),
        (other_game, {}, "another game"),
    ):
        with pytest.raises(NotPossible, match=words):
            desk.grant(person, **fields)
    Viewer.objects.filter(pk=viewer.pk).update(platform_user_id="erased:" + "0" * 40)
    with pytest.raises(NotPossible, match="erased"):
        desk.grant(viewer)
    assert not Claim.objects.exists()


def test_a_draft_gives_nothing_to_anybody(desk: Desk) -> None:
    draft = make.make_campaign(desk.game, rewards=[desk.reward], status=Campaign.Status.DRAFT)
    with pytest.raises(NotPossible, match="draft"):
        desk.grant(desk.link("7").viewer, offer=draft.rewards.get())


def test_f8_a_player_is_erased_with_what_was_granted_a_moment_ago(desk: Desk) -> None:
    player = make.make_player(desk.game)
    claim = desk.grant(player)
    erase_player(player=player, actor=None, reason="asked by mail", now=NOW)
    claim.refresh_from_db()
    assert is_tombstone(claim.platform_user_id)
    assert claim.state == State.ABANDONED


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("as_player", [False, True])
def test_f8_what_is_granted_while_the_person_is_being_erased_is_erased_with_them(as_player: bool) -> None:
    desk = Desk()
    person = make.make_player(desk.game) if as_player else make.make_viewer(desk.organization)
    erase: Any = partial(erase_player, player=person) if as_player else partial(erase_viewer, viewer=person)
    backends: list[int] = []

    def do() -> None:
        try:
            backends.append(number_of_backend())
            erase(actor=None, reason="asked by mail", now=NOW)
        finally:
            connection.close()

    with transaction.atomic():
        desk.grant(person)
        erasing = threading.Thread(target=do)
        erasing.start()
        until = time.monotonic() + PATIENCE
        while not (backends and waits(backends[0])):
            assert time.monotonic() < until
    erasing.join(PATIENCE)
    claim = Claim.objects.get()
    assert is_tombstone(claim.platform_user_id)
    assert claim.state == State.ABANDONED
