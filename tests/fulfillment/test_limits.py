"""Limits of a campaign's rewards: in all and per day, held over and going on by themselves, never given over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.claims import abandon_claims, release_claims, reopen_claims
from fulfillment.models import Claim, RewardCode, RewardGiven
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.rules.stock import day_in
from fulfillment.stock import given_of
from fulfillment.waiting import let_waiting_go_on
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.stock import LATER, StockWorld, check_books, make_codes, settle, state_of

pytestmark = pytest.mark.django_db

OVER = (State.HELD, Code.LIMIT_REACHED)
OVER_TODAY = (State.HELD, Code.DAILY_LIMIT_REACHED)


@pytest.fixture
def world() -> StockWorld:
    return StockWorld()


def given_out(world: StockWorld, now=LATER) -> tuple[int, int]:
    place = world.place.pk
    return given_of([place], {place: day_in(world.campaign.time_zone, now)})[place]


def test_limits_give_the_first_to_come_and_hold_the_rest(world: StockWorld) -> None:
    world.limit(limit_total=2)
    claims = [world.claimed(number, minutes=10 - number) for number in range(4)]
    settle()
    assert [state_of(claim)[0] for claim in claims] == [State.READY, State.READY, State.HELD, State.HELD]
    assert state_of(claims[2]) == OVER
    assert given_out(world) == (2, 2)
    check_books()


def test_limits_count_what_was_given_before_there_was_one(world: StockWorld) -> None:
    for number in range(3):
        world.claimed(number)
    settle()
    world.limit(limit_total=2)  # lower than given already: allowed, and nothing more goes out
    late = world.claimed(9)
    settle()
    assert state_of(late) == OVER
    assert given_out(world) == (3, 3)


def test_limits_raised_let_the_oldest_go_on(world: StockWorld) -> None:
    world.limit(limit_total=1)
    claims = [world.claimed(number, minutes=10 - number) for number in range(4)]
    settle()
    world.limit(limit_total=3)
    assert let_waiting_go_on(now=LATER) == 2
    settle()
    assert [state_of(claim)[0] for claim in claims] == [State.READY] * 3 + [State.HELD]
    assert let_waiting_go_on(now=LATER) == 0
    check_books()


def test_limits_of_a_day_hold_until_the_next_day_of_the_campaigns_zone(world: StockWorld) -> None:
    type(world.campaign).objects.filter(pk=world.campaign.pk).update(time_zone="Pacific/Auckland")
    world.campaign.refresh_from_db()
    world.limit(limit_per_day=1)
    first, second = world.claimed(1, minutes=9), world.claimed(2)
    evening = NOW.replace(hour=10, minute=59)  # 23:59 in Auckland
    for claim in (first, second):
        Claim.objects.filter(pk=claim.pk).update(resolve_at=evening)
    settle(evening)
    assert (state_of(first)[0], state_of(second)) == (State.READY, OVER_TODAY)
    assert let_waiting_go_on(now=evening) == 0
    midnight = evening + timedelta(minutes=1)
    assert let_waiting_go_on(now=midnight) == 1
    settle(midnight)
    assert state_of(second)[0] == State.READY
    assert given_out(world, midnight) == (2, 1)
    check_books()


def test_limits_are_freed_by_what_is_abandoned_and_taken_again_by_what_is_reopened(world: StockWorld) -> None:
    world.limit(limit_total=1)
    first, second = world.claimed(1, minutes=9), world.claimed(2)
    settle()
    who = {"actor": make.make_staff(world.organization), "now": LATER, "reason": "why"}
    abandon_claims(claim_ids=[first.pk], **who)
    assert given_out(world) == (0, 0)
    assert let_waiting_go_on(now=LATER) == 1
    settle()
    assert state_of(second)[0] == State.READY
    reopen_claims(claim_ids=[first.pk], **who)
    settle()
    assert state_of(first) == OVER
    check_books()


def test_limits_let_through_what_a_person_releases_and_count_it(world: StockWorld) -> None:
    world.limit(limit_total=1, limit_per_day=1)
    claims = [world.claimed(number, minutes=10 - number) for number in range(3)]
    settle()
    who = {"actor": make.make_staff(world.organization), "now": LATER, "reason": "why"}
    release_claims(claim_ids=[claims[1].pk], **who)
    settle()
    assert state_of(claims[1]) == OVER_TODAY  # the other limit is another decision
    release_claims(claim_ids=[claims[1].pk], **who)
    settle()
    assert [state_of(claim)[0] for claim in claims] == [State.READY, State.READY, State.HELD]
    assert given_out(world) == (2, 2)
    assert set(RewardGiven.objects.values_list("given", "allowed")) == {(2, 2)}


def test_limits_with_a_pool_take_no_place_without_a_code_and_no_code_without_a_place(world: StockWorld) -> None:
    pool = world.pool(codes=1)
    world.limit(limit_total=3)
    for number in range(5):
        world.claimed(number, minutes=10 - number)
    settle()
    assert given_out(world) == (1, 1)
    make_codes(pool, 10, start=100)
    let_waiting_go_on(now=LATER)
    settle()
    assert given_out(world) == (3, 3)
    assert RewardCode.objects.filter(claim__isnull=False).count() == 3
    assert Claim.objects.filter(reason=Code.LIMIT_REACHED).count() == 2
    check_books()


def test_limits_do_not_count_what_was_fulfilled_before_the_portal(world: StockWorld) -> None:
    world.limit(limit_total=1)
    world.claimed(1, reason=Code.FULFILLED_ELSEWHERE)
    mine = world.claimed(2)
    settle()
    assert state_of(mine)[0] == State.READY
    assert given_out(world) == (1, 1)


@dataclass
class Model:
    """The same in a few lines: places and codes are two numbers, and claims wait in the order in which they came."""

    limit: int | None = None
    daily: int | None = None
    codes: int | None = None
    given: dict[int, int] = field(default_factory=dict)  # claim, day
    waiting: list[int] = field(default_factory=list)

    def arrive(self, claim: int, day: int) -> None:
        if not self._give(claim, day):
            self.waiting.append(claim)

    def go_on(self, day: int) -> None:
        for claim in list(self.waiting):
            if self._give(claim, day):
                self.waiting.remove(claim)

    def _give(self, claim: int, day: int) -> bool:
        today = sum(1 for other in self.given.values() if other == day)
        full = self.limit is not None and len(self.given) >= self.limit
        full |= self.daily is not None and today >= self.daily
        if full or self.codes == 0:
            return False
        if self.codes is not None:
            self.codes -= 1
        self.given[claim] = day
        return True

    def abandon(self, claim: int) -> None:
        self.given.pop(claim, None)
        if claim in self.waiting:
            self.waiting.remove(claim)


class Play:
    """The steps on the real tables beside the model."""

    def __init__(self, *, has_pool: bool) -> None:
        self.world = StockWorld()
        self.pool = self.world.pool() if has_pool else None
        self.model = Model(codes=0 if has_pool else None)
        self.claims: list[Claim] = []
        self.now = LATER
        self.actor = make.make_staff(self.world.organization)

    @property
    def day(self) -> int:
        return day_in("UTC", self.now)

    def arrive(self, count: int) -> None:
        for _ in range(count):
            number = len(self.claims)
            self.claims.append(self.world.claimed(number, minutes=1000 - number, resolve_at=self.now))
            self.model.arrive(number, self.day)
        settle(self.now)

    def limit(self, value: int | None) -> None:
        self.world.limit(limit_total=value)
        self.model.limit = value

    def daily(self, value: int | None) -> None:
        self.world.limit(limit_per_day=value)
        self.model.daily = value

    def codes(self, count: int) -> None:
        if self.pool is not None:
            make_codes(self.pool, count, start=self.pool.codes.count())
            self.model.codes = (self.model.codes or 0) + count

    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def abandon(self, number: int) -> None:
        if number < len(self.claims):
            ids = [self.claims[number].pk]
            if abandon_claims(claim_ids=ids, actor=self.actor, now=self.now, reason="why").done:
                self.model.abandon(number)

    def go_on(self) -> None:
        for _ in range(30):
            if not let_waiting_go_on(now=self.now):
                break
            settle(self.now)
        self.model.go_on(self.day)

    def given(self) -> set[int]:
        sent = set(Claim.objects.filter(state__in=[State.READY, State.DELIVERED]).values_list("pk", flat=True))
        return {number for number, claim in enumerate(self.claims) if claim.pk in sent}


steps = st.one_of(
    st.tuples(st.just("arrive"), st.integers(1, 4)),
    st.tuples(st.just("limit"), st.one_of(st.none(), st.integers(1, 6))),
    st.tuples(st.just("daily"), st.one_of(st.none(), st.integers(1, 3))),
    st.tuples(st.just("abandon"), st.integers(0, 12)),
    st.tuples(st.just("codes"), st.integers(1, 3)),
    st.tuples(st.just("wait"), st.just(1)),
)


@settings(max_examples=25, deadline=None)
@given(has_pool=st.booleans(), steps=st.lists(steps, max_size=14))
def test_limits_and_codes_are_given_as_a_simple_model_has_it(
    has_pool: bool, steps: list[tuple[str, int | None]]
) -> None:
    play = Play(has_pool=has_pool)
    for what, value in steps:
        getattr(play, what)(value)
        play.go_on()
        assert play.given() == set(play.model.given)
        check_books()
