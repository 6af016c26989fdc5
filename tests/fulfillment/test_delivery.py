from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from fulfillment.delivery import give_back, record_outcomes, take_over_leases
from fulfillment.delivery.tally import tallies
from fulfillment.ledger import Move, move_claims
from fulfillment.message import new_signing_secret
from fulfillment.models import ClaimEvent, Delivery, DeliveryAttempt, DeliveryTally, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from tests.factories import NOW, make_viewer
from tests.fulfillment.deliveries import SECRET, Backend, World, deliver, fresh, lease, no_jitter, send_all, states
from tests.loopback import free_port

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _loopback(settings: pytest.FixtureRequest) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.server.stop()


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend.url)


def test_d2_a_delivery_is_a_signed_post_that_the_standard_library_verifies(world: World, backend: Backend) -> None:
    (claim,) = world.ready()
    claim.viewer = make_viewer(world.game.organization, name="Ana")
    claim.save(update_fields=["viewer"])
    now = datetime.now(UTC).replace(microsecond=0)
    Delivery.objects.update(due_at=now)
    deliver(now)

    (request,) = backend.requests
    assert (request.method, request.target) == ("POST", "/deliveries")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == claim.pk
    message = Webhook(SECRET).verify(request.body, request.headers)
    assert message["type"] == "claim.delivery"
    assert message["data"] == {
        "claim_id": claim.pk,
        "player": {"id": claim.player.player_id, "name": claim.player.name},
        "reward": {"id": world.reward.pk, "external_id": world.reward.external_id, "name": world.reward.name},
        "game": {"id": world.game.pk, "name": world.game.name},
        "campaign": {"id": world.campaign.pk, "name": world.campaign.name},
        "platform": "kick",
        "platform_claim_id": claim.platform_claim_id,
        "viewer": {"id": claim.viewer.pk, "platform_user_id": claim.platform_user_id, "name": "Ana"},
        "granted_at": "2026-11-20T12:00:00Z",
        "test": False,
    }
    claim = fresh(claim)
    assert (claim.state, claim.reason, claim.delivered_at, claim.attempted_at) == ("delivered", "delivered", now, now)
    assert claim.delivery.due_at is None
    moves = ClaimEvent.objects.filter(claim=claim).order_by("pk").values_list("from_state", "to_state")
    assert list(moves) == [("ready", "delivering"), ("delivering", "delivered")]


@time_machine.travel(NOW, tick=False)
def test_d2_while_a_secret_is_changed_both_sign(backend: Backend) -> None:
    newer = new_signing_secret()
    world = World(backend.url, secret=newer, previous_secret=SECRET)
    world.ready()
    deliver()
    (request,) = backend.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (newer, SECRET):
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "claim.delivery"


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


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/",
        "https://[::1]/",
        "http://x.example/",
    ],
)
def test_d7_an_address_that_leads_inside_is_not_called_and_pauses_the_endpoint(
    settings: pytest.FixtureRequest, url: str
) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = False
    world = World(url)
    (claim,) = world.ready()
    deliver()
    claim = fresh(claim)
    assert (claim.state, claim.reason, claim.delivery.attempts_left) == ("ready", "endpoint_paused", 8)
    assert claim.game.endpoint.opened_at == NOW
    assert claim.detail == DeliveryAttempt.objects.get().error != ""


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254"])
def test_d7_a_name_that_resolves_inside_is_refused_where_it_is_dialled(
    settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = False
    # The resolver is the operating system's; here it answers as an attacker's DNS would.
    answer = [(2, 1, 6, "", (address, 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_options: answer)
    (claim,) = World("https://game.example.org/deliveries").ready()
    deliver()
    assert (fresh(claim).state, fresh(claim).reason) == ("ready", "endpoint_paused")


def test_d2_an_endpoint_without_a_usable_secret_is_paused_and_nothing_is_sent(backend: Backend) -> None:
    for secret in ("", "whsec_???"):
        world = World(backend.url, secret=secret)
        (claim,) = world.ready()
        deliver()
        endpoint = Endpoint.objects.get(pk=world.endpoint.pk)
        assert endpoint.opened_at == NOW
        assert "signing secret" in endpoint.last_error
        assert fresh(claim).state == "ready"
    assert backend.requests == []


def test_s2_one_unreadable_secret_does_not_stop_other_games(backend: Backend) -> None:
    broken, fine = World(backend.url), World(backend.url)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fulfillment_endpoint SET secret = 'enc1:broken' WHERE id = %s", [broken.endpoint.pk])
    claims = broken.ready() + fine.ready()
    deliver()
    assert [fresh(claim).state for claim in claims] == ["ready", "delivered"]


def test_l6_body_and_player_are_frozen_at_the_first_attempt(world: World, backend: Backend) -> None:
    backend.status = 500
    world.ready()
    deliver()
    world.reward.name = "Renamed"
    world.reward.save()
    backend.status = 204
    deliver(NOW + 5 * SECOND)
    first, second = backend.requests
    assert first.body == second.body
    assert json.loads(second.body)["timestamp"] == "2026-11-20T12:00:00Z"
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


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
