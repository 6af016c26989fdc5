"""Sending events again (D5): one, many, or all of a subscription since a time, with a count first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.events import replay as replaying
from fulfillment.events.replay import replay, replayable, retry_event_delivery
from fulfillment.models import Event, EventDelivery
from portal.models import AuditEntry, User
from tests.factories import NOW, make_staff
from tests.fulfillment.deliveries import Backend
from tests.fulfillment.subscribers import SECOND, Audience, fresh, lease, progress, tell

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def staff(audience: Audience) -> User:
    return make_staff(audience.organization)


def end(rows: list[EventDelivery], as_: str) -> None:
    EventDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        progress=as_, due_at=None, attempts_left=0, attempt=8, finished_at=NOW
    )


def test_d5_a_failed_event_is_sent_once_more_under_its_id_with_all_attempts(
    backend: Backend, audience: Audience, staff: User
) -> None:
    backend.status = 422
    [row] = audience.due()
    tell()
    assert fresh(row).progress == "failed"
    assert retry_event_delivery(delivery=row, actor=staff, now=LATER)
    assert (fresh(row).progress, fresh(row).due_at, fresh(row).finished_at) == ("waiting", LATER, None)
    assert (fresh(row).attempts_left, fresh(row).attempt) == (8, 1)
    backend.status = 204
    tell(LATER)
    assert fresh(row).progress == "delivered"
    first, second = backend.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert list(fresh(row).attempts.order_by("number").values_list("number", "status")) == [(1, 422), (2, 204)]
    entry = AuditEntry.objects.get(action="had events sent again")
    assert (entry.actor, entry.object_id, entry.after) == (staff, audience.subscription.pk, {"events": 1})


def test_d5_what_has_arrived_can_be_sent_again_too(backend: Backend, audience: Audience, staff: User) -> None:
    [row] = audience.due()
    tell()
    assert retry_event_delivery(delivery=row, actor=staff, now=LATER)
    tell(LATER)
    assert len(backend.requests) == 2


def test_d5_what_is_being_sent_at_this_moment_is_left(audience: Audience, staff: User) -> None:
    [row] = audience.due()
    lease()
    assert not retry_event_delivery(delivery=row, actor=staff, now=NOW + SECOND)
    assert fresh(row).leased
    assert not AuditEntry.objects.exists()


def test_f8_what_was_erased_is_not_sent_again(audience: Audience, staff: User) -> None:
    rows = audience.due(2)
    end(rows, "failed")
    Event.objects.filter(pk=rows[0].event_id).update(body="")
    assert list(replayable(subscription=audience.subscription)) == [rows[1]]
    assert replay(delivery_ids=[row.pk for row in rows], actor=staff, now=LATER) == 1
    assert progress(rows) == ["failed", "waiting"]


def test_d5_replayable_is_what_did_not_arrive_since_a_time_or_all_of_it(audience: Audience) -> None:
    old, failed, delivered, waiting = (audience.due(2, now=NOW + number * SECOND) for number in range(4))
    end([*old, *failed], "failed")
    end(delivered, "delivered")
    Audience(audience.subscription.url, audience.organization).due(3)
    chosen = replayable(subscription=audience.subscription, since=NOW + SECOND)
    assert set(chosen) == {*failed, *waiting}
    assert chosen.count() == 4
    everything = replayable(subscription=audience.subscription, since=NOW + SECOND, only_failed=False)
    assert set(everything) == {*failed, *delivered, *waiting}
    assert replayable(subscription=audience.subscription).count() == 6


def test_d5_many_go_in_batches_and_a_half_done_replay_can_be_called_again(
    audience: Audience, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH", 10)
    rows = audience.due(25)
    end(rows, "failed")
    ids = list(replayable(subscription=audience.subscription).values_list("pk", flat=True))
    assert replay(delivery_ids=ids[:10], actor=staff, now=LATER) == 10
    assert replay(delivery_ids=ids, actor=staff, now=LATER) == 25
    assert progress(rows) == ["waiting"] * 25
    assert {fresh(row).due_at for row in rows} == {LATER}
    assert AuditEntry.objects.filter(action="had events sent again").count() == 4


def test_d5_a_batch_takes_as_many_statements_for_many_as_for_one(audience: Audience, staff: User) -> None:
    def cost(count: int) -> int:
        rows = audience.due(count)
        with CaptureQueriesContext(connection) as queries:
            assert replay(delivery_ids=[row.pk for row in rows], actor=staff, now=LATER) == count
        return len(queries)

    assert cost(1) == cost(200)


def test_s5_each_subscription_has_its_own_entry_in_the_audit_trail(audience: Audience, staff: User) -> None:
    other = Audience(audience.subscription.url)
    rows = audience.due(2) + other.due(3)
    assert replay(delivery_ids=[row.pk for row in rows], actor=staff, now=LATER) == 5
    entries = AuditEntry.objects.filter(action="had events sent again").order_by("pk")
    assert {(entry.organization_id, entry.object_id, entry.after["events"]) for entry in entries} == {
        (audience.organization.pk, audience.subscription.pk, 2),
        (other.organization.pk, other.subscription.pk, 3),
    }
