"""The worker sends events beside deliveries: neither lane keeps the other waiting, and none is lost (O4)."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fulfillment import drain as drain_module
from fulfillment import events, workers
from fulfillment.delivery import Result
from fulfillment.delivery.recording import Recorded
from fulfillment.drain import Drain, Tally
from fulfillment.models import EventAttempt, EventDelivery, Worker
from tests.fulfillment.deliveries import Backend, World, states
from tests.fulfillment.subscribers import Audience, lease, progress
from tests.fulfillment.test_drain import Stopper

pytestmark = pytest.mark.django_db


def test_d1_200_events_are_told_once_each(backend: Backend, audience: Audience) -> None:
    rows = audience.due(200, now=timezone.now())
    reports: list[Tally] = []
    Stopper(backend, until=200, report=reports.append).run()
    assert progress(rows) == ["delivered"] * 200
    assert len(backend.ids()) == len(set(backend.ids())) == 200
    assert EventAttempt.objects.count() == 200
    assert sum(report.events_delivered for report in reports) == 200
    assert sum(report.delivered for report in reports) == 0


def test_a_delivery_that_the_worker_makes_is_told_by_the_same_worker(backend: Backend) -> None:
    game = Backend()
    world = World(game.url)
    Audience(backend.url, world.game.organization, types=["claim.delivered"])
    claims = world.ready(30, now=timezone.now())
    stopper = Stopper(backend, until=30)
    stopper.run()
    game.server.stop()
    assert states(claims) == ["delivered"] * 30
    assert set(Counter(backend.ids()).values()) == {1}
    assert EventDelivery.objects.filter(progress="delivered").count() == 30
    assert stopper.reached_after < 10


def test_d5_slow_subscribers_do_not_keep_a_game_waiting(backend: Backend) -> None:
    slow, game = backend, Backend()
    slow.mode = "hang"
    for _ in range(3):
        Audience(slow.url).due(40, now=timezone.now())
    claims = World(game.url).ready(100, now=timezone.now())
    stopper, under_way = Stopper(game, until=100), []

    def release() -> None:
        under_way.append(len(slow.requests))
        slow.server.stop()

    stopper.run(then=release)
    game.server.stop()
    assert states(claims) == ["delivered"] * 100
    assert stopper.reached_after < 5
    assert under_way[0] <= drain_module.EVENT_THREADS


def test_d5_a_slow_game_does_not_keep_subscribers_waiting(backend: Backend) -> None:
    slow = Backend()
    slow.mode = "hang"
    for _ in range(3):
        World(slow.url).ready(60, now=timezone.now())
    rows = Audience(backend.url).due(50, now=timezone.now())
    stopper = Stopper(backend, until=50)
    stopper.run(then=slow.server.stop)
    assert progress(rows) == ["delivered"] * 50
    assert stopper.reached_after < 5


def test_d5_a_dead_subscriber_does_not_keep_another_waiting(backend: Backend) -> None:
    dead = Backend()
    dead.mode = "close"
    lost = Audience(dead.url)
    lost.due(60, now=timezone.now())
    rows = Audience(backend.url).due(40, now=timezone.now())
    stopper = Stopper(backend, until=40)
    stopper.run()
    dead.server.stop()
    assert progress(rows) == ["delivered"] * 40
    assert stopper.reached_after < 5
    assert lost.now().opened_at is not None


def test_d5_a_subscriber_that_is_down_then_up_gets_everything(backend: Backend, audience: Audience) -> None:
    backend.status = 503
    rows = audience.due(30, now=timezone.now())
    Stopper(backend, until=5).run()
    assert audience.now().opened_at is not None
    backend.status = 204
    backend.requests.clear()
    later = timezone.now() + timedelta(minutes=10)
    Stopper(backend, until=30, clock=lambda: later).run()
    assert progress(rows) == ["delivered"] * 30
    assert Counter(backend.ids()) == Counter(row.event_id for row in rows)


def test_o4_what_a_killed_worker_had_is_told_again_under_the_same_id(backend: Backend, audience: Audience) -> None:
    now = timezone.now()
    rows = audience.due(20, now=now)
    child = subprocess.Popen(["true"])
    child.wait()
    gone = Worker.objects.create(place=workers.place(), pid=child.pid, started_at=now, beat_at=now)
    assert len(lease(now, worker_id=gone.pk)) == 20
    Stopper(backend, until=20).run()
    assert progress(rows) == ["delivered"] * 20
    assert sorted(backend.ids()) == sorted(row.event_id for row in rows)


def test_o4_a_stop_finishes_what_is_under_way_and_gives_back_the_rest(backend: Backend, audience: Audience) -> None:
    backend.mode = "hang"
    audience.due(20, now=timezone.now())
    release = threading.Timer(1, backend.server.stop)
    Stopper(backend, until=6).run(then=release.start)  # of the 8 threads for events one subscriber takes 6
    assert not EventDelivery.objects.filter(leased=True).exists()
    assert Counter(EventDelivery.objects.values_list("attempt", flat=True)) == {1: 6, 0: 14}


def test_d1_a_worker_that_delivers_asks_for_events_no_more_often_than_an_idle_one(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = events.lease_due

    def counted(**options: object) -> object:
        asked.append(time.monotonic())
        return real(**options)  # type: ignore[arg-type]

    monkeypatch.setattr(events, "lease_due", counted)  # the question itself: nothing else tells how often it is asked
    World(backend.url).ready(200, now=timezone.now())
    stopper = Stopper(backend, until=200)
    stopper.drain = Drain(idle_seconds=0.5)
    began = time.monotonic()
    stopper.run()
    assert len(asked) <= (time.monotonic() - began) / 0.5 + 1


def test_d6_results_of_events_that_cannot_be_recorded_keep_deliveries_from_nothing(
    backend: Backend, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = events.record_outcomes

    def failing(results: Sequence[Result], **options: Any) -> Recorded:
        if any(result.leased.row == bad.pk for result in results):
            raise ValueError("a fault of ours")
        return real(results, **options)

    monkeypatch.setattr(events, "record_outcomes", failing)  # no input is known that makes the real one fail
    game = Backend()
    claims = World(game.url).ready(10, now=timezone.now())
    bad, *good = audience.due(6, now=timezone.now())
    Stopper(backend, game, until=16).run()
    game.server.stop()
    assert states(claims) == ["delivered"] * 10
    assert progress(good) == ["delivered"] * 5
    assert progress([bad]) == ["waiting"]


def test_d5_whatever_is_wrong_with_events_does_not_slow_deliveries_down(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(**options: object) -> object:
        raise ValueError("a fault of ours")

    for name in ("lease_due", "look_at_channels"):  # no input is known that makes the real ones fail
        monkeypatch.setattr(events, name, failing)
    claims = World(backend.url).ready(200, now=timezone.now())
    stopper = Stopper(backend, until=200)
    stopper.run()
    assert states(claims) == ["delivered"] * 200
    assert stopper.reached_after < 5
    assert caplog.text.count("The step lease_events of the drain failed.") <= 1 + stopper.reached_after / 2
