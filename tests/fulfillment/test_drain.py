from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from campaigns.models import Campaign, CampaignPlatform, RewardPlatformId
from fulfillment import drain as drain_module
from fulfillment import workers
from fulfillment.drain import Drain, Tally
from fulfillment.models import Claim, Delivery, DeliveryAttempt, Endpoint, Worker
from fulfillment.resolve import resolve_due
from linking.hooks import call_link_changed
from tests.factories import make_claim, make_link, make_viewer
from tests.fulfillment.deliveries import Backend, World, lease, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback")]
PATIENCE = 20.0


class Stopper:
    """Runs a drain until so many different claims have arrived at the backends; or until patience ends, which fails."""

    def __init__(self, *backends: Backend, until: int, **options: Any) -> None:
        self.drain = Drain(idle_seconds=0.05, **options)
        self.reached = threading.Event()
        self.reached_after = 0.0
        self._began = time.monotonic()
        self._backends, self._until = backends, until
        for backend in backends:
            backend.on_request = self._look

    def run(self, *, then: Callable[[], None] = lambda: None) -> None:
        """Run it. ``then`` is called once the drain was told to stop."""
        watcher = threading.Thread(target=self._watch, args=(then,))
        watcher.start()
        self.drain.run()
        watcher.join()
        assert self.reached.is_set()

    def _look(self) -> None:
        if sum(len(set(backend.ids())) for backend in self._backends) >= self._until and not self.reached.is_set():
            self.reached_after = time.monotonic() - self._began
            self.reached.set()

    def _watch(self, then: Callable[[], None]) -> None:
        self.reached.wait(PATIENCE)
        self.drain.stop()
        then()


def test_d1_200_claims_are_delivered_once_each(backend: Backend) -> None:
    world = World(backend.url)
    claims = world.ready(200, now=timezone.now())
    told: list[Tally] = []
    Stopper(backend, until=200, report=told.append).run()
    assert states(claims) == ["delivered"] * 200
    assert set(Counter(backend.ids()).values()) == {1}
    assert len(backend.ids()) == 200
    assert DeliveryAttempt.objects.count() == 200
    assert sum(tally.delivered for tally in told) == 200
    assert Worker.objects.count() == 0


def test_d5_a_slow_game_does_not_keep_another_waiting(backend: Backend) -> None:
    slow, quick = backend, Backend()
    slow.mode = "hang"
    World(slow.url).ready(60, now=timezone.now())
    claims = World(quick.url).ready(40, now=timezone.now())
    stopper = Stopper(quick, until=40)
    stopper.run(then=slow.server.stop)
    quick.server.stop()
    assert states(claims) == ["delivered"] * 40
    assert stopper.reached_after < 5


def test_o4_what_a_killed_worker_had_is_sent_again_under_the_same_key(backend: Backend) -> None:
    world = World(backend.url)
    claims = world.ready(20, now=timezone.now())
    gone = Worker.objects.create(
        place=workers.place(), pid=_pid_of_nobody(), started_at=timezone.now(), beat_at=timezone.now()
    )
    assert len(lease(timezone.now(), worker_id=gone.pk)) == 20
    assert states(claims) == ["delivering"] * 20
    Stopper(backend, until=20).run()
    assert states(claims) == ["delivered"] * 20
    assert sorted(set(backend.ids())) == sorted(claim.pk for claim in claims)


def test_o4_a_stop_finishes_what_is_under_way_and_gives_back_the_rest(backend: Backend) -> None:
    backend.mode = "hang"
    claims = World(backend.url).ready(20, now=timezone.now())
    release = threading.Timer(1, backend.server.stop)  # long after the drain has begun to stop
    Stopper(backend, until=3, threads=4).run(then=release.start)
    assert states(claims) == ["ready"] * 20
    assert not Delivery.objects.filter(leased=True).exists()
    made = Counter(Delivery.objects.values_list("attempt", flat=True))
    assert made == {1: 3, 0: 17}
    assert DeliveryAttempt.objects.count() == 3
    assert Worker.objects.count() == 0


