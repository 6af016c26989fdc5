"""What is sent, signed, and to which addresses (D2, D7, L6, S2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from standardwebhooks import Webhook

from fulfillment.message import new_signing_secret
from fulfillment.models import ClaimEvent, Delivery, DeliveryAttempt, Endpoint
from tests.factories import NOW, make_viewer
from tests.fulfillment.deliveries import SECRET, Backend, World, deliver, fresh

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


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
