"""Claims by the minute of their arrival: counted with what binds them, and forgotten when they are drawn no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from fulfillment.claim_minutes import claims_by_minute, forget_minutes, minute_of, start_of
from fulfillment.models import Claim, ClaimMinute
from fulfillment.purging import purge_test_campaign
from fulfillment.resolve import resolve_due
from tests.factories import NOW, make_campaign
from tests.fulfillment.claim_counts.recounting import minutes_counted, minutes_recounted
from tests.fulfillment.test_resolve import LATER, World, settle

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    return World()


def test_claims_are_counted_by_platform_and_the_minute_of_their_arrival(world: World) -> None:
    for platform, back in (("kick", 0), ("kick", 0), ("kick", 3), ("twitch", 3)):
        world.claim(platform, received_at=NOW - back * MINUTE, granted_at=NOW - timedelta(days=2))
    settle()
    now = minute_of(NOW)
    assert minutes_counted(world.campaign) == {("kick", now): 2, ("kick", now - 3): 1, ("twitch", now - 3): 1}
    campaigns = Campaign.objects.filter(pk=world.campaign.pk)
    assert claims_by_minute(campaigns, first=now - 3, last=now) == {now: 2, now - 3: 2}
    assert claims_by_minute(campaigns, first=now - 2, last=now - 1) == {}
    assert start_of(now) == NOW.replace(second=0, microsecond=0)


def test_worked_out_again_they_are_counted_once_and_bound_elsewhere_they_move(world: World) -> None:
    claim = world.claim(received_at=NOW)
    settle()
    Claim.objects.update(resolve_at=NOW)
    settle(LATER)
    assert minutes_counted(world.campaign) == minutes_recounted(world.campaign) == {("kick", minute_of(NOW)): 1}
    other = make_campaign(world.game, rewards=[world.reward])
    Claim.objects.filter(pk=claim.pk).update(assigned_campaign=other, resolve_at=NOW)
    settle(LATER)
    assert minutes_counted(world.campaign) == {}
    assert minutes_counted(other) == {("kick", minute_of(NOW)): 1}


def test_c8_the_purge_of_a_test_campaign_takes_its_minutes_along(world: World) -> None:
    world.claim()
    settle()
    Campaign.objects.update(test_mode=True)
    purge_test_campaign(campaign=world.campaign, actor=None, now=NOW)
    assert minutes_counted(world.campaign) == {}


def test_what_nobody_can_place_is_counted_nowhere(world: World) -> None:
    world.claim(platform_reward_id="unknown", platform_campaign_id="unknown")
    settle()
    assert not ClaimMinute.objects.exists()


def test_a_batch_costs_one_statement_however_many_minutes_it_has(world: World) -> None:
    counts = []
    for claims in (1, 20):
        for back in range(claims):
            world.claim(received_at=NOW - back * MINUTE)
        with CaptureQueriesContext(connection) as queries:
            resolve_due(now=LATER)
        counts.append(sum("claimminute" in query["sql"] for query in queries))
    assert counts == [1, 1]


def test_minutes_that_are_over_are_forgotten_but_for_the_last_of_each_platform(world: World) -> None:
    for platform, hours in (("kick", 9), ("kick", 5), ("kick", 0), ("twitch", 9), ("twitch", 8)):
        world.claim(platform, received_at=NOW - timedelta(hours=hours))
    settle()
    assert forget_minutes(now=NOW, limit=1) == 1
    assert forget_minutes(now=NOW) == 2
    assert forget_minutes(now=NOW) == 0
    now = minute_of(NOW)
    assert minutes_counted(world.campaign) == {("kick", now): 1, ("twitch", now - 480): 1}
