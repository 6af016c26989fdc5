"""The purge of a test campaign (C8, F8): its claims go with all that belongs to them, and no other campaign's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.deletion import ProtectedError

from campaigns.models import GameEvent, GameEventChannel
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimEvent, Delivery, DeliveryAttempt
from fulfillment.purging import Purged, PurgeRefused, count_for_purge, purge_test_campaign
from fulfillment.rules.states import State
from portal.models import AuditEntry, User
from tests.factories import NOW, make_claim, make_staff
from tests.fulfillment.deliveries import World
from tests.game_events import happen, make_channel, make_event_reward

pytestmark = pytest.mark.django_db


class Trial(World):
    """A campaign in test mode with claims that were tried to be delivered, and one that was not."""

    def __init__(self, **campaign: Any) -> None:
        super().__init__("https://game.example.org/")
        type(self.campaign).objects.filter(pk=self.campaign.pk).update(test_mode=True, **campaign)
        self.campaign.refresh_from_db()
        self.staff: User = make_staff(self.game.organization)
        self.claims = self.ready(3)
        for claim in self.claims:
            DeliveryAttempt.objects.create(
                delivery_id=claim.pk, number=1, started_at=NOW, duration_ms=1, status=500, answer="no"
            )
        move_claims([Move(claim, State.HELD, "test") for claim in lock_claims([self.claims[0].pk])], now=NOW)

    def purge(self, **values: Any) -> Purged:
        return purge_test_campaign(campaign=self.campaign, actor=self.staff, now=NOW, **values)


@pytest.fixture
def trial() -> Trial:
    return Trial()


def test_c8_the_claims_of_a_test_campaign_go_with_all_that_belongs_to_them(trial: Trial) -> None:
    other = Trial()
    unresolved = make_claim(trial.game.organization)
    assert count_for_purge(trial.campaign) == Purged(claims=3, events=1, deliveries=3, attempts=3)
    assert trial.purge() == Purged(claims=3, events=1, deliveries=3, attempts=3, left=0)
    left = {claim.pk for claim in other.claims}
    assert set(Claim.objects.values_list("pk", flat=True)) == left | {unresolved.pk}
    assert set(Delivery.objects.values_list("pk", flat=True)) == left
    assert (DeliveryAttempt.objects.count(), ClaimEvent.objects.count()) == (3, 1)
    trial.campaign.refresh_from_db()
    entry = AuditEntry.objects.get(action="removed test claims")
    assert (entry.actor, entry.object_id) == (trial.staff, trial.campaign.pk)
    assert entry.before == {"claims": 3, "events": 1, "deliveries": 3, "attempts": 3}


def test_c8_purging_twice_changes_nothing_more(trial: Trial) -> None:
    trial.purge()
    assert trial.purge() == Purged()
    assert AuditEntry.objects.filter(action="removed test claims").count() == 1


def test_f8_no_other_campaign_is_purged(trial: Trial) -> None:
    type(trial.campaign).objects.filter(pk=trial.campaign.pk).update(test_mode=False)
    with pytest.raises(PurgeRefused) as refused:
        trial.purge()  # the instance still says test mode: the row decides
    assert "is not in test mode" in str(refused.value.sentence)
    assert Claim.objects.count() == 3


def test_f8_what_is_being_sent_is_left(trial: Trial) -> None:
    Claim.objects.filter(pk=trial.claims[2].pk).update(state=State.DELIVERING)
    assert trial.purge() == Purged(claims=2, events=1, deliveries=2, attempts=2, left=1)
    assert Claim.objects.get().pk == trial.claims[2].pk


def test_f8_a_purge_goes_in_batches_and_can_be_gone_on_with(trial: Trial) -> None:
    assert (trial.purge(most=1, batch=1).claims, trial.purge(batch=1).claims) == (1, 2)
    assert AuditEntry.objects.filter(action="removed test claims").count() == 3


def test_c8_the_game_events_of_a_test_campaign_go_with_its_claims_or_without_any(trial: Trial) -> None:
    def events(campaign: Any, count: int) -> None:
        reward = make_event_reward(campaign)
        for _number in range(count):
            happen(reward, [make_channel(campaign.game)], at=NOW)

    other = Trial()
    events(trial.campaign, 3)
    events(other.campaign, 1)
    assert count_for_purge(trial.campaign).game_events == 3
    assert (trial.purge(most=2, batch=2).game_events, trial.purge().game_events, trial.purge().game_events) == (2, 1, 0)
    assert {event.campaign_reward.campaign for event in GameEvent.objects.all()} == {other.campaign}
    assert GameEventChannel.objects.count() == 1
    entry = AuditEntry.objects.filter(action="removed test events").latest("pk")
    assert (entry.actor, entry.object_id, entry.before) == (trial.staff, trial.campaign.pk, {"game_events": 1})
    type(other.campaign).objects.filter(pk=other.campaign.pk).update(test_mode=False)
    with pytest.raises(PurgeRefused):
        other.purge()
    assert GameEvent.objects.count() == 1


def test_f8_foreign_keys_protect_what_is_not_purged(trial: Trial) -> None:
    for row in (trial.claims[0], trial.campaign, trial.reward, trial.game, trial.claims[0].player):
        assert row is not None
        with pytest.raises(ProtectedError):
            row.delete()
