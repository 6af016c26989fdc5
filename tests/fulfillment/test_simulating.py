"""Trying a test campaign: the platform's messages made up, and taken by the webhook itself (C8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, CampaignReward, CampaignTester, Viewer
from fulfillment.claims import NotPossible
from fulfillment.models import Claim, Simulation, WebhookTally
from fulfillment.resolve import resolve_due
from fulfillment.rules.simulated import Scenario, is_simulated
from fulfillment.rules.states import State
from fulfillment.simulating import simulate
from fulfillment.webhooks.receivers import forget_receivers
from fulfillment.webhooks.tally import tallies
from linking.links import end_link
from linking.models import Link
from portal import platforms
from portal.models import AuditEntry, User
from tests.factories import (
    make_campaign,
    make_category,
    make_credential,
    make_endpoint,
    make_game,
    make_link,
    make_player,
    make_reward,
    make_staff,
    make_viewer,
)

pytestmark = pytest.mark.django_db

SENDING = [key for key, platform in platforms.registry.items() if platform.simulator is not None]


class Stage:
    """A published test campaign with two rewards on one platform, and a tester of it who is linked."""

    def __init__(self, platform: str, **fields: Any) -> None:
        forget_receivers()
        self.platform = platform
        self.now = timezone.now()
        self.game = make_game()
        self.organization = self.game.organization
        secret = "webhook-secret-0123456789" if platforms.get(platform).signs_with_shared_secret else ""
        self.credential = make_credential(
            self.organization, platform, webhook_secret=secret, platform_organization_id="org", public_key="none"
        )
        make_category(self.game, platform)
        make_endpoint(self.game)
        rewards = [make_reward(self.game, platform_ids={platform: f"r{n}"}, external_id=f"x{n}") for n in range(2)]
        there = {platform: "the-campaign"}
        self.campaign: Campaign = make_campaign(
            self.game, rewards=rewards, platform_ids=there, now=self.now, **{"test_mode": True, **fields}
        )
        viewer = make_viewer(self.organization, platform, platform_user_id="4242")
        make_link(self.game, viewer=viewer, player=make_player(self.game))
        self.tester = CampaignTester.objects.create(
            campaign=self.campaign, platform=platform, platform_user_id="4242", note="Rita"
        )
        self.actor: User = make_staff(self.organization)

    def run(self, scenario: Scenario, *, tester: bool = True, reward: CampaignReward | None = None) -> Simulation:
        return simulate(
            campaign=self.campaign,
            platform=self.platform,
            scenario=scenario,
            tester=self.tester if tester else None,
            reward=reward,
            actor=self.actor,
            now=self.now,
        )

    def claims(self) -> list[Claim]:
        while resolve_due(now=self.later()):
            pass
        return list(Claim.objects.filter(organization=self.organization).order_by("pk"))

    def later(self) -> datetime:
        return timezone.now()


@pytest.fixture(params=SENDING)
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


def answers(made: Simulation) -> set[int]:
    return {message["status"] for message in made.messages}


def test_a_claim_of_a_linked_tester_is_taken_and_goes_to_the_game(stage: Stage) -> None:
    made = stage.run(Scenario.SINGLE)
    assert answers(made) <= {200, 204}
    (claim,) = stage.claims()
    assert claim.state == State.READY
    assert claim.source == Claim.Source.TEST
    assert is_simulated(claim.platform_claim_id)
    assert claim.platform_claim_id in made.messages[0]["claims"]


def test_a_batch_has_a_claim_of_every_reward(stage: Stage) -> None:
    made = stage.run(Scenario.BATCH)
    batches = platforms.get(stage.platform).simulator.batches  # type: ignore[union-attr]
    assert len(made.messages) == (1 if batches else 2)
    assert {claim.platform_reward_id for claim in stage.claims()} == {"r0", "r1"}


def test_f1_a_claim_that_is_told_three_times_is_taken_each_time_and_stored_once(stage: Stage) -> None:
    made = stage.run(Scenario.DUPLICATE)
    assert len(made.messages) == 3
    assert answers(made) <= {200, 204}
    assert len(stage.claims()) == 1


def test_c10_a_claim_granted_after_closing_is_held_as_late(stage: Stage) -> None:
    stage.run(Scenario.LATE)
    assert [(claim.state, claim.reason) for claim in stage.claims()] == [("held", "late")]


def test_f3_a_claim_of_somebody_who_has_not_linked_waits(stage: Stage) -> None:
    stage.run(Scenario.UNLINKED, tester=False)
    assert [(claim.state, claim.reason) for claim in stage.claims()] == [("waiting", "not_linked")]


def test_f3_a_tester_who_has_linked_cannot_claim_as_somebody_who_has_not() -> None:
    stage = Stage("twitch")
    with pytest.raises(NotPossible, match="This tester has linked"):
        stage.run(Scenario.UNLINKED)
    end_link(link=Link.objects.get(), reason=Link.EndReason.STAFF, now=stage.now)
    stage.run(Scenario.UNLINKED)
    assert [(claim.state, claim.reason) for claim in stage.claims()] == [("waiting", "not_linked")]


def test_c8_a_try_gives_a_tester_no_other_name_than_they_have(stage: Stage) -> None:
    Viewer.objects.update(name="Rita_Live")
    stage.run(Scenario.SINGLE)
    assert [claim.viewer.name for claim in stage.claims() if claim.viewer] == ["Rita_Live"]


def test_f2_a_reward_that_nobody_knows_leads_to_quarantine(stage: Stage) -> None:
    stage.run(Scenario.UNMAPPED)
    assert [claim.state for claim in stage.claims()] == ["quarantined"]


def test_p1_a_forged_message_is_refused_and_stores_nothing(stage: Stage) -> None:
    made = stage.run(Scenario.BAD_SIGNATURE, tester=False)
    assert answers(made) <= {401, 403}
    assert stage.claims() == []


def test_f6_the_platform_is_told_nothing_of_a_claim_that_it_does_not_know(stage: Stage) -> None:
    from fulfillment.ledger import Move, lock_claims, move_claims

    stage.run(Scenario.SINGLE)
    (claim,) = stage.claims()
    for state in (State.DELIVERING, State.DELIVERED):
        move_claims([Move(lock_claims([claim.pk])[0], state, state.value)], now=stage.now)
    claim.refresh_from_db()
    assert claim.state == State.DELIVERED
    assert claim.write_back_at is None


def test_what_the_portal_sends_itself_is_no_sign_that_the_platform_reaches_it(stage: Stage) -> None:
    stage.run(Scenario.SINGLE)
    stage.run(Scenario.BAD_SIGNATURE, tester=False)
    tallies.flush()
    assert not WebhookTally.objects.exists()


def test_s5_who_tried_what_is_written_down(stage: Stage) -> None:
    stage.run(Scenario.SINGLE)
    entry = AuditEntry.objects.get(action="simulated messages")
    assert (entry.actor, entry.object_id, entry.after["scenario"]) == (stage.actor, stage.campaign.pk, "single")


def test_the_chosen_reward_is_claimed(stage: Stage) -> None:
    second = stage.campaign.rewards.order_by("position", "pk")[1]
    stage.run(Scenario.SINGLE, reward=second)
    assert [claim.reward_id for claim in stage.claims()] == [second.reward_id]


@pytest.mark.parametrize("fields", [{"test_mode": False}, {"status": Campaign.Status.DRAFT}])
def test_c8_only_a_published_test_campaign_is_tried(fields: dict[str, Any]) -> None:
    stage = Stage("twitch")
    Campaign.objects.filter(pk=stage.campaign.pk).update(**fields)
    stage.campaign.refresh_from_db()
    with pytest.raises(NotPossible):
        stage.run(Scenario.SINGLE)
    assert not Simulation.objects.exists()


def test_a_credential_that_is_switched_off_takes_nothing_and_is_said_so() -> None:
    stage = Stage("twitch")
    type(stage.credential).objects.update(enabled=False)
    with pytest.raises(NotPossible, match="switched off"):
        stage.run(Scenario.SINGLE)


def test_without_a_secret_nothing_can_be_signed() -> None:
    stage = Stage("twitch")
    type(stage.credential).objects.update(webhook_secret="")
    with pytest.raises(NotPossible, match="no webhook secret"):
        stage.run(Scenario.SINGLE)


def test_a_scenario_that_needs_a_tester_asks_for_one() -> None:
    with pytest.raises(NotPossible, match="who claims"):
        Stage("twitch").run(Scenario.SINGLE, tester=False)


def test_a_platform_that_does_not_count_sends_no_claims() -> None:
    stage = Stage("twitch")
    stage.campaign.platforms.update(counted_by="portal")
    with pytest.raises(NotPossible, match="does not count"):
        stage.run(Scenario.SINGLE)