def test_o4_a_stop_while_idle_is_quick() -> None:
    drain = Drain(threads=2)
    threading.Timer(0.1, drain.stop).start()
    began = time.monotonic()
    drain.run()
    assert time.monotonic() - began < 2


def test_l7_a_claim_that_waited_is_resolved_and_sent_within_seconds_of_the_link(backend: Backend) -> None:
    now = timezone.now()
    world = World(backend.url)
    RewardPlatformId.objects.create(reward=world.reward, platform="kick", platform_reward_id="gold-chest")
    CampaignPlatform.objects.create(campaign=world.campaign, platform="kick", platform_campaign_id="launch")
    Campaign.objects.update(
        starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1), closes_at=now + timedelta(days=9)
    )
    viewer = make_viewer(world.game.organization, platform_user_id="77")
    claim = make_claim(
        world.game.organization,
        platform_user_id="77",
        platform_reward_id="gold-chest",
        platform_campaign_id="launch",
        granted_at=now,
        resolve_at=now,
    )
    resolve_due(now=now)
    assert fresh_state(claim) == "waiting"
    link = make_link(world.game, viewer=viewer, started_at=now)
    call_link_changed(link, now)
    stopper = Stopper(backend, until=1)
    stopper.run()
    assert stopper.reached_after < 2
    assert fresh_state(claim) == "delivered"


def test_d1_faults_of_the_database_are_outlived(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(backend.url)
    claims = world.ready(10, now=timezone.now())
    real, calls = drain_module.lease_due, []

    def sometimes(**options: object) -> object:
        calls.append(1)
        if len(calls) <= 2:
            raise OperationalError("database is locked")
        return real(**options)  # type: ignore[arg-type]

    monkeypatch.setattr(drain_module, "lease_due", sometimes)  # the database's fault, which cannot be had otherwise
    stopper = Stopper(backend, until=10)
    stopper.run()
    assert states(claims) == ["delivered"] * 10


def test_d5_a_game_that_is_down_then_up_gets_everything(backend: Backend) -> None:
    backend.status = 503
    world = World(backend.url)
    claims = world.ready(30, now=timezone.now())
    Stopper(backend, until=5).run()
    assert Endpoint.objects.get(pk=world.endpoint.pk).opened_at is not None

    backend.status = 204
    backend.requests.clear()
    later = timezone.now() + timedelta(minutes=10)
    Stopper(backend, until=30, clock=lambda: later).run()
    assert states(claims) == ["delivered"] * 30
    assert Counter(backend.ids()) == Counter(claim.pk for claim in claims)
    assert min(Delivery.objects.values_list("attempts_left", flat=True)) >= 7


def test_o3_a_worker_is_heard_from_while_it_beats() -> None:
    now = timezone.now()
    assert not workers.heard_from(now=now)
    mine = workers.register(now=now)
    assert workers.heard_from(now=now + timedelta(seconds=14))
    assert not workers.heard_from(now=now + timedelta(seconds=16))
    assert workers.beat(mine, now=now + timedelta(seconds=16)) == 1
    assert workers.heard_from(now=now + timedelta(seconds=30))
    workers.sign_off(mine)
    assert not workers.heard_from(now=now)


def test_o4_a_silent_worker_elsewhere_loses_its_leases_after_15_seconds(backend: Backend) -> None:
    now = timezone.now()
    World(backend.url).ready(3, now=now)
    other = Worker.objects.create(place="another machine", pid=1, started_at=now, beat_at=now)
    lease(now, worker_id=other.pk)
    mine = workers.register(now=now)
    assert workers.beat(mine, now=now + timedelta(seconds=10)) == 2
    assert lease(now + timedelta(seconds=10)) == []
    assert workers.beat(mine, now=now + timedelta(seconds=16)) == 1
    assert len(lease(now + timedelta(seconds=16))) == 3


def test_o4_a_worker_that_was_taken_for_dead_comes_back(backend: Backend) -> None:
    now = timezone.now()
    mine = workers.register(now=now)
    Worker.objects.all().delete()
    assert workers.beat(mine, now=now) == 1
    assert Worker.objects.get().pk == mine


def fresh_state(claim: Claim) -> str:
    return Claim.objects.get(pk=claim.pk).state


def _pid_of_nobody() -> int:
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid
