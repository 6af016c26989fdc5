"""The order of the partner API's lists (A3): each claim's number is given as it becomes visible, and none is ever passed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from fulfillment.claims import hold_claims, release_claims
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.listing import Place, give_places, listed_as, place_of
from fulfillment.models import Claim, ClaimListing, Endpoint
from fulfillment.rules.states import LISTED, State
from portal.models import Organization
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import LATER, World, settle
from tests.together import at_once

pytestmark = pytest.mark.django_db

PATIENCE = 20.0


@pytest.fixture
def world() -> World:
    world = World()
    Endpoint.objects.update(mode=Endpoint.Mode.PULL)
    return world


def number(claim: Claim) -> int | None:
    claim.refresh_from_db()
    return claim.listed_no


def claims_of(organization: Organization, count: int, **fields: Any) -> list[Claim]:
    return [make.make_claim(organization, state=State.HELD, **fields) for _ in range(count)]


def test_a3_numbers_follow_each_other_in_the_order_of_the_ids_of_one_call() -> None:
    organization = make.make_organization()
    claims = claims_of(organization, 3)
    first = give_places(claims[::-1])
    assert [first[claim.pk] for claim in claims] == [Place("kick", 1), Place("kick", 2), Place("kick", 3)]
    again = give_places(claims[:1])
    assert again == {claims[0].pk: Place("kick", 4)}
    assert ClaimListing.objects.get(organization=organization).last == 4


def test_a3_each_organization_counts_for_itself_in_one_statement() -> None:
    here, there = make.make_organization(), make.make_organization()
    claims = [claim for pair in zip(claims_of(here, 3), claims_of(there, 3), strict=True) for claim in pair]
    give_places(claims[:1])
    with CaptureQueriesContext(connection) as counted:
        places = give_places(claims)
    assert len(counted) == 1
    assert [places[claim.pk].number for claim in claims if claim.organization_id == here.pk] == [2, 3, 4]
    assert [places[claim.pk].number for claim in claims if claim.organization_id == there.pk] == [1, 2, 3]


def test_nothing_costs_nothing() -> None:
    with CaptureQueriesContext(connection) as counted:
        assert give_places([]) == {}
    assert len(counted) == 0


@pytest.mark.parametrize(
    ("platform", "source", "shape"),
    [
        ("kick", Claim.Source.WEBHOOK, "kick"),
        ("twitch", Claim.Source.SWEEP, "twitch"),
        ("kick", Claim.Source.PORTAL, "portal"),
        ("twitch", Claim.Source.STAFF, "portal"),
        ("portal", Claim.Source.PORTAL, "portal"),
    ],
)
def test_a5_a_claim_that_no_platform_has_is_listed_as_the_portal_s(platform: str, source: str, shape: str) -> None:
    claim = make.make_claim(make.make_organization(), platform, source=source, state=State.HELD)
    assert listed_as(claim) == shape
    assert place_of(claim) == Place("", None)
    assert give_places([claim])[claim.pk] == Place(shape, 1)


def test_a3_what_is_never_visible_has_no_number_and_what_becomes_so_has_one(world: World) -> None:
    waiting, linked = world.claim(platform_user_id="8"), world.claim(platform_user_id="7")
    world.link("7")
    settle()
    assert (number(waiting), number(linked)) == (None, 1)
    world.link("8")
    settle()
    assert (number(waiting), number(linked)) == (2, 1)


def test_a3_working_it_out_again_and_moves_within_sight_keep_the_number(world: World) -> None:
    claim = world.claim(platform_user_id="7")
    world.link("7")
    settle()
    Claim.objects.update(resolve_at=LATER)
    settle()
    for state in (State.DELIVERING, State.FAILED, State.DELIVERED, State.CONFIRMED, State.READY):
        with transaction.atomic():
            move_claims([Move(one, state) for one in lock_claims([claim.pk])], now=LATER)
        assert state in LISTED
        assert number(claim) == 1


def test_a3_what_went_out_of_sight_and_came_back_has_a_new_number(world: World) -> None:
    staff = make.make_staff(world.organization)
    claims = [world.claim(platform_user_id=user) for user in ("7", "8")]
    for user in ("7", "8"):
        world.link(user)
    settle()
    first, second = claims
    assert [number(claim) for claim in claims] == [1, 2]
    hold_claims(claim_ids=[first.pk], actor=staff, now=LATER, reason="looked into")
    assert (number(first), first.state) == (1, State.HELD)
    release_claims(claim_ids=[first.pk], actor=staff, now=LATER, reason="fine")
    settle()
    first.refresh_from_db()
    assert (first.state, first.listed_no) == (State.READY, 3)
    assert number(second) == 2


def test_a3_also_one_that_was_attempted_before_it_was_held(world: World) -> None:
    staff = make.make_staff(world.organization)
    claim = world.claim(platform_user_id="7")
    world.link("7")
    settle()
    Claim.objects.update(state=State.FAILED, attempted_at=NOW)
    hold_claims(claim_ids=[claim.pk], actor=staff, now=LATER, reason="looked into")
    release_claims(claim_ids=[claim.pk], actor=staff, now=LATER, reason="fine")
    settle()
    claim.refresh_from_db()
    assert (claim.state, claim.listed_no) == (State.READY, 2)


def test_a3_a_number_that_was_rolled_back_was_never_seen() -> None:
    organization = make.make_organization()
    first, second = claims_of(organization, 2)

    def fail() -> None:
        with transaction.atomic():
            give_places([first])
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fail()
    assert give_places([second])[second.pk].number == 1


# Several at the same moment.


def show(claims: list[Claim]) -> None:
    """Make claims visible as resolving does: with their numbers, in one transaction."""
    for pk, place in give_places(claims).items():
        Claim.objects.filter(pk=pk).update(
            state=State.CONFIRMED, listed_as=place.listed_as, listed_no=place.number, state_changed_at=NOW
        )


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a3_no_number_is_committed_after_a_higher_one() -> None:
    organization = make.make_organization()
    batches = [claims_of(organization, 30) for _ in range(4)]
    stop = threading.Event()
    seen: list[set[int]] = []

    def write(batch: list[Claim]) -> Callable[[], None]:
        def deed() -> None:
            for at in range(0, len(batch), 3):
                with transaction.atomic():
                    show(batch[at : at + 3])

        return deed

    def watch() -> None:
        listed = Claim.objects.filter(organization=organization, state=State.CONFIRMED)
        while not stop.is_set():
            seen.append(set(listed.values_list("listed_no", flat=True)))  # type: ignore[arg-type]

    watcher = threading.Thread(target=lambda: (watch(), connection.close()))
    watcher.start()
    assert at_once(*[write(batch) for batch in batches]) == []
    stop.set()
    watcher.join(PATIENCE)
    watch_all = [*seen, set(range(1, 121))]
    for numbers in watch_all:
        assert numbers == set(range(1, len(numbers) + 1)), "what is visible has no gap that fills later"
    assert set(Claim.objects.values_list("listed_no", flat=True)) == set(range(1, 121))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a3_those_of_one_organization_wait_for_each_other_and_for_no_other() -> None:
    here, there = make.make_organization(), make.make_organization()
    (first,), (second,), (elsewhere,) = claims_of(here, 1), claims_of(here, 1), claims_of(there, 1)
    numbered, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            show([first])
            numbered.set()
            assert may_commit.wait(PATIENCE)

    def other_organization() -> None:
        assert numbered.wait(PATIENCE)
        with transaction.atomic():
            show([elsewhere])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(Exception, match="lock timeout"), transaction.atomic():
            show([second])
        may_commit.set()

    assert at_once(slow, other_organization) == []
    assert (number(first), number(elsewhere), number(second)) == (1, 1, None)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_numbers_of_several_organizations_are_taken_without_a_deadlock() -> None:
    organizations = [make.make_organization() for _ in range(4)]
    batches = [[claims_of(organization, 1)[0] for organization in organizations for _ in range(5)] for _ in range(4)]

    def write(batch: list[Claim]) -> Callable[[], None]:
        def deed() -> None:
            for _ in range(5):
                with transaction.atomic():
                    give_places(batch)

        return deed

    assert (
        at_once(write(batches[0]), write(batches[1][::-1]), write(batches[2][5:] + batches[2][:5]), write(batches[3]))
        == []
    )
    assert set(ClaimListing.objects.values_list("last", flat=True)) == {100}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a3_processes_that_resolve_at_once_give_each_claim_one_number() -> None:
    world = World()
    Endpoint.objects.update(mode=Endpoint.Mode.PULL)
    for user in range(30):
        world.link(str(user))
        world.claim(platform_user_id=str(user), resolve_at=NOW - timedelta(seconds=1))
    assert at_once(*[settle] * 4) == []
    settle()
    ready = Claim.objects.filter(state=State.READY).order_by("listed_no")
    assert list(ready.values_list("listed_no", flat=True)) == list(range(1, 31))
