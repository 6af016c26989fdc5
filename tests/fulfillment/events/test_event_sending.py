"""Sending events by the rules of deliveries (D1, D2, D4 to D6): the lane of events alone, without the loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from fulfillment import events
from fulfillment.message import new_signing_secret
from fulfillment.models import Event, EventAttempt, EventDelivery, EventSubscription
from tests.factories import NOW
from tests.fulfillment.deliveries import SECRET, Backend, no_jitter, send_all
from tests.fulfillment.subscribers import MINUTE, SECOND, Audience, fresh, lease, progress, tell
from tests.loopback import free_port

pytestmark = pytest.mark.django_db


def test_d2_an_event_is_a_signed_post_that_the_standard_library_verifies(backend: Backend, audience: Audience) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    [row] = audience.due(now=now)
    tell(now)
    [request] = backend.requests
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert request.headers["webhook-id"] == row.event_id
    message = Webhook(SECRET).verify(request.body, request.headers)
    assert request.body.decode() == row.event.body
    assert set(message) == {"type", "timestamp", "data"}
    row = fresh(row)
    assert (row.progress, row.finished_at, row.due_at, row.leased) == ("delivered", now, None, False)
    assert (row.attempt, row.attempts_left) == (1, 8)


@time_machine.travel(NOW, tick=False)
def test_d2_while_a_secret_is_changed_both_sign(backend: Backend) -> None:
    newer = new_signing_secret()
    Audience(backend.url, secret=newer, previous_secret=SECRET).due()
    tell()
    [request] = backend.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (newer, SECRET):
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "claim.created"


def test_d4_every_attempt_is_recorded_with_its_answer(backend: Backend, audience: Audience) -> None:
    backend.status, backend.body = 500, b"a\x00b" + b"x" * 3000
    [row] = audience.due()
    tell()
    attempt = EventAttempt.objects.get()
    assert (attempt.delivery_id, attempt.number, attempt.status, attempt.started_at) == (row.pk, 1, 500, NOW)
    assert attempt.answer.startswith("a\ufffdbxx")
    assert len(attempt.answer) == 1024


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_d2_a_refusal_fails_the_event_and_not_the_subscription(
    backend: Backend, audience: Audience, status: int
) -> None:
    backend.status = status
    [row] = audience.due()
    tell()
    row = fresh(row)
    assert (row.progress, row.due_at, row.finished_at) == ("failed", None, NOW)
    assert (row.subscription.failures, row.subscription.opened_at) == (0, None)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 409, 302])
def test_d2_a_fault_of_the_address_opens_the_breaker_and_uses_no_attempt(
    backend: Backend, audience: Audience, status: int
) -> None:
    backend.status = status
    backend.headers = {"Location": backend.server.url + "/elsewhere"} if status < 400 else {}
    [row] = audience.due()
    tell()
    row = fresh(row)
    assert (row.progress, row.attempt, row.attempts_left) == ("waiting", 1, 8)
    assert (row.subscription.opened_at, row.subscription.probe_at) == (NOW, NOW + 10 * SECOND)
    assert row.subscription.last_error == f"The subscriber answered {status}."
    assert len(backend.requests) == 1  # no redirect was followed


@pytest.mark.parametrize("status", [500, 503, 429, 408, 425])
def test_d2_what_may_pass_is_retried_after_five_seconds(backend: Backend, audience: Audience, status: int) -> None:
    backend.status = status
    [row] = audience.due()
    tell()
    assert (fresh(row).progress, fresh(row).attempts_left) == ("waiting", 7)
    assert fresh(row).due_at == NOW + 5 * SECOND
    assert lease(NOW + 4 * SECOND) == []
    assert len(lease(NOW + 5 * SECOND)) == 1


@pytest.mark.parametrize("header", ["90", "Fri, 20 Nov 2026 12:01:30 GMT"])
def test_d2_retry_after_is_honoured(backend: Backend, audience: Audience, header: str) -> None:
    backend.status, backend.headers = 429, {"Retry-After": header}
    [row] = audience.due()
    tell()
    assert fresh(row).due_at == NOW + 90 * SECOND


def test_d2_after_eight_attempts_over_28_hours_the_event_fails(backend: Backend, audience: Audience) -> None:
    backend.status = 500
    [row] = audience.due()
    now = NOW
    for _ in range(8):
        EventSubscription.objects.update(failures=0)  # others get through in between
        tell(now)
        now = fresh(row).due_at or now
    row = fresh(row)
    assert (row.progress, row.attempt, row.attempts_left, row.finished_at) == ("failed", 8, 0, now)
    assert timedelta(hours=27) < now - NOW < timedelta(hours=29)
    assert set(backend.ids()) == {row.event_id}
    assert {request.body for request in backend.requests} == {row.event.body.encode()}


def test_d2_a_dead_subscriber_is_paused_after_five_failures_and_later_ones_use_no_attempt(backend: Backend) -> None:
    audience = Audience(f"http://127.0.0.1:{free_port()}/")
    rows = audience.due(9)
    tell()
    assert audience.now().opened_at == NOW
    assert sorted(fresh(row).attempts_left for row in rows) == [7] * 5 + [8] * 4
    assert lease(NOW + 9 * SECOND) == []


def test_d5_one_probe_at_a_time_and_when_it_succeeds_everything_follows(backend: Backend, audience: Audience) -> None:
    backend.status = 404
    rows = audience.due(20)
    tell()
    probe = lease(NOW + 10 * SECOND)
    assert [item.probe for item in probe] == [True]
    assert lease(NOW + 10 * SECOND) == []
    backend.status = 204
    events.record_outcomes(send_all(probe), now=NOW + 10 * SECOND, random=no_jitter)
    assert (audience.now().opened_at, audience.now().probe_at, audience.now().failures) == (None, None, 0)
    EventDelivery.objects.filter(progress="waiting").update(due_at=NOW + 10 * SECOND)
    tell(NOW + 10 * SECOND)
    assert progress(rows) == ["delivered"] * 20
    assert {fresh(row).attempts_left for row in rows} == {8}


def test_d5_what_waits_for_long_is_brought_forward_when_the_subscriber_is_back(
    backend: Backend, audience: Audience
) -> None:
    rows = audience.due(6)
    EventDelivery.objects.update(due_at=NOW + timedelta(hours=5))
    EventSubscription.objects.update(opened_at=NOW, probe_at=NOW, failures=7)
    numbers = iter(range(1000))
    results = send_all(lease())
    events.record_outcomes(results, now=NOW, random=lambda: next(numbers) % 10 / 10)
    due = EventDelivery.objects.exclude(due_at=None).order_by("due_at").values_list("due_at", flat=True)
    assert list(due) == [NOW + number * SECOND for number in range(5)]
    assert sorted(progress(rows)) == ["delivered"] + ["waiting"] * 5


def test_d1_a_lease_that_ran_out_is_sent_again_under_the_same_id_and_noted(
    backend: Backend, audience: Audience
) -> None:
    [row] = audience.due()
    send_all(lease(worker_id="killed"))  # it died between the answer and the record
    assert lease(NOW + 59 * SECOND) == []
    tell(NOW + MINUTE)
    first, second = backend.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == row.event_id
    assert first.body == second.body
    assert (fresh(row).progress, fresh(row).attempts_left) == ("delivered", 8)
    lost, done = EventAttempt.objects.order_by("number")
    assert (lost.number, lost.status, lost.started_at, "worker" in lost.error) == (1, None, NOW, True)
    assert (done.number, done.status) == (2, 204)


def test_d1_a_late_workers_result_is_recorded_and_changes_nothing_else(backend: Backend, audience: Audience) -> None:
    [row] = audience.due()
    backend.status = 422
    late = send_all(lease(worker_id="slow"))
    again = lease(NOW + MINUTE, worker_id="quick")
    recorded = events.record_outcomes(late, now=NOW + MINUTE, random=no_jitter)
    assert (recorded.late, recorded.failed) == (1, 0)
    assert (fresh(row).progress, fresh(row).leased_by) == ("waiting", "quick")
    backend.status = 204
    events.record_outcomes(send_all(again), now=NOW + MINUTE, random=no_jitter)
    assert fresh(row).progress == "delivered"
    assert list(EventAttempt.objects.order_by("number").values_list("status", flat=True)) == [422, 204]


def test_d6_recording_the_same_results_twice_changes_nothing_more(audience: Audience) -> None:
    rows = audience.due(3)
    results = send_all(lease())
    events.record_outcomes(results, now=NOW, random=no_jitter)
    recorded = events.record_outcomes(results, now=NOW + SECOND, random=no_jitter)
    assert (recorded.delivered, recorded.late) == (0, 3)
    assert progress(rows) == ["delivered"] * 3
    assert {fresh(row).finished_at for row in rows} == {NOW}
    assert EventAttempt.objects.count() == 3


def test_o4_leases_of_a_worker_that_is_gone_are_taken_over(audience: Audience) -> None:
    audience.due(2)
    assert len(lease(worker_id="gone")) == 2
    assert events.take_over_leases(now=NOW + SECOND) == 2
    assert [item.attempt for item in lease(NOW + SECOND, worker_id="next")] == [2, 2]


def test_o4_what_was_never_sent_is_given_back_as_if_nothing_had_been(audience: Audience) -> None:
    [row] = audience.due()
    EventSubscription.objects.update(opened_at=NOW, probe_at=NOW)
    leased = lease(worker_id="a")
    assert audience.now().probe_at == NOW + MINUTE
    events.give_back(leased, now=NOW + SECOND)
    assert (fresh(row).attempt, fresh(row).leased, fresh(row).due_at) == (0, False, NOW + SECOND)
    assert audience.now().probe_at == NOW + SECOND
    events.give_back(leased, now=NOW + MINUTE)
    assert (fresh(row).attempt, fresh(row).due_at) == (0, NOW + SECOND)


def test_d2_a_subscription_that_is_switched_off_is_left_alone_and_goes_on_later(audience: Audience) -> None:
    audience.due()
    EventSubscription.objects.update(enabled=False)
    assert lease() == []
    EventSubscription.objects.update(enabled=True)
    assert len(lease()) == 1


def test_d2_a_subscription_without_a_usable_secret_is_paused_and_keeps_no_other_back(backend: Backend) -> None:
    empty, wrong, unreadable = (Audience(backend.url, secret=secret) for secret in ("", "whsec_???", SECRET))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fulfillment_eventsubscription SET secret = 'enc1:broken' WHERE id = %s",
            [unreadable.subscription.pk],
        )
    fine = Audience(backend.url)
    rows = [audience.due()[0] for audience in (empty, wrong, unreadable, fine)]
    tell()
    assert progress(rows) == ["waiting"] * 3 + ["delivered"]
    errors = EventSubscription.objects.filter(opened_at=NOW).values_list("last_error", flat=True)
    assert set(errors) == {"The signing secret is missing or not valid."}
    assert len(errors) == 3


def test_d5_leases_are_shared_fairly_between_subscriptions(backend: Backend) -> None:
    big, small = Audience(backend.url), Audience(backend.url)
    big.due(30)
    small.due(3)
    receivers = [item.receiver_id for item in lease(limit=10)]
    assert receivers.count(small.subscription.pk) == 3
    assert receivers.count(big.subscription.pk) >= 5
    assert len(lease(room=lambda _subscription: 2)) == 2


def test_f8_what_a_subscriber_answered_about_somebody_erased_meanwhile_is_not_kept(
    backend: Backend, audience: Audience
) -> None:
    [row] = audience.due()
    backend.status = 200
    results = send_all(lease())
    Event.objects.update(body="")
    events.record_outcomes(results, now=NOW, random=no_jitter)
    attempt = EventAttempt.objects.get(delivery=row)
    assert (attempt.status, attempt.answer) == (200, "")


def test_d1_a_turn_takes_as_many_statements_for_many_events_as_for_one(audience: Audience) -> None:
    def statements(count: int) -> tuple[int, int]:
        audience.due(count)
        with CaptureQueriesContext(connection) as leasing:
            leased = lease()
        results = send_all(leased)
        with CaptureQueriesContext(connection) as recording:
            events.record_outcomes(results, now=NOW, random=no_jitter)
        return len(leasing), len(recording)

    assert statements(1) == statements(20)


def test_d1_where_no_event_is_due_one_question_is_asked(
    audience: Audience, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    audience.due(3, now=NOW + MINUTE)
    with django_assert_num_queries(1):
        assert lease() == []
