"""How long deliveries took and why attempts failed: counted once each, and read as percentiles."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from campaigns.models import Campaign
from fulfillment import pace
from fulfillment.claims import resend_claim
from fulfillment.models import Claim, PaceTally
from fulfillment.rules.pace import BOUNDS, bound_in, bound_of, outcome_within, percentile
from fulfillment.rules.retries import Outcome
from fulfillment.rules.shares import delivered_percent, linked_percent
from tests.factories import NOW
from tests.fulfillment.claim_counts.recounting import deliver
from tests.fulfillment.test_resolve import World, settle

HOUR = NOW.replace(minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(0, 1), (1, 1), (1.2, 2), (59, 60), (60, 60), (61, 75), (3600, 3600), (3601, 5400), (10**9, BOUNDS[-1])],
)
def test_a_length_is_counted_under_the_first_bound_that_it_does_not_exceed(seconds: float, bound: int) -> None:
    assert bound_of(seconds) == bound
    assert bound_in(outcome_within(seconds)) == bound


def test_bounds_grow_and_hardly_ever_to_more_than_double() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert all(after <= 2.1 * before for before, after in pairwise(BOUNDS))
    assert bound_in("rejected") is None


@pytest.mark.parametrize(
    ("counts", "median", "nearly_all"),
    [
        ({}, None, None),
        ({5: 1}, 5, 5),
        ({1: 50, 60: 50}, 1, 60),
        ({1: 49, 60: 51}, 60, 60),
        ({1: 95, 600: 5}, 1, 1),
        ({1: 94, 600: 6}, 1, 600),
    ],
)
def test_percentiles_are_bounds_that_so_many_did_not_exceed(
    counts: dict[int, int], median: int | None, nearly_all: int | None
) -> None:
    assert (percentile(counts, 50), percentile(counts, 95)) == (median, nearly_all)


@pytest.mark.parametrize(
    ("by_state", "linked", "delivered"),
    [
        ({}, None, None),
        ({"waiting": 4}, 0, 0),
        ({"waiting": 1, "delivered": 2, "confirmed": 1}, 75, 75),
        ({"held": 5, "delivered": 5}, 100, 50),
        ({"delivered": 3, "duplicate": 7, "abandoned": 1}, 100, 100),
        ({"delivered": 99_999, "waiting": 1}, 99.9, 99.9),
        ({"delivered": 1, "waiting": 99_999}, 0.1, 0.1),
    ],
)
def test_shares_leave_out_what_says_nothing_and_are_never_rounded_to_all_or_none(
    by_state: dict[str, int], linked: float | None, delivered: float | None
) -> None:
    assert (linked_percent(by_state), delivered_percent(by_state)) == (linked, delivered)


def read(world: World) -> dict[str, int]:
    pace.tallies.flush()
    hours = pace.pace_by_hour(Campaign.objects.filter(pk=world.campaign.pk), since=HOUR - timedelta(days=9))
    found = {f"within:{bound}": count for one in hours.values() for bound, count in one.within.items()}
    return found | {reason: count for one in hours.values() for reason, count in one.failures.items()}


@pytest.fixture
def world(db: None) -> World:
    return World()


def ready(world: World, **fields: object) -> Claim:
    world.link("7")
    claim = world.claim(platform_user_id="7", **fields)
    settle()
    return claim


def test_d4_a_delivery_counts_from_the_grant_and_once_though_it_is_sent_again(world: World) -> None:
    claim = ready(world, granted_at=NOW - timedelta(seconds=100))
    deliver(claim, at=NOW)
    assert read(world) == {"within:120": 1}
    resend_claim(claim_id=claim.pk, actor=None, now=NOW, reason="lost")
    deliver(claim, at=NOW + timedelta(hours=5))
    assert read(world) == {"within:120": 1}


def test_where_nobody_says_when_it_was_granted_it_counts_from_its_arrival(world: World) -> None:
    claim = ready(world, granted_at=None, received_at=NOW - timedelta(seconds=9))
    deliver(claim, at=NOW)
    assert read(world) == {"within:10": 1}


def test_d4_failed_attempts_count_by_their_reason(world: World) -> None:
    claim = ready(world)
    deliver(claim, at=NOW, outcome=Outcome.RETRY)
    deliver(claim, at=NOW, outcome=Outcome.RETRY)
    deliver(claim, at=NOW, outcome=Outcome.REJECTED)
    found = read(world)
    assert found.pop("rejected") == 1
    assert sum(found.values()) == 2 and PaceTally.objects.filter(hour=HOUR).count() == 2
