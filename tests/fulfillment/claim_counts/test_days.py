"""Claims are counted by the day: of their grant, and of each time that they failed or were delivered."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.rules.days import day_number, midnight_of
from fulfillment.claims import resend_claim, retry_claims
from fulfillment.delivery.recording import record_outcomes
from fulfillment.delivery.sending import Result
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimCountChange
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome
from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claim_counts.recounting import TODAY, assert_counted, by_day, deliver
from tests.fulfillment.deliveries import lease, no_jitter
from tests.fulfillment.test_resolve import World
from tests.fulfillment.test_resolve_any_order import FAR

pytestmark = pytest.mark.django_db


def test_a_claim_is_counted_on_the_day_of_its_grant_and_on_those_on_which_it_failed_and_was_delivered() -> None:
    world = World()
    world.link("1")
    claim = world.claim(platform_user_id="1", granted_at=NOW - timedelta(days=1))
    resolve_due(now=FAR)
    reward = world.campaign.rewards.get().pk
    deliver(claim, at=FAR, outcome=Outcome.REJECTED)
    retry_claims(claim_ids=[claim.pk], actor=None, now=FAR, reason="")
    midnight = midnight_of(day_number(FAR) + 2)
    deliver(claim, at=midnight - timedelta(microseconds=1), outcome=Outcome.REJECTED)
    retry_claims(claim_ids=[claim.pk], actor=None, now=midnight, reason="")
    deliver(claim, at=midnight)
    far = day_number(FAR)
    assert by_day(world.campaign) == {
        (TODAY - 1, reward): {"granted": 1},
        (far, reward): {"failed": 1},
        (far + 1, reward): {"failed": 1},
        (far + 2, reward): {"delivered": 1},
    }
    assert_counted(world.campaign)


def test_what_is_delivered_again_is_counted_again_and_what_is_confirmed_is_not() -> None:
    world = World()
    world.link("1")
    claim = world.claim(platform_user_id="1")
    resolve_due(now=FAR)
    deliver(claim)
    move_claims([Move(one, State.CONFIRMED) for one in lock_claims([claim.pk])], now=FAR)
    resend_claim(claim_id=claim.pk, actor=None, now=FAR, reason="because")
    deliver(claim)
    assert sum((counts for counts in by_day(world.campaign).values()), Counter()) == {"granted": 1, "delivered": 2}
    assert_counted(world.campaign)


def test_what_a_platform_says_was_fulfilled_before_was_not_delivered_here() -> None:
    world = World()
    world.claim(reason=Code.FULFILLED_ELSEWHERE)
    resolve_due(now=FAR)
    assert Claim.objects.get().state == State.CONFIRMED
    assert list(by_day(world.campaign).values()) == [{"granted": 1}]
    assert_counted(world.campaign)


def test_a_day_counts_by_its_reward_and_only_the_days_that_are_asked_for() -> None:
    world = World()
    make.make_reward(world.game, platform_ids={"kick": "kick-other"}, image=False)
    for days, reward in ((0, "kick-gold"), (1, "kick-gold"), (1, "kick-other"), (2, "kick-gold")):
        world.claim(platform_reward_id=reward, platform_user_id=str(days), granted_at=NOW + timedelta(days=days))
    resolve_due(now=FAR)
    place = world.campaign.rewards.get().pk
    assert by_day(world.campaign, TODAY, TODAY + 1) == {
        (TODAY, place): {"granted": 1},
        (TODAY + 1, ""): {"granted": 1},
        (TODAY + 1, place): {"granted": 1},
    }
    assert_counted(world.campaign)


def test_a_batch_of_deliveries_adds_one_row_for_its_day_and_no_statement() -> None:
    world = World()
    for number in range(20):
        world.link(str(number))
        world.claim(platform_user_id=str(number))
    resolve_due(now=FAR)
    leased = lease(FAR)
    assert len(leased) == 20
    ClaimCountChange.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        results = [Result(one, FAR, 1, Outcome.DELIVERED, Code.DELIVERED, status=200) for one in leased]
        record_outcomes(results, now=FAR, random=no_jitter)
    assert len([q for q in captured if "claimcountchange" in q["sql"]]) == 1
    rows = set(ClaimCountChange.objects.values_list("state", "day", "claims"))
    assert rows == {("delivering", None, -20), ("delivered", None, 20), ("delivered", day_number(FAR), 20)}


def test_a_delivered_claim_that_goes_to_another_campaign_takes_its_deliveries_along() -> None:
    """One that its game fetched, and that was taken back when it was to be sent again, has no attempt that binds it."""
    world = World()
    world.link("1")
    claim = world.claim(platform_user_id="1")
    resolve_due(now=FAR)
    deliver(claim)
    resend_claim(claim_id=claim.pk, actor=None, now=FAR, reason="because")
    other = make.make_campaign(world.game, rewards=[world.reward])
    Claim.objects.filter(pk=claim.pk).update(attempted_at=None, assigned_campaign=other, resolve_at=FAR)
    resolve_due(now=FAR)
    assert Claim.objects.get().campaign == other
    assert by_day(world.campaign) == {}
    assert sum((counts for counts in by_day(other).values()), Counter()) == {"granted": 1, "delivered": 1}
    assert_counted(world.campaign, other)
