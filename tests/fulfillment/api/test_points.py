"""How often a client may call (S4, A1): in portions, and together never more than there are."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.api import points
from fulfillment.api.points import PORTIONS, Purses, Spent
from fulfillment.models import ApiClient, ApiUse
from tests import factories as make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE = 20.0


@pytest.fixture
def client() -> ApiClient:
    return make.make_api_client(make.make_organization())


def spender(purses: Purses, client: ApiClient, *, limit: int, who: str = "") -> Callable[[datetime], Spent]:
    return lambda now: purses.spend(client_id=client.pk, who=who, limit=limit, now=now)


def allowed(spend: Callable[[datetime], Spent], now: datetime, *, calls: int) -> int:
    return sum(spend(now).allowed for _ in range(calls))


@pytest.mark.parametrize("limit", [1, 2, 39, 40, 41, 79, 80, 800, 810])
def test_s4_one_process_allows_exactly_as_many_as_there_are(client: ApiClient, limit: int) -> None:
    spend = spender(Purses(), client, limit=limit)
    told = [spend(NOON) for _ in range(limit + 5)]
    assert [spent.allowed for spent in told] == [True] * limit + [False] * 5
    assert [spent.remaining for spent in told] == [*range(limit - 1, -1, -1), 0, 0, 0, 0, 0]
    assert {(spent.limit, spent.reset) for spent in told} == {(limit, int((NOON + MINUTE).timestamp()))}


def test_s4_a_portion_of_calls_costs_one_statement_and_those_refused_none(client: ApiClient) -> None:
    spend = spender(Purses(), client, limit=10 * PORTIONS)
    with CaptureQueriesContext(connection) as counted:
        assert allowed(spend, NOON, calls=10) == 10
    assert len(counted) == 1
    allowed(spend, NOON, calls=10 * PORTIONS)
    with CaptureQueriesContext(connection) as counted:
        assert allowed(spend, NOON, calls=100) == 0
    assert len(counted) == 0


@settings(max_examples=60)
@given(limit=st.integers(1, 200), calls=st.lists(st.integers(0, 4), max_size=300))
def test_s4_processes_together_never_allow_more_and_lose_less_than_a_portion_each(limit: int, calls: list[int]) -> None:
    client = make.make_api_client(make.make_organization())
    processes = [spender(Purses(), client, limit=limit) for _ in range(5)]
    done = sum(processes[number](NOON).allowed for number in calls)
    assert done <= limit
    portion = max(1, limit // PORTIONS)
    rest = sum(allowed(spend, NOON, calls=limit + 1) for spend in processes)
    assert done + rest == limit, "points of a portion are lost only with the process that took it"
    assert ApiUse.objects.get(client=client).calls <= limit + 5 * portion


def test_s4_what_a_process_took_and_did_not_spend_is_lost_until_the_minute_is_over(client: ApiClient) -> None:
    limit = 2 * PORTIONS
    gone = Purses()
    assert spender(gone, client, limit=limit)(NOON).allowed
    gone.forget()
    assert allowed(spender(Purses(), client, limit=limit), NOON, calls=limit) == limit - 2


def test_s4_the_next_minute_has_all_points_again(client: ApiClient) -> None:
    purses = Purses()
    spend = spender(purses, client, limit=5)
    last = NOON + timedelta(seconds=59, milliseconds=999)
    assert allowed(spend, NOON, calls=3) + allowed(spend, last, calls=9) == 5
    refused = spend(last)
    assert (refused.allowed, refused.wait(now=last)) == (False, 1)
    assert refused.wait(now=NOON) == 60
    assert allowed(spend, NOON + MINUTE, calls=9) == 5
    row = ApiUse.objects.get()
    assert row.minute == int((NOON + MINUTE).timestamp()) // 60
    assert row.calls == 5


def test_s4_points_left_over_are_not_carried_into_the_next_minute(client: ApiClient) -> None:
    spend = spender(Purses(), client, limit=10 * PORTIONS)
    spend(NOON)
    assert spend(NOON + MINUTE).remaining == 10 * PORTIONS - 1
    assert allowed(spend, NOON + MINUTE, calls=20 * PORTIONS) == 10 * PORTIONS - 1


@settings(max_examples=60)
@given(
    limit=st.integers(1, 90),
    calls=st.lists(st.tuples(st.integers(0, 2), st.integers(-3, 3)), max_size=120),
)
def test_s4_clocks_that_differ_or_go_back_give_nobody_more(limit: int, calls: list[tuple[int, int]]) -> None:
    client = make.make_api_client(make.make_organization())
    processes = [spender(Purses(), client, limit=limit) for _ in range(3)]
    by_minute: defaultdict[int, int] = defaultdict(int)
    newest = None
    for number, minutes in calls:
        spent = processes[number](NOON + minutes * MINUTE)
        newest = minutes if newest is None else max(newest, minutes)
        # What a clock behind spends, the newest minute that anybody knows of pays.
        by_minute[newest] += spent.allowed
    # A portion taken in a minute may still be spent by a process that is behind when the next has begun elsewhere.
    spare = 2 * max(1, limit // PORTIONS)
    assert all(count <= limit + spare for count in by_minute.values())
    assert sum(by_minute.values()) <= limit * max(1, len(by_minute))


def test_s4_a_clock_that_went_back_goes_on_with_the_points_of_the_minute_it_knew(client: ApiClient) -> None:
    spend = spender(Purses(), client, limit=5)
    assert allowed(spend, NOON, calls=3) == 3
    assert allowed(spend, NOON - 3 * MINUTE, calls=9) == 2
    assert allowed(spend, NOON + MINUTE, calls=9) == 5


def test_s4_clients_and_players_have_points_of_their_own(client: ApiClient) -> None:
    purses = Purses()
    other = make.make_api_client(client.organization)
    assert allowed(spender(purses, client, limit=2), NOON, calls=9) == 2
    assert allowed(spender(purses, other, limit=2), NOON, calls=9) == 2
    assert allowed(spender(purses, client, limit=2, who="17"), NOON, calls=9) == 2
    assert ApiUse.objects.count() == 3


def test_s4_a_limit_that_was_raised_counts_at_once_and_a_lower_one_with_the_next_portion(client: ApiClient) -> None:
    purses = Purses()
    assert allowed(spender(purses, client, limit=2), NOON, calls=9) == 2
    assert allowed(spender(purses, client, limit=10), NOON, calls=20) == 8
    assert allowed(spender(purses, client, limit=3), NOON, calls=9) == 0
    assert spender(purses, client, limit=3)(NOON).remaining == 0


def test_purses_of_minutes_that_are_over_are_not_kept(client: ApiClient) -> None:
    purses = Purses()
    for number in range(20):
        spender(purses, client, limit=5, who=str(number))(NOON)
    assert len(purses._left) == 20
    spender(purses, client, limit=5)(NOON + MINUTE)
    assert len(purses._left) == 1


def test_s4_threads_of_one_process_share_its_purse(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0

    def take(client_id: str, who: str, *, minute: int, portion: int) -> int:
        # Called under the purses' lock alone, so that nothing else need guard this.
        nonlocal taken
        before = taken
        threading.Event().wait(0.0005)
        taken = before + portion
        return taken

    monkeypatch.setattr(points, "_take", take)
    spend = spender(Purses(), client, limit=400)
    assert sum(at_once(lambda: allowed(spend, NOON, calls=100), threads=8)) == 400
    assert taken == 400


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_s4_processes_at_the_same_moment_never_allow_more(client: ApiClient) -> None:
    def process() -> int:
        try:
            return allowed(spender(Purses(), client, limit=100), NOON, calls=60)
        finally:
            connection.close()

    for _ in range(3):
        ApiUse.objects.all().delete()
        assert sum(at_once(process, threads=6)) == 100


def at_once(deed: Callable[[], int], *, threads: int) -> list[int]:
    start = threading.Barrier(threads)
    results: list[int] = []

    def run() -> None:
        start.wait(PATIENCE)
        results.append(deed())

    all_of_them = [threading.Thread(target=run) for _ in range(threads)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join(PATIENCE)
    assert len(results) == threads
    return results
