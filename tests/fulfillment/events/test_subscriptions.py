"""What owners do about a subscription: the same deeds as about a game's endpoint, of the same code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from fulfillment.events.subscriptions import (
    forget_previous_secret,
    probe_now,
    resume_subscription,
    rotate_secret,
    sample_event_body,
    send_sample_event,
)
from fulfillment.models import Event, EventDelivery, EventSubscription
from fulfillment.rules.events import EVENT_TYPES
from fulfillment.rules.retries import Outcome
from portal.models import AuditEntry, User
from tests.factories import NOW, make_game, make_staff
from tests.fulfillment.deliveries import SECRET, Backend
from tests.fulfillment.subscribers import Audience, lease, tell
from tests.loopback import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(audience: Audience) -> User:
    return make_staff(audience.organization)


def test_s2_a_new_secret_signs_beside_the_one_before_until_that_is_forgotten(
    backend: Backend, audience: Audience, staff: User
) -> None:
    now = datetime.now(UTC)
    secret = rotate_secret(subscription=audience.subscription, actor=staff, now=now)
    audience.due(now=now)
    tell(now)
    forget_previous_secret(subscription=audience.subscription, actor=staff, now=now)
    audience.due(now=now)
    tell(now)
    both, one = backend.requests
    for known in (secret, SECRET):
        Webhook(known).verify(both.body, both.headers)
    assert len(one.headers["webhook-signature"].split(" ")) == 1
    Webhook(secret).verify(one.body, one.headers)
    actions = AuditEntry.objects.order_by("pk").values_list("action", "object_type", "organization")
    assert list(actions) == [
        (action, "fulfillment.eventsubscription", audience.organization.pk)
        for action in ("replaced signing secret", "forgot previous signing secret")
    ]
    assert secret not in str(AuditEntry.objects.values_list("before", "after"))


def test_d5_a_paused_subscription_is_probed_at_once(audience: Audience, staff: User) -> None:
    audience.due(3)
    assert not probe_now(subscription=audience.subscription, actor=staff, now=NOW)
    EventSubscription.objects.update(opened_at=NOW, probe_at=NOW + timedelta(minutes=5))
    assert probe_now(subscription=audience.subscription, actor=staff, now=NOW)
    assert [item.probe for item in lease()] == [True]
    assert AuditEntry.objects.get().action == "asked for a probe"


def test_d5_a_paused_subscription_is_resumed_and_what_waits_goes_within_seconds(
    backend: Backend, audience: Audience, staff: User
) -> None:
    audience.due(5)
    EventDelivery.objects.update(due_at=NOW + timedelta(hours=3))
    assert not resume_subscription(subscription=audience.subscription, actor=staff, now=NOW)
    EventSubscription.objects.update(opened_at=NOW, probe_at=NOW, failures=9, probes=4)
    assert resume_subscription(subscription=audience.subscription, actor=staff, now=NOW)
    row = audience.now()
    assert (row.opened_at, row.probe_at, row.failures, row.probes) == (None, None, 0, 0)
    tell(NOW + timedelta(seconds=10))
    assert len(backend.requests) == 5


@pytest.mark.parametrize("type", EVENT_TYPES)
def test_a_sample_of_every_type_is_signed_says_that_it_is_a_test_and_stores_no_event(
    backend: Backend, audience: Audience, staff: User, type: str
) -> None:
    make_game(audience.organization)
    now = datetime.now(UTC)
    result = send_sample_event(subscription=audience.subscription, type=type, actor=staff, now=now, clock=lambda: now)
    assert (result.outcome, result.status) == (Outcome.DELIVERED, 204)
    [request] = backend.requests
    message = Webhook(SECRET).verify(request.body, request.headers)
    assert (message["type"], message["test"]) == (type, True)
    assert list(message) == ["type", "test", "timestamp", "data"]
    assert not Event.objects.exists()
    assert AuditEntry.objects.get().action == "sent a test event: 204"


def test_a_sample_of_an_organization_without_a_game_is_sent_too(audience: Audience) -> None:
    assert '"name":"Test game"' in sample_event_body(subscription=audience.subscription, type="claim.failed", now=NOW)
    with pytest.raises(ValueError, match="no event called"):
        sample_event_body(subscription=audience.subscription, type="claim.lost", now=NOW)


def test_a_sample_to_a_dead_address_says_so_and_pauses_nothing(staff: User) -> None:
    dead = Audience(f"http://127.0.0.1:{free_port()}/")
    result = send_sample_event(subscription=dead.subscription, type="link.ended", actor=staff, now=NOW)
    assert (result.outcome, result.status) == (Outcome.RETRY, None)
    assert dead.now().failures == 0
    assert AuditEntry.objects.get().action == "sent a test event: no answer"
