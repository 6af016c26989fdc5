"""The pages of actions on many: since a time, approval by a second member, pause, resume, cancel, and the start page (D5, S1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fulfillment import bulk
from fulfillment.admin.bulk_pages import many_address
from fulfillment.models import BulkOperation, Claim
from fulfillment.rules.states import State
from portal.models import Membership
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import make_staff
from tests.fulfillment.admin.story import Studio
from tests.fulfillment.bulk_story import Crew, status_of

pytestmark = pytest.mark.django_db

LIST = reverse("admin:fulfillment_bulkoperation_changelist")
SINCE = reverse("admin:retry_since")


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setattr(bulk, "kick", lambda _key: None)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    return Crew(above=3)


@pytest.fixture
def asker(crew: Crew) -> Client:
    return sign_in(crew.asker)


@pytest.fixture
def second(crew: Crew) -> Client:
    return sign_in(crew.second)


def _asked(crew: Crew, claims: int = 4) -> BulkOperation:
    return crew.asked(claims, now=timezone.now())


def test_the_count_says_that_a_second_member_is_needed_and_how_many_could(crew: Crew, asker: Client) -> None:
    chosen = [crew.claim().pk for _ in range(4)]
    operation = bulk.choose_claims(
        organization=crew.organization,
        action="retry",
        claims=Claim.objects.filter(pk__in=chosen),
        actor=crew.asker,
        now=timezone.now(),
    )
    page = asker.get(many_address(operation))
    assert (page.context["waits"], page.context["approvers"]) == (True, 2)
    assert "Ask a second member" in page.content.decode()
    Membership.objects.exclude(user=crew.asker).delete()
    assert "No other member can" in asker.get(many_address(operation)).content.decode()
    asker.post(many_address(operation), {"do": "confirm", "reason": "up again"})
    assert status_of(operation) == "asked"


def test_a_second_member_sees_what_it_is_about_and_approves(crew: Crew, second: Client) -> None:
    operation = _asked(crew)
    page = second.get(many_address(operation))
    assert (page.context["possible"], page.context["may_decide"]) == (4, True)
    assert len(page.context["sample"]) == 4
    assert "the backend is up" in page.content.decode()
    assert second.post(many_address(operation), {"do": "approve"}).status_code == 302
    assert status_of(operation) == "running"


def test_a_second_member_refuses_with_a_reason_that_the_asker_reads(crew: Crew, asker: Client, second: Client) -> None:
    operation = _asked(crew)
    assert second.post(many_address(operation), {"do": "refuse", "reason": ""}).context["form"].errors
    second.post(many_address(operation), {"do": "refuse", "reason": "wait for the hotfix"})
    assert "wait for the hotfix" in asker.get(many_address(operation)).content.decode()


def test_who_asked_is_offered_to_take_it_back_and_nothing_else(crew: Crew, asker: Client) -> None:
    operation = _asked(crew)
    page = asker.get(many_address(operation)).content.decode()
    assert 'value="withdraw"' in page
    assert 'value="approve"' not in page
    answer = asker.post(many_address(operation), {"do": "approve"}, follow=True).content.decode()
    assert "Another member than who asked" in answer
    asker.post(many_address(operation), {"do": "withdraw"})
    assert status_of(operation) == "withdrawn"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ANALYST])
def test_s1_support_and_analysts_see_none_of_it(crew: Crew, role: Role) -> None:
    operation, client = _asked(crew), sign_in(crew.members[role])
    assert client.get(many_address(operation)).status_code == 403
    assert client.post(many_address(operation), {"do": "approve"}).status_code == 403
    assert client.get(SINCE).status_code == 403
    assert client.get(LIST).status_code in (403, 404)


def test_s1_a_member_of_some_games_sees_only_what_they_asked_for(crew: Crew) -> None:
    operation, member = _asked(crew), make_staff(crew.organization, Role.PRODUCER)
    Membership.objects.filter(user=member).update(all_games=False)
    client = sign_in(member)
    assert client.get(many_address(operation)).status_code == 404
    assert client.post(many_address(operation), {"do": "approve"}).status_code == 404


def test_under_way_it_is_paused_resumed_and_cancelled_by_its_buttons(crew: Crew, asker: Client, second: Client) -> None:
    operation = _asked(crew)
    second.post(many_address(operation), {"do": "approve"})
    bulk.do_chunk(operation.pk, now=timezone.now())
    shown = asker.get(many_address(operation))
    assert "2 of 4 dealt with" in shown.content.decode()
    assert shown.context["live_from"]
    part = asker.get(shown.context["live_from"])
    assert "<form" not in part.content.decode()
    assert asker.get(shown.context["live_from"], headers={"if-none-match": part.headers["ETag"]}).status_code == 304
    asker.post(many_address(operation), {"do": "pause"})
    assert status_of(operation) == "paused"
    steer = second.get(f"{many_address(operation)}?steer=1").content.decode()
    assert 'value="resume"' in steer
    second.post(many_address(operation), {"do": "resume"})
    assert second.post(many_address(operation), {"do": "cancel", "reason": ""}).context["form"].errors
    second.post(many_address(operation), {"do": "cancel", "reason": "wrong campaign"})
    over = asker.get(many_address(operation))
    assert "wrong campaign" in over.content.decode()
    assert not over.context["live_from"]
    late = asker.post(many_address(operation), {"do": "resume"}, follow=True).content.decode()
    assert "not under way any more" in late


def test_all_that_failed_since_a_time_is_chosen_by_what_narrows_it(
    crew: Crew, elsewhere: Studio, asker: Client
) -> None:
    since = timezone.now() - timedelta(hours=1)
    wanted = crew.claim(State.FAILED, "rejected", state_changed_at=timezone.now())
    crew.claim(State.FAILED, "rejected", state_changed_at=since - timedelta(hours=1))
    crew.claim(State.FAILED, "attempts_exhausted", state_changed_at=timezone.now())
    crew.claim(State.DELIVERED, state_changed_at=timezone.now())
    elsewhere.claim(State.FAILED, "rejected", state_changed_at=timezone.now())
    given = {"since": f"{since:%Y-%m-%dT%H:%M}", "game": crew.game.pk, "campaign": crew.campaign.pk}
    page = asker.post(SINCE, {**given, "reason": "rejected"})
    operation = BulkOperation.objects.get()
    assert page.headers["Location"] == many_address(operation)
    assert (operation.claim_ids, operation.status) == ([wanted.pk], "chosen")


def test_d5_since_when_is_repeated_before_it_begins_while_it_waits_and_wherever_it_is_listed(
    crew: Crew, asker: Client, second: Client
) -> None:
    for _ in range(4):
        crew.claim(State.FAILED, state_changed_at=timezone.now())
    asker.post(SINCE, {"since": "2025-11-20T18:30"})
    operation = BulkOperation.objects.get()
    at = "since 2025-11-20 18:30:00 UTC"
    assert at in asker.get(many_address(operation)).content.decode()
    asker.post(many_address(operation), {"do": "confirm", "reason": "The backend was down"})
    fact = "<dt>Since</dt><dd>2025-11-20 18:30:00 UTC</dd>"
    assert fact in second.get(many_address(operation)).content.decode()
    second.post(many_address(operation), {"do": "approve"})
    assert fact in asker.get(many_address(operation)).content.decode()
    assert f"retry, all {at}" in asker.get(LIST).content.decode()


def test_what_was_chosen_without_a_time_tells_of_none(crew: Crew, asker: Client) -> None:
    operation = _asked(crew)
    for page in (asker.get(many_address(operation)), asker.get(LIST)):
        assert not [word for word in ("<dt>Since", "all since", "None UTC") if word in page.content.decode()]


def test_since_a_time_refuses_what_nothing_fits_and_what_is_too_much(
    crew: Crew, elsewhere: Studio, asker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nothing to try again" in asker.post(SINCE, {"since": "2026-11-20T18:30"}).content.decode()
    assert "not a time" in asker.post(SINCE, {"since": "yesterday"}).content.decode()
    foreign = asker.post(SINCE, {"since": "2026-11-20T18:30", "campaign": elsewhere.campaign.pk})
    assert foreign.context["form"].errors["campaign"]
    monkeypatch.setattr(bulk, "MAX_CLAIMS", 1)
    for _ in range(2):
        crew.claim(State.FAILED, state_changed_at=timezone.now())
    assert "more than" in asker.post(SINCE, {"since": "2026-11-20T18:30"}).content.decode()
    assert not BulkOperation.objects.exists()


def test_the_list_shows_each_with_its_status_at_equal_cost(crew: Crew, asker: Client) -> None:
    _asked(crew)
    asker.get(LIST)
    with CaptureQueriesContext(connection) as one:
        assert "waits for approval" in asker.get(f"{LIST}?status__exact=asked").content.decode()
    for _ in range(9):
        _asked(crew)
    with CaptureQueriesContext(connection) as ten:
        asker.get(f"{LIST}?status__exact=asked")
    assert len(ten) == len(one) <= 20


def test_the_start_page_says_what_waits_for_whom(crew: Crew, asker: Client, second: Client) -> None:
    _asked(crew)
    start = reverse("admin:index")
    assert "wait for your approval" in second.get(start).content.decode()
    mine = asker.get(start).content.decode()
    assert "wait for your approval" not in mine
    assert "wait for a second member" in mine
    assert "second member" not in sign_in(crew.members[Role.SUPPORT]).get(start).content.decode()


def test_the_page_of_one_hundred_thousand_claims_costs_few_queries(crew: Crew, second: Client) -> None:
    operation: Any = _asked(crew)
    missing = [f"{n:026}" for n in range(99_996)]
    BulkOperation.objects.filter(pk=operation.pk).update(claim_ids=[*operation.claim_ids, *missing], total=100_000)
    with CaptureQueriesContext(connection) as queries:
        page = second.get(many_address(operation))
    assert (page.context["possible"], page.context["gone"]) == (4, 99_996)
    assert len(queries) <= 20
