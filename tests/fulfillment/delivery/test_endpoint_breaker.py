from __future__ import annotations

from datetime import timedelta

import pytest

from fulfillment.delivery import record_outcomes
from fulfillment.models import Delivery, Endpoint
from tests.factories import NOW
from tests.fulfillment.deliveries import Backend, World, deliver, fresh, lease, no_jitter, send_all, states

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def endpoint(world: World) -> Endpoint:
    return Endpoint.objects.get(pk=world.endpoint.pk)


def test_d5_five_failures_in_a_row_pause_the_endpoint_and_later_ones_use_no_attempt(
    world: World, backend: Backend
) -> None:
    backend.status = 500
    world.ready(12)
    deliver()
    assert endpoint(world).opened_at == NOW
    left = list(Delivery.objects.order_by("attempts_left").values_list("attempts_left", flat=True))
    assert left == [7] * 5 + [8] * 7
    assert len(backend.requests) == 12
    assert lease(NOW + 9 * SECOND) == []


def test_d5_one_probe_at_a_time_is_sent_while_it_is_open(world: World, backend: Backend) -> None:
    backend.status = 404
    world.ready(6)
    deliver()
    sent = len(backend.requests)
    first = lease(NOW + 10 * SECOND)
    assert [item.probe for item in first] == [True]
    assert lease(NOW + 10 * SECOND) == []
    assert lease(NOW + 30 * SECOND) == []
    record_outcomes(send_all(first), now=NOW + 11 * SECOND, random=no_jitter)
    assert len(backend.requests) == sent + 1
    assert endpoint(world).probe_at == NOW + 31 * SECOND
    assert endpoint(world).opened_at == NOW
    assert set(Delivery.objects.values_list("attempts_left", flat=True)) == {8}


def test_d5_a_probe_that_was_lost_with_its_worker_is_followed_by_another(world: World, backend: Backend) -> None:
    backend.status = 404
    world.ready(2)
    deliver()
    assert len(lease(NOW + 10 * SECOND)) == 1
    assert len(lease(NOW + 70 * SECOND)) == 1


def test_d5_probes_take_turns_so_that_one_bad_claim_cannot_keep_the_endpoint_paused(
    world: World, backend: Backend
) -> None:
    bad, *good = world.ready(3)
    backend.by_claim[bad.pk] = 409
    deliver(limit=1)
    Delivery.objects.filter(claim=bad).update(due_at=NOW - MINUTE)  # the bad one is the first in line for the probe
    Endpoint.objects.update(opened_at=NOW, probe_at=NOW + 10 * SECOND)
    now = NOW
    for _ in range(4):
        now = endpoint(world).probe_at or now
        deliver(now)
    assert states(good) == ["delivered"] * 2
    assert fresh(bad).state == "ready"


def test_d5_when_a_probe_succeeds_everything_goes_on_and_none_is_lost(world: World, backend: Backend) -> None:
    backend.status = 503
    claims = world.ready(40)
    deliver(room=lambda _endpoint: 40)
    now = NOW
    for _ in range(10):  # hours of it
        now = endpoint(world).probe_at or now
        deliver(now)
    assert endpoint(world).opened_at == NOW
    left = list(Delivery.objects.order_by("attempts_left").values_list("attempts_left", flat=True))
    assert left == [7] * 5 + [8] * 35

    backend.status = 204
    now = endpoint(world).probe_at or now
    deliver(now)
    assert (endpoint(world).opened_at, endpoint(world).probe_at, endpoint(world).failures) == (None, None, 0)
    for _ in range(3):
        now += 5 * SECOND
        deliver(now, room=lambda _endpoint: 40)
    assert states(claims) == ["delivered"] * 40
    delivered = backend.ids()[-40:]
    assert len(set(delivered)) == 40


def test_d5_waiting_deliveries_are_brought_forward_with_spread(world: World, backend: Backend) -> None:
    backend.status = 503
    world.ready(20)
    deliver()
    Delivery.objects.update(due_at=NOW + timedelta(hours=5))
    backend.status = 204
    numbers = iter(range(1000))
    results = send_all(lease(NOW + 10 * SECOND))
    record_outcomes(results, now=NOW + 10 * SECOND, random=lambda: next(numbers) % 10 / 10)
    due = set(Delivery.objects.exclude(due_at=None).values_list("due_at", flat=True))
    assert due == {NOW + (10 + step) * SECOND for step in range(10)}


def test_d5_a_claim_that_met_many_endpoint_faults_keeps_its_own_time(world: World, backend: Backend) -> None:
    culprit, other = world.ready(2)
    Delivery.objects.filter(claim=culprit).update(attempt=9, due_at=NOW + 4 * MINUTE)
    Endpoint.objects.update(opened_at=NOW, probe_at=NOW)
    deliver()
    assert fresh(other).state == "delivered"
    assert fresh(culprit).delivery.due_at == NOW + 4 * MINUTE


def test_d5_one_paused_endpoint_does_not_touch_another(world: World, backend: Backend) -> None:
    elsewhere = Backend()
    other = World(elsewhere.url)
    backend.status = 404
    claims = world.ready(3) + other.ready(3)
    deliver()
    assert sorted(states(claims)) == ["delivered"] * 3 + ["ready"] * 3
    assert endpoint(other).opened_at is None
    elsewhere.server.stop()


def test_d5_a_success_is_remembered(world: World) -> None:
    world.ready()
    Endpoint.objects.update(failures=4)
    deliver()
    assert (endpoint(world).failures, endpoint(world).last_success_at) == (0, NOW)


def test_d5_retry_after_of_a_busy_backend_moves_the_probe(world: World, backend: Backend) -> None:
    backend.status, backend.headers = 429, {"Retry-After": "120"}
    world.ready(6)
    deliver()
    assert endpoint(world).probe_at == NOW + 120 * SECOND
