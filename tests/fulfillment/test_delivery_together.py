"""Several workers on one PostgreSQL at the same time: what row locks have to hold."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from fulfillment.delivery import Leased, lease_due, record_outcomes
from fulfillment.drain import Drain
from fulfillment.models import Delivery, DeliveryAttempt, Endpoint
from fulfillment.wake import announce_work
from tests.fulfillment.deliveries import Backend, World, lease, no_jitter, send_all, states

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PATIENCE = 20.0


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all at once, each in a thread and on a connection of its own; return what they return."""
    start = threading.Barrier(len(deeds))
    found: list[Any] = [None] * len(deeds)

    def work(number: int, deed: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE)
            found[number] = deed()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return found


def test_d1_two_leases_at_once_never_take_the_same(backend: Backend) -> None:
    now = timezone.now()
    World(backend.url).ready(120, now=now)

    def take() -> list[Leased]:
        taken: list[Leased] = []
        while some := lease_due(now=now, limit=10, room=lambda _endpoint: 10):
            taken += some
        return taken

    taken = together(take, take, take)
    keys = Counter(item.message_id for items in taken for item in items)
    assert len(keys) == 120
    assert set(keys.values()) == {1}


def test_d1_a_lease_does_not_wait_for_a_claim_that_another_holds(backend: Backend) -> None:
    now = timezone.now()
    held, free = World(backend.url).ready(2, now=now)
    with transaction.atomic():
        Delivery.objects.select_for_update(of=("self", "claim")).select_related("claim").get(pk=held.pk)
        (taken,) = together(lambda: lease(now))
    assert [item.message_id for item in taken] == [free.pk]


def test_d5_two_processes_never_both_probe(backend: Backend) -> None:
    now = timezone.now()
    for _ in range(5):
        world = World(backend.url)
        world.ready(5, now=now)
        Endpoint.objects.filter(pk=world.endpoint.pk).update(opened_at=now, probe_at=now)
        taken = together(*[lambda: lease(now)] * 3)
        assert sum(map(len, taken)) == 1


def test_d4_results_of_two_processes_are_recorded_together(backend: Backend) -> None:
    now = timezone.now()
    claims = World(backend.url).ready(60, now=now)
    batches = [send_all(lease(now, room=lambda _endpoint: 20), now=now) for _ in range(3)]

    def record(batch: int) -> Callable[[], int]:
        return lambda: record_outcomes(batches[batch], now=now, random=no_jitter).delivered

    assert together(record(0), record(1), record(2)) == [20, 20, 20]
    assert states(claims) == ["delivered"] * 60
    assert DeliveryAttempt.objects.count() == 60


def test_l7_an_announcement_wakes_an_idle_worker_at_once(backend: Backend) -> None:
    drain = Drain(threads=2, idle_seconds=PATIENCE)
    arrived = threading.Event()
    backend.on_request = arrived.set

    def make_work() -> bool:
        woken = threading.Event()
        for _ in range(100):  # until it listens
            with transaction.atomic():
                announce_work()
            if woken.wait(0.05) or arrived.is_set():
                break
            if not Delivery.objects.exists():
                World(backend.url).ready(1, now=timezone.now() - timedelta(seconds=1))
        found = arrived.wait(PATIENCE / 2)
        drain.stop()
        return found

    def work() -> None:
        drain.run()

    assert together(work, make_work)[1]
