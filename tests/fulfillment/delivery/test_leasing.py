"""What is leased, by whom and for how long: nothing is sent by two at once, or lost with its worker (D1, D5, D6, O4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.delivery import give_back, record_outcomes, take_over_leases
from fulfillment.ledger import Move, move_claims
from fulfillment.models import ClaimEvent, Delivery, DeliveryAttempt, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from tests.factories import NOW
from tests.fulfillment.deliveries import Backend, World, deliver, fresh, lease, no_jitter, send_all, states

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_d1_what_is_leased_is_not_leased_again_until_the_lease_ends(world: World) -> None:
    world.ready(3)
    assert len(lease(worker_id="a")) == 3
    assert lease(NOW + 59 * SECOND, worker_id="b") == []
    assert len(lease(NOW + 60 * SECOND, worker_id="b")) == 3


def test_d6_a_crash_between_send_and_record_sends_the_same_again(world: World, backend: Backend) -> None:
    (claim,) = world.ready()
    send_all(lease())  # and the worker is gone
    assert fresh(claim).state == "delivering"
    deliver(NOW + MINUTE)
    first, second = backend.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == claim.pk
    assert first.body == second.body
    assert fresh(claim).state == "delivered"
    assert fresh(claim).delivery.attempts_left == 8
    assert list(DeliveryAttempt.objects.order_by("number").values_list("number", "status")) == [(1, None), (2, 204)]


def test_d1_a_late_workers_result_is_recorded_and_changes_nothing_else(world: World, backend: Backend) -> None:
    (claim,) = world.ready()
    backend.status = 422
    late = send_all(lease(worker_id="slow"))
    again = lease(NOW + MINUTE, worker_id="quick")
    recorded = record_outcomes(late, now=NOW + MINUTE, random=no_jitter)
    assert (recorded.late, recorded.failed) == (1, 0)
    assert (fresh(claim).state, fresh(claim).delivery.leased_by) == ("delivering", "quick")
    backend.status = 204
    record_outcomes(send_all(again), now=NOW + MINUTE, random=no_jitter)
    assert fresh(claim).state == "delivered"
    assert list(DeliveryAttempt.objects.order_by("number").values_list("status", flat=True)) == [422, 204]


def test_d6_recording_the_same_results_twice_changes_nothing_more(world: World) -> None:
    claims = world.ready(3)
    results = send_all(lease())
    record_outcomes(results, now=NOW, random=no_jitter)
    recorded = record_outcomes(results, now=NOW + SECOND, random=no_jitter)
    assert (recorded.delivered, recorded.late) == (0, 3)
    assert states(claims) == ["delivered"] * 3
    assert (DeliveryAttempt.objects.count(), ClaimEvent.objects.count()) == (3, 6)


def test_o4_leases_of_a_worker_that_is_gone_are_taken_over(world: World) -> None:
    world.ready(2)
    assert len(lease(worker_id="gone")) == 2
    assert take_over_leases(now=NOW + SECOND) == 2
    assert [item.attempt for item in lease(NOW + SECOND, worker_id="next")] == [2, 2]


def test_o4_what_was_never_sent_is_given_back_as_if_nothing_had_been(world: World) -> None:
    claims = world.ready(2)
    give_back(lease(worker_id="a"), now=NOW + SECOND)
    for claim in claims:
        claim = fresh(claim)
        assert (claim.state, claim.attempted_at) == ("ready", None)
        assert (claim.delivery.attempt, claim.delivery.body, claim.delivery.leased) == (0, "", False)
    assert [item.attempt for item in lease(NOW + SECOND)] == [1, 1]


def test_d1_a_lease_that_was_taken_over_cannot_be_given_back(world: World) -> None:
    (claim,) = world.ready()
    old = lease()
    lease(NOW + MINUTE)
    give_back(old, now=NOW + MINUTE)
    assert (fresh(claim).state, fresh(claim).delivery.attempt) == ("delivering", 2)


@pytest.mark.parametrize("how", ["pause", "hold"])
def test_d1_what_is_paused_or_held_between_ready_and_lease_is_not_sent(world: World, how: str) -> None:
    (claim,) = world.ready()
    if how == "pause":
        world.campaign.deliveries_paused = True
        world.campaign.save()
    else:
        claim.staff_hold = True
        claim.save(update_fields=["staff_hold"])
    assert lease() == []
    assert fresh(claim).state == ("ready" if how == "pause" else "held")
    assert fresh(claim).delivery.attempt == 0
    if how == "pause":
        world.campaign.deliveries_paused = False
        world.campaign.save()
        assert len(lease(NOW + 30 * SECOND)) == 1


def test_d1_many_paused_claims_do_not_hide_the_ones_behind_them(world: World) -> None:
    world.ready(30)
    world.campaign.deliveries_paused = True
    world.campaign.save()
    other = World(world.endpoint.url)
    Delivery.objects.filter(claim__in=other.ready(2)).update(game=world.game, due_at=NOW + SECOND)
    assert len(lease(NOW + SECOND, limit=2)) == 2


def test_f3_a_claim_that_is_no_longer_ready_is_not_sent_even_if_its_delivery_is_due(world: World) -> None:
    (claim,) = world.ready()
    move_claims([Move(claim, State.WAITING, Code.NOT_LINKED)], now=NOW)
    assert lease() == []
    assert fresh(claim).delivery.due_at is None


def test_d2_disabled_and_pull_endpoints_are_left_alone(world: World) -> None:
    world.ready()
    Endpoint.objects.update(enabled=False)
    assert lease() == []
    Endpoint.objects.update(enabled=True, mode=Endpoint.Mode.PULL)
    assert lease() == []


def test_d1_a_turn_takes_as_many_statements_for_many_deliveries_as_for_one(world: World) -> None:
    def statements(count: int) -> tuple[int, int]:
        world.ready(count)
        with CaptureQueriesContext(connection) as leasing:
            leased = lease()
        results = send_all(leased)
        with CaptureQueriesContext(connection) as recording:
            record_outcomes(results, now=NOW, random=no_jitter)
        return len(leasing), len(recording)

    assert statements(1) == statements(20)


def test_d5_leases_are_shared_fairly_between_games(backend: Backend) -> None:
    big, small = World(backend.url), World(backend.url)
    big.ready(30)
    small.ready(3)
    by_endpoint = [item.receiver_id for item in lease(limit=10)]
    assert by_endpoint.count(small.endpoint.pk) == 3
    assert by_endpoint.count(big.endpoint.pk) >= 5


def test_d5_no_more_is_leased_of_an_endpoint_than_the_caller_has_room_for(world: World) -> None:
    world.ready(30)
    assert len(lease()) == world.endpoint.concurrency
    assert lease(room=lambda endpoint: 0) == []
    assert len(lease(room=lambda endpoint: 2)) == 2
