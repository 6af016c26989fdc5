"""Claims are counted by state and by quarter of an hour: in few rows, summed up without a trace, read in one query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.claim_counts import claims_by_quarter, counts_of, fold_changes, quarter_of
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimCount, ClaimCountChange, ClaimQuarter
from fulfillment.resolve import resolve_due
from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claim_counts.recounting import assert_counted
from tests.fulfillment.test_resolve import World
from tests.fulfillment.test_resolve_any_order import FAR

pytestmark = pytest.mark.django_db


def test_claims_are_counted_by_the_time_of_their_grant_else_of_their_arrival() -> None:
    world = World()
    moments = [NOW, NOW + timedelta(minutes=14, seconds=59, microseconds=999_999), NOW + timedelta(minutes=15), None]
    for number, moment in enumerate(moments):
        world.claim(platform_user_id=str(number), granted_at=moment, received_at=NOW + timedelta(hours=1))
    resolve_due(now=FAR)
    first = quarter_of(NOW)
    assert claims_by_quarter(world.campaign.pk) == {first: 2, first + 1: 1, first + 4: 1}
    assert_counted(world.campaign)


def test_a_claim_that_arrives_is_counted_once_it_is_worked_out() -> None:
    world = World()
    world.claim()
    assert not ClaimCountChange.objects.exists()
    resolve_due(now=FAR)
    assert counts_of(world.campaign.pk) == {(world.campaign.rewards.get().pk, "waiting"): 1}


def test_a_claim_whose_reward_the_campaign_does_not_have_is_counted_without_one() -> None:
    world = World()
    make.make_reward(world.game, platform_ids={"kick": "kick-other"}, image=False)
    world.claim(platform_reward_id="kick-other")
    resolve_due(now=FAR)
    assert counts_of(world.campaign.pk) == {("", "quarantined"): 1}
    assert_counted(world.campaign)


def test_a_batch_of_any_size_adds_few_rows_and_one_statement() -> None:
    world = World()
    for number in range(40):
        world.claim(platform_user_id=str(number))
    resolve_due(now=FAR)
    assert ClaimCountChange.objects.count() <= 6
    held = [claim.pk for claim in Claim.objects.all()]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        move_claims([Move(claim, State.HELD) for claim in lock_claims(held)], now=NOW)
    assert len([q for q in captured if "claimcountchange" in q["sql"]]) == 1
    assert_counted(world.campaign)


def test_reading_the_counts_is_one_query_each_however_many_changes_wait() -> None:
    world = World()
    for number in range(3):
        world.claim(platform_user_id=str(number))
        resolve_due(now=FAR)
    for read in (counts_of, claims_by_quarter):
        with CaptureQueriesContext(connection) as captured:
            assert sum(read(world.campaign.pk).values()) == 3  # type: ignore[operator]
        assert len(captured) == 1


def test_folding_leaves_nothing_behind_and_nothing_twice() -> None:
    world = World()
    for number in range(5):
        world.claim(platform_user_id=str(number), granted_at=NOW + timedelta(hours=number))
    resolve_due(now=FAR)
    assert fold_changes(limit=3) == 3
    assert_counted(world.campaign)
    while fold_changes(limit=3):
        pass
    assert not ClaimCountChange.objects.exists()
    assert sum(ClaimCount.objects.values_list("claims", flat=True)) == 5
    assert ClaimQuarter.objects.count() == 5
    assert_counted(world.campaign)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "left_out", ["hashagg", "hashagg, hashjoin", "hashagg, hashjoin, mergejoin, material, sort, memoize"]
)
def test_no_more_is_folded_at_once_than_asked_for_however_the_statement_is_carried_out(left_out: str) -> None:
    world = World()
    for number in range(5):
        world.claim(platform_user_id=str(number), granted_at=NOW + timedelta(hours=number))
    resolve_due(now=FAR)
    with connection.cursor() as cursor:
        for way in left_out.split(", "):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    assert fold_changes(limit=3) == 3
    assert_counted(world.campaign)


def test_idle_folding_writes_nothing() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert fold_changes() == 0
    assert len(captured) == 1
