"""Actions on many claims: chosen in the list, counted, confirmed, worked off in chunks, resumed after a crash (D5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from fulfillment import bulk
from fulfillment.models import BulkOperation, Claim, ClaimEvent
from fulfillment.rules.states import State
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db

LIST = "fulfillment.claim"


def choose(client: Any, action: str, claims: list[Claim] | None = None, query: str = "") -> Any:
    chosen = {"_selected_action": [c.pk for c in claims or []], "select_across": "0" if claims else "1"}
    if not claims:
        chosen["_selected_action"] = [Claim.objects.latest("pk").pk]
    return client.post(url(LIST, "changelist") + query, {"action": action, "index": "0", **chosen})


@pytest.mark.parametrize("role", list(Role))
def test_s1_only_owners_and_producers_act_on_many(studio: Studio, role: Role) -> None:
    claim = studio.claim()
    answer = choose(sign_in(studio.members[role]), "retry_chosen", [claim])
    allowed = role in (Role.OWNER, Role.PRODUCER)
    assert ("/many/" in answer.headers.get("Location", "")) == allowed
    assert BulkOperation.objects.exists() == allowed


def test_d5_the_count_comes_first_and_nothing_happens_before_it_is_confirmed(studio: Studio) -> None:
    failed = [studio.claim(State.FAILED) for _ in range(3)]
    done = [studio.claim(State.DELIVERED) for _ in range(2)]
    client = sign_in(studio.members[Role.PRODUCER])
    page = client.get(choose(client, "retry_chosen", failed + done).headers["Location"])
    assert page.context["possible"] == 3
    assert [count for _why, count in page.context["refused"]] == [2]
    assert Claim.objects.filter(state=State.FAILED).count() == 3
    assert not ClaimEvent.objects.exists()


def test_d5_confirmed_it_is_done_once_with_history_and_audit(
    studio: Studio, django_capture_on_commit_callbacks: Any
) -> None:
    failed = [studio.claim(State.FAILED) for _ in range(3)]
    delivered = studio.claim(State.DELIVERED)
    member = studio.members[Role.OWNER]
    client = sign_in(member)
    page = choose(client, "retry_chosen", [*failed, delivered]).headers["Location"]
    assert client.post(page, {"reason": ""}).status_code == 200, "it asks for a reason"
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(page, {"reason": "backend is up again"}).status_code == 302
        assert client.post(page, {"reason": "pressed twice"}).status_code in (200, 302)
    operation = BulkOperation.objects.get()
    bulk.work_off(operation.pk)
    operation.refresh_from_db()
    assert (operation.done, operation.skipped, operation.total) == (3, 1, 4)
    assert operation.reason == "backend is up again"
    assert set(Claim.objects.filter(pk__in=[c.pk for c in failed]).values_list("state", flat=True)) == {State.READY}
    assert ClaimEvent.objects.filter(actor=member, to_state=State.READY).count() == 3
    assert AuditEntry.objects.filter(action="bulk retry", reason="backend is up again").count() == 1
    assert AuditEntry.objects.filter(object_type="fulfillment.claim", action="retry").count() == 3
    shown = client.get(page)
    assert "Refresh" not in shown.headers
    assert "Finished" in shown.content.decode()


def test_d5_all_across_pages_means_all_that_the_filters_keep(studio: Studio, elsewhere: Studio) -> None:
    failed = {studio.claim(State.FAILED).pk for _ in range(60)}
    studio.claim(State.HELD, "late")
    elsewhere.claim(State.FAILED)
    client = sign_in(studio.members[Role.OWNER])
    choose(client, "retry_chosen", query="?state=failed")
    assert set(BulkOperation.objects.get().claim_ids) == failed


def _confirmed(studio: Studio, count: int, action: str = "hold") -> BulkOperation:
    member = studio.members[Role.OWNER]
    for _ in range(count):
        studio.claim(State.WAITING)
    operation = bulk.choose_claims(
        organization=studio.organization, action=action, claims=Claim.objects.all(), actor=member, now=NOW
    )
    with transaction.atomic():
        bulk.confirm(operation=operation, reason="storm", actor=member, now=NOW)
    return operation


class _Crash(Exception):
    pass


def test_o4_a_crash_in_the_middle_neither_skips_nor_repeats_a_claim(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 4)
    operation = _confirmed(studio, 10)
    assert bulk.do_chunk(operation.pk, now=NOW)
    with pytest.raises(_Crash), transaction.atomic():
        bulk.do_chunk(operation.pk, now=NOW)
        raise _Crash  # what a killed process leaves of a transaction: nothing
    operation.refresh_from_db()
    assert operation.position == 4
    assert bulk.take_up_due(now=NOW + timedelta(seconds=30)) == 0, "its lease runs"
    assert bulk.take_up_due(now=NOW + bulk.LEASE + timedelta(seconds=1)) == 1
    operation.refresh_from_db()
    assert (operation.position, operation.done, operation.due_at) == (10, 10, None)
    assert operation.finished_at is not None
    assert ClaimEvent.objects.filter(to_state=State.HELD).count() == 10
    assert not bulk.do_chunk(operation.pk, now=NOW), "finished is finished"


def test_d5_work_that_takes_long_goes_on_in_another_task(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 3)
    kicked: list[str] = []
    monkeypatch.setattr(bulk, "kick", kicked.append)
    operation = _confirmed(studio, 8)
    assert not bulk.work_off(operation.pk, seconds=0)
    assert kicked == [operation.pk]
    assert bulk.work_off(operation.pk, seconds=60)


def test_more_claims_than_one_action_takes_are_refused(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_CLAIMS", 2)
    for _ in range(3):
        studio.claim()
    answer = choose(sign_in(studio.members[Role.OWNER]), "retry_chosen", list(Claim.objects.all()))
    assert "/many/" not in answer.headers.get("Location", "")
    assert not BulkOperation.objects.exists()


def test_s1_a_bulk_action_of_another_organization_does_not_exist(studio: Studio, elsewhere: Studio) -> None:
    operation = _confirmed(elsewhere, 1)
    client = sign_in(studio.members[Role.OWNER])
    assert client.get(url(LIST, "many", operation.pk)).status_code == 404
    assert client.post(url(LIST, "many", operation.pk), {"reason": "x"}).status_code == 404


def test_a_choice_that_nobody_confirmed_goes_after_a_day(studio: Studio) -> None:
    studio.claim()
    bulk.choose_claims(
        organization=studio.organization,
        action="retry",
        claims=Claim.objects.all(),
        actor=studio.members[Role.OWNER],
        now=NOW,
    )
    bulk.take_up_due(now=NOW + timedelta(days=2))
    assert not BulkOperation.objects.exists()
