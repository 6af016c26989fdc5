"""What comes of each answer, and of none: delivered, failed, tried again or the endpoint paused (D2, D4, D7, F4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fulfillment.delivery import record_outcomes
from fulfillment.delivery.tally import tallies
from fulfillment.models import ClaimEvent, DeliveryAttempt, DeliveryTally, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from tests.factories import NOW
from tests.fulfillment.deliveries import Backend, World, deliver, fresh, lease, no_jitter, send_all
from tests.loopback import free_port

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_d4_every_attempt_is_recorded_with_its_answer(world: World, backend: Backend) -> None:
    backend.status = 500
    (claim,) = world.ready()
    deliver()
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.delivery_id, attempt.number, attempt.status) == (claim.pk, 1, 500)
    assert (attempt.answer, attempt.error, attempt.started_at) == ("said the game", "", NOW)


def test_d4_what_a_game_took_and_what_failed_is_counted_by_the_hour(world: World, backend: Backend) -> None:
    first, second = world.ready(2)
    backend.by_claim[second.pk] = 500
    deliver()
    tallies.flush()
    hour = NOW.replace(minute=0)
    assert set(DeliveryTally.objects.values_list("game", "hour", "outcome", "count", "last_at")) == {
        (first.game_id, hour, "delivered", 1, NOW),
        (second.game_id, hour, "failed", 1, NOW),
    }


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_d2_a_refusal_fails_the_claim_and_not_the_endpoint(world: World, backend: Backend, status: int) -> None:
    backend.status = status
    (claim,) = world.ready()
    deliver()
    claim = fresh(claim)
    assert (claim.state, claim.reason) == ("failed", "rejected")
    assert str(status) in claim.detail
    assert claim.delivery.due_at is None
    assert (claim.game.endpoint.failures, claim.game.endpoint.opened_at) == (0, None)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 409, 302, 307])
def test_d2_a_fault_of_the_endpoint_opens_the_breaker_and_uses_no_attempt(
    world: World, backend: Backend, status: int
) -> None:
    backend.status = status
    backend.headers = {"Location": backend.server.url + "/elsewhere"} if status < 400 else {}
    (claim,) = world.ready()
    deliver()
    claim = fresh(claim)
    assert (claim.state, claim.reason) == ("ready", "endpoint_paused")
    assert (claim.delivery.attempt, claim.delivery.attempts_left) == (1, 8)
    assert (claim.game.endpoint.opened_at, claim.game.endpoint.probe_at) == (NOW, NOW + 10 * SECOND)
    assert [request.target for request in backend.requests] == ["/deliveries"]  # no redirect was followed


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "backend_error"),
        (502, "backend_error"),
        (503, "backend_busy"),
        (429, "backend_busy"),
        (408, "backend_timeout"),
    ],
)
def test_d2_what_may_pass_is_retried_after_five_seconds(
    world: World, backend: Backend, status: int, reason: str
) -> None:
    backend.status = status
    (claim,) = world.ready()
    deliver()
    claim = fresh(claim)
    assert (claim.state, claim.reason, claim.delivery.attempts_left) == ("ready", reason, 7)
    assert claim.delivery.due_at == NOW + 5 * SECOND
    assert lease(NOW + 4 * SECOND) == []
    assert len(lease(NOW + 5 * SECOND)) == 1


@pytest.mark.parametrize("header", ["90", "Fri, 20 Nov 2026 12:01:30 GMT"])
def test_d2_retry_after_is_honoured(world: World, backend: Backend, header: str) -> None:
    backend.status, backend.headers = 429, {"Retry-After": header}
    (claim,) = world.ready()
    deliver()
    assert fresh(claim).delivery.due_at == NOW + 90 * SECOND


def test_d2_after_eight_attempts_over_28_hours_the_claim_fails(world: World, backend: Backend) -> None:
    backend.status = 500
    (claim,) = world.ready()
    now = NOW
    for _ in range(8):
        Endpoint.objects.update(failures=0)  # other claims of the game get through in between
        deliver(now)
        now = fresh(claim).delivery.due_at or now
    claim = fresh(claim)
    assert (claim.state, claim.reason, claim.delivery.attempt) == ("failed", "attempts_exhausted", 8)
    assert timedelta(hours=27) < now - NOW < timedelta(hours=29)
    assert len(backend.requests) == 8
    assert set(backend.ids()) == {claim.pk}
    assert len({request.body for request in backend.requests}) == 1


def test_d7_no_answer_in_time_is_retried(world: World, backend: Backend) -> None:
    backend.mode = "hang"
    (claim,) = world.ready()
    record_outcomes(send_all(lease(), timeout=0.3), now=NOW, random=no_jitter)
    claim = fresh(claim)
    assert (claim.state, claim.reason, claim.delivery.attempts_left) == ("ready", "backend_timeout", 7)
    assert DeliveryAttempt.objects.get().error == "The other side did not answer in time."


def test_d7_of_an_endless_answer_little_is_read_and_its_status_counts(world: World, backend: Backend) -> None:
    backend.mode = "endless"
    (claim,) = world.ready()
    deliver()
    assert fresh(claim).state == "delivered"
    assert len(DeliveryAttempt.objects.get().answer) == 1024


def test_d2_a_refused_or_broken_connection_is_retried(world: World, backend: Backend) -> None:
    backend.mode = "close"
    Endpoint.objects.filter(pk=World(f"http://127.0.0.1:{free_port()}/").endpoint.pk).update(concurrency=4)
    elsewhere = Endpoint.objects.exclude(pk=world.endpoint.pk).get()
    other = World(elsewhere.url)
    claims = world.ready() + other.ready()
    deliver()
    for claim in claims:
        claim = fresh(claim)
        assert (claim.state, claim.reason, claim.delivery.attempts_left) == ("ready", "backend_unreachable", 7)


def test_f4_a_hold_set_while_an_attempt_is_under_way_takes_effect_if_it_fails(world: World, backend: Backend) -> None:
    (failing, succeeding) = world.ready(2)
    backend.by_claim[failing.pk] = 500
    leased = lease()
    for claim in (failing, succeeding):
        fresh(claim).__class__.objects.filter(pk=claim.pk).update(staff_hold=True)
    record_outcomes(send_all(leased), now=NOW, random=no_jitter)
    assert (fresh(failing).state, fresh(failing).reason) == ("held", "held_by_staff")
    assert fresh(failing).delivery.due_at is None
    assert fresh(succeeding).state == "delivered"


def test_d4_an_answer_with_nul_and_broken_utf8_is_kept(world: World, backend: Backend) -> None:
    backend.status, backend.body = 500, b"a\x00b\xff" + b"x" * 3000
    world.ready()
    deliver()
    answer = DeliveryAttempt.objects.get().answer
    assert answer.startswith("a\ufffdb\ufffdxx")
    assert len(answer) == 1024


def test_f4_every_reason_that_delivery_writes_is_in_the_table_for_its_state(world: World, backend: Backend) -> None:
    statuses = [204, 422, 500, 503, 408, 404]
    for status in statuses:
        Endpoint.objects.update(failures=0, opened_at=None, probe_at=None)
        backend.status = status
        world.ready()
        deliver()
    for event in ClaimEvent.objects.all():
        assert State(event.to_state) in REASONS[Code(event.reason)].states
