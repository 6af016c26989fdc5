"""The second member: who may decide, what is decided about, and that nothing begins before (S1, S5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from fulfillment import bulk
from fulfillment.acting import NotPossible
from fulfillment.bulk_approval import approve, count_approvers, refuse, waiting, withdraw
from fulfillment.models import BulkOperation, Claim, ClaimEvent
from fulfillment.rules.states import State
from portal.models import AuditEntry, Membership, Organization, User
from portal.roles import Role
from tests.factories import NOW, make_staff
from tests.fulfillment.bulk_story import Crew, status_of

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(hours=1)


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setattr(bulk, "kick", lambda _key: None)
    return Crew(above=3)


def test_up_to_the_number_it_begins_at_once(crew: Crew) -> None:
    operation = crew.asked(3)
    assert (operation.status, operation.due_at, operation.approval_above) == ("running", NOW, None)


def test_above_the_number_nothing_happens_before_a_second_member_approves(crew: Crew) -> None:
    operation = crew.asked(4)
    assert (operation.status, operation.due_at, operation.approval_above) == ("asked", None, 3)
    assert operation.expires_at == NOW + timedelta(days=7)
    assert not bulk.do_chunk(operation.pk, now=SOON)
    assert bulk.take_up_due(now=SOON) == 0
    assert not ClaimEvent.objects.exists()
    assert list(waiting(crew.organization)) == [operation]
    approve(operation=operation, actor=crew.second, now=SOON)
    assert bulk.work_off(operation.pk, clock=lambda: SOON)
    operation.refresh_from_db()
    assert (operation.status, operation.done, operation.approver) == ("finished", 4, crew.second)
    assert set(Claim.objects.values_list("state", flat=True)) == {State.READY}
    assert [entry.action for entry in AuditEntry.objects.filter(object_id=operation.pk).order_by("pk")] == [
        "asked for bulk retry",
        "approved bulk retry",
    ]


def test_what_is_approved_is_what_was_chosen_and_what_failed_since_is_not_among_it(crew: Crew) -> None:
    operation = crew.asked(4)
    later = crew.claim(State.FAILED)
    approve(operation=operation, actor=crew.second, now=SOON)
    bulk.work_off(operation.pk, clock=lambda: SOON)
    later.refresh_from_db()
    assert later.state == State.FAILED


def test_nobody_approves_what_they_asked_for_and_the_database_holds_it(crew: Crew) -> None:
    operation = crew.asked(4)
    for decide in (approve, lambda **given: refuse(reason="no", **given)):
        with pytest.raises(NotPossible, match="Another member"):
            decide(operation=operation, actor=crew.asker, now=SOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        BulkOperation.objects.filter(pk=operation.pk).update(approver=crew.asker)
    with pytest.raises(IntegrityError), transaction.atomic():
        BulkOperation.objects.filter(pk=operation.pk).update(status="running")


def _demoted(user: User) -> None:
    Membership.objects.filter(user=user).update(role=Role.SUPPORT)


def _deactivated(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def _gone(user: User) -> None:
    Membership.objects.filter(user=user).delete()


@pytest.mark.parametrize("loses", [_demoted, _deactivated, _gone])
def test_s1_who_may_no_longer_do_it_neither_approves_nor_is_approved(crew: Crew, loses: Any) -> None:
    operation = crew.asked(4)
    third = make_staff(crew.organization, Role.OWNER)
    loses(crew.second)
    with pytest.raises(NotPossible, match="Another member"):
        approve(operation=operation, actor=crew.second, now=SOON)
    loses(crew.asker)
    with pytest.raises(NotPossible, match="no longer"):
        approve(operation=operation, actor=third, now=SOON)
    assert status_of(operation) == "asked"
    refuse(operation=operation, actor=third, reason="they left", now=SOON)
    assert status_of(operation) == "refused"


@pytest.mark.parametrize("role", list(Role))
def test_s1_owners_and_producers_of_all_games_decide(crew: Crew, role: Role) -> None:
    operation, member = crew.asked(4), make_staff(crew.organization, role)
    if role in (Role.OWNER, Role.PRODUCER):
        approve(operation=operation, actor=member, now=SOON)
        assert status_of(operation) == "running"
    else:
        with pytest.raises(NotPossible):
            approve(operation=operation, actor=member, now=SOON)


def test_s1_a_member_of_some_games_decides_over_no_others_claims(crew: Crew) -> None:
    operation = crew.asked(4)
    before = count_approvers(operation, besides=crew.asker)
    Membership.objects.filter(user=crew.second).update(all_games=False)
    with pytest.raises(NotPossible, match="all games"):
        approve(operation=operation, actor=crew.second, now=SOON)
    assert count_approvers(operation, besides=crew.asker) == before - 1


def test_a_member_of_another_organization_does_not_decide(crew: Crew) -> None:
    stranger = make_staff(Crew().organization, Role.OWNER)
    with pytest.raises(NotPossible):
        approve(operation=crew.asked(4), actor=stranger, now=SOON)


def test_a_refusal_needs_a_reason_and_ends_it(crew: Crew) -> None:
    operation = crew.asked(4)
    with pytest.raises(NotPossible, match="reason"):
        refuse(operation=operation, actor=crew.second, reason=" ", now=SOON)
    refuse(operation=operation, actor=crew.second, reason="wait for the hotfix", now=SOON)
    operation.refresh_from_db()
    assert (operation.status, operation.decision_reason, operation.position) == ("refused", "wait for the hotfix", 0)
    for decide in (approve, lambda **given: refuse(reason="no", **given)):
        with pytest.raises(NotPossible, match="does not wait"):
            decide(operation=operation, actor=crew.second, now=SOON)
    assert not bulk.do_chunk(operation.pk, now=SOON)


def test_only_who_asked_takes_it_back(crew: Crew) -> None:
    operation = crew.asked(4)
    with pytest.raises(NotPossible, match="Only who asked"):
        withdraw(operation=operation, actor=crew.second, now=SOON)
    withdraw(operation=operation, actor=crew.asker, now=SOON)
    assert status_of(operation) == "withdrawn"
    with pytest.raises(NotPossible, match="does not wait"):
        approve(operation=operation, actor=crew.second, now=SOON)


def test_an_approval_comes_within_seven_days_or_not_at_all(crew: Crew) -> None:
    operation = crew.asked(4)
    late = NOW + timedelta(days=7)
    bulk.take_up_due(now=late - timedelta(seconds=1))
    assert status_of(operation) == "asked"
    with pytest.raises(NotPossible, match="in time"):
        approve(operation=operation, actor=crew.second, now=late)
    bulk.take_up_due(now=late)
    assert status_of(operation) == "expired"
    assert not ClaimEvent.objects.exists()


def test_raising_the_number_later_lets_nothing_pass_that_waits(crew: Crew) -> None:
    operation = crew.asked(4)
    Organization.objects.update(approval_above=100_000)
    assert not bulk.do_chunk(operation.pk, now=SOON)
    assert bulk.confirm(operation=operation, reason="again", actor=crew.asker, now=SOON) is False
    assert status_of(operation) == "asked"


def test_the_number_counts_that_is_set_when_it_is_asked_for(crew: Crew) -> None:
    operation = bulk.choose_claims(
        organization=crew.organization,
        action="retry",
        claims=Claim.objects.filter(pk__in=[crew.claim().pk for _ in range(3)]),
        actor=crew.asker,
        now=NOW,
    )
    Organization.objects.update(approval_above=0)
    bulk.confirm(operation=operation, reason="now", actor=crew.asker, now=NOW)
    assert status_of(operation) == "asked"
