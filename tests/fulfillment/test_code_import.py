"""Importing codes (D8): what is read, what is told of it, and that nothing is stored twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from fulfillment.code_import import Found, ImportRefused, confirm_import, read_import
from fulfillment.code_stock import counted_pools, standing_of
from fulfillment.models import CodeImport, CodePool, RewardCode
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.rules.stock import Rate, forecast, problem_of, suffix_of
from portal.models import AuditEntry
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.stock import LATER, StockWorld, settle, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StockWorld:
    return StockWorld()


def found_in(pool: CodePool, text: str) -> tuple[Found, CodeImport]:
    actor = make.make_staff(pool.organization)
    waiting = read_import(pool=pool, lines=text.splitlines(keepends=True), actor=actor, now=NOW)
    waiting.refresh_from_db()
    found = Found(**waiting.found)
    found.twice, found.bad = [tuple(one) for one in found.twice], [tuple(one) for one in found.bad]
    return found, waiting


def take(pool: CodePool, text: str) -> int:
    _found, waiting = found_in(pool, text)
    return confirm_import(waiting=waiting, actor=make.make_staff(pool.organization), now=NOW)


def test_d8_an_import_tells_of_each_line_that_it_leaves_out(world: StockWorld) -> None:
    pool = world.pool()
    other = CodePool.objects.create(
        organization=world.organization, reward=make.make_reward(world.game, image=False), name="Other keys"
    )
    take(pool, "KNOWN-1111\n")
    take(other, "ELSEWHERE-1\n")
    found, waiting = found_in(
        pool, "NEW-AAAA-1\n\nKNOWN-1111\nab\nNEW-AAAA-1\ntwo words here\nELSEWHERE-1\nNEW-AAAA-2\n"
    )
    assert (found.new, found.twice, found.bad) == (2, [(5, 1)], [(4, "too_short"), (6, "spaces")])
    assert (found.in_pool, found.elsewhere, found.pools) == ([3], [7], ["Other keys"])
    assert RewardCode.objects.count() == 2  # nothing of it is stored yet
    assert confirm_import(waiting=waiting, actor=make.make_staff(world.organization), now=NOW) == 2
    assert pool.codes.count() == 3


def test_d8_a_csv_is_read_by_its_column_named_code(world: StockWorld) -> None:
    pool = world.pool()
    found, waiting = found_in(pool, "\ufeffregion;Code\nEU;AAAA-BBBB-1\nUS; AAAA-BBBB-2 \n")
    assert (found.new, found.bad) == (2, [])
    confirm_import(waiting=waiting, actor=make.make_staff(world.organization), now=NOW)
    assert sorted(code.value for code in pool.codes.all()) == ["AAAA-BBBB-1", "AAAA-BBBB-2"]


def test_d8_importing_the_same_again_or_twice_at_once_stores_nothing_twice(world: StockWorld) -> None:
    pool = world.pool()
    _one, first = found_in(pool, "AAAA-1\nAAAA-2\n")
    _two, second = found_in(pool, "AAAA-2\nAAAA-3\n")
    actor = make.make_staff(world.organization)
    assert confirm_import(waiting=first, actor=actor, now=NOW) == 2
    assert confirm_import(waiting=first, actor=actor, now=NOW) == 0  # the other press
    assert confirm_import(waiting=second, actor=actor, now=NOW) == 1
    assert AuditEntry.objects.filter(action="imported codes").count() == 2
    assert not CodeImport.objects.exists()


def test_d8_the_same_code_in_two_organizations_is_two_codes(world: StockWorld) -> None:
    pool, other = world.pool(), StockWorld().pool()
    assert (take(pool, "SAME-1234\n"), take(other, "SAME-1234\n")) == (1, 1)


def test_d8_nothing_readable_of_a_code_is_in_the_database(world: StockWorld) -> None:
    pool = world.pool()
    _found, waiting = found_in(pool, "SECRET-PART-9876\n")
    confirm_import(waiting=waiting, actor=make.make_staff(world.organization), now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT value, fingerprint, suffix FROM fulfillment_rewardcode")
        value, fingerprint, suffix = cursor.fetchone()
    assert "SECRET" not in value + fingerprint
    assert suffix == "9876"
    assert "SECRET" not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("text", ["", "\n\n", "code\n"])
def test_d8_an_import_without_codes_is_refused(world: StockWorld, text: str) -> None:
    with pytest.raises(ImportRefused):
        found_in(world.pool(), text)


def test_d8_importing_has_the_oldest_waiting_claims_go_on(world: StockWorld) -> None:
    pool = world.pool()
    claims = [world.claimed(number, minutes=9 - number) for number in range(3)]
    settle()
    assert take(pool, "AAAA-0001\nAAAA-0002\n") == 2
    settle()
    assert [state_of(claim)[0] for claim in claims] == [State.DELIVERED, State.DELIVERED, State.HELD]
    assert state_of(claims[2])[1] == Code.POOL_EMPTY


@pytest.mark.parametrize(("code", "suffix"), [("ABCDEFGHIJ", "GHIJ"), ("ABCDEF", "EF"), ("ABCD", ""), ("ABCDE", "E")])
def test_d8_the_end_that_lists_show_never_gives_most_of_a_code_away(code: str, suffix: str) -> None:
    assert problem_of(code) is None
    assert suffix_of(code) == suffix


def test_d8_a_forecast_says_nothing_where_nothing_tells(world: StockWorld) -> None:
    day = timedelta(days=1)
    assert forecast(free=100, rates=[Rate(2, day), Rate(2, 7 * day)], now=NOW).rate is None
    assert forecast(free=100, rates=[Rate(50, day)], now=NOW).until == NOW + 2 * day
    assert forecast(free=100_000, rates=[Rate(3, day)], now=NOW).until is None
    slow = forecast(free=10, rates=[Rate(0, day), Rate(70, 7 * day)], now=NOW)
    assert slow.until == NOW + day


def test_d8_the_pace_of_a_young_pool_is_that_of_its_time(world: StockWorld) -> None:
    pool = world.pool(codes=20)
    for number in range(10):
        world.claimed(number)
    settle()
    two_hours_later = LATER + timedelta(hours=2)
    [counted] = counted_pools(CodePool.objects.filter(pk=pool.pk), now=two_hours_later)
    standing = standing_of(counted, now=two_hours_later)
    assert (standing.free, standing.is_low) == (10, False)
    assert standing.forecast.until == two_hours_later + timedelta(hours=2)
