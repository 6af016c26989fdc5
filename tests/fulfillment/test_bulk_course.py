"""Pause, resume and cancel at the border of a chunk, and who answers for what goes on (D5, O4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fulfillment import bulk
from fulfillment.acting import NotPossible
from fulfillment.bulk_course import cancel, pause, resume
from fulfillment.models import BulkOperation, Claim
from fulfillment.rules.states import State
from portal.models import AuditEntry, Membership, User
from portal.roles import Role
from tests.factories import NOW
from tests.fulfillment.bulk_story import Crew, status_of

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setattr(bulk, "kick", lambda _key: None)
    monkeypatch.setattr(bulk, "CHUNK", 4)
    return Crew()


def _half_done(crew: Crew) -> BulkOperation:
    operation = crew.asked(10)
    assert bulk.do_chunk(operation.pk, now=NOW)
    operation.refresh_from_db()
    return operation


def test_d5_paused_it_stands_still_and_resumed_it_goes_on_where_it_was(crew: Crew) -> None:
    operation = _half_done(crew)
    pause(operation=operation, actor=crew.second, now=LATER)
    assert (operation.status, operation.position, operation.halted_by) == ("paused", 4, str(crew.second))
    assert not bulk.do_chunk(operation.pk, now=LATER)
    assert bulk.take_up_due(now=LATER + timedelta(days=1)) == 0
    assert Claim.objects.filter(state=State.READY).count() == 4
    resume(operation=operation, actor=crew.second, now=LATER)
    assert bulk.take_up_due(now=LATER) == 1
    assert bulk.work_off(operation.pk, clock=lambda: LATER)
    operation.refresh_from_db()
    assert (operation.status, operation.done, operation.skipped, operation.halted_by) == ("finished", 10, 0, "")


@pytest.mark.parametrize("paused", [False, True])
def test_d5_cancelled_it_ends_and_says_how_many_are_done(crew: Crew, paused: bool) -> None:
    operation = _half_done(crew)
    if paused:
        pause(operation=operation, actor=crew.asker, now=LATER)
    with pytest.raises(NotPossible, match="reason"):
        cancel(operation=operation, actor=crew.second, reason=" ", now=LATER)
    cancel(operation=operation, actor=crew.second, reason="wrong campaign", now=LATER)
    operation.refresh_from_db()
    assert (operation.status, operation.position, operation.done, operation.total) == ("cancelled", 4, 4, 10)
    assert operation.finished_at == LATER
    assert Claim.objects.filter(state=State.FAILED).count() == 6
    assert not bulk.do_chunk(operation.pk, now=LATER)
    for steer in (pause, resume):
        with pytest.raises(NotPossible, match="not under way"):
            steer(operation=operation, actor=crew.asker, now=LATER)


def test_s5_each_step_is_in_the_audit_trail(crew: Crew) -> None:
    operation = _half_done(crew)
    pause(operation=operation, actor=crew.second, now=LATER)
    resume(operation=operation, actor=crew.asker, now=LATER)
    cancel(operation=operation, actor=crew.second, reason="enough", now=LATER)
    told = AuditEntry.objects.filter(object_id=operation.pk).order_by("pk").values_list("action", "reason")
    assert list(told) == [
        ("bulk retry", "the backend is up"),
        ("paused bulk retry", ""),
        ("resumed bulk retry", ""),
        ("cancelled bulk retry", "enough"),
    ]


def test_a_task_that_ran_out_of_time_does_not_take_up_what_was_paused_meanwhile(crew: Crew) -> None:
    operation = _half_done(crew)
    pause(operation=operation, actor=crew.asker, now=LATER)
    assert bulk.work_off(operation.pk, clock=lambda: LATER, seconds=0)
    assert status_of(operation) == "paused"
    assert operation.due_at is None


@pytest.mark.parametrize("how", ["demoted", "deactivated", "deleted"])
def test_s1_it_pauses_by_itself_where_nobody_answers_for_it_any_more(crew: Crew, how: str) -> None:
    operation = _half_done(crew)
    if how == "demoted":
        Membership.objects.filter(user=crew.asker).update(role=Role.ANALYST)
    elif how == "deactivated":
        User.objects.filter(pk=crew.asker.pk).update(is_active=False)
    else:
        BulkOperation.objects.update(responsible=None, actor=None)
    assert not bulk.do_chunk(operation.pk, now=LATER)
    operation.refresh_from_db()
    assert (operation.status, operation.position, operation.halted_by) == ("paused", 4, "")
    resume(operation=operation, actor=crew.second, now=LATER)
    assert bulk.work_off(operation.pk, clock=lambda: LATER)
    assert status_of(operation) == "finished"


def test_s1_who_works_on_some_games_only_by_now_changes_no_claims_of_the_others(crew: Crew) -> None:
    operation = _half_done(crew)
    Membership.objects.filter(user=crew.asker).update(role=Role.PRODUCER, all_games=False)
    assert bulk.work_off(operation.pk, clock=lambda: LATER)
    operation.refresh_from_db()
    assert (operation.status, operation.done, operation.skipped) == ("finished", 4, 6)
    left = Claim.objects.filter(pk__in=operation.claim_ids[4:])
    assert set(left.values_list("state", flat=True)) == {State.FAILED}


def test_d5_what_was_delivered_between_choice_and_turn_is_left_alone_and_counted(crew: Crew) -> None:
    operation = crew.asked(6)
    delivered = Claim.objects.filter(pk__in=operation.claim_ids[:2])
    delivered.update(state=State.DELIVERED, delivered_at=NOW)
    assert bulk.work_off(operation.pk, clock=lambda: LATER)
    operation.refresh_from_db()
    assert (operation.done, operation.skipped) == (4, 2)
    assert set(delivered.values_list("state", flat=True)) == {State.DELIVERED}


def test_d5_to_send_again_what_was_delivered_is_no_action_on_many() -> None:
    assert "resend" not in BulkOperation.Action.values
