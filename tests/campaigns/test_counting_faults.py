"""What goes wrong while counting holds nobody else up, and costs nobody a minute (W6, O4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.models import F, Model
from django.test.utils import CaptureQueriesContext

from campaigns import hooks
from campaigns.hooks import Earned
from campaigns.models import (
    Campaign,
    ChannelFigures,
    CountingLease,
    Game,
    Heartbeat,
    HeartbeatSource,
    HeartbeatViewers,
    Participation,
    Viewer,
    WatchedHour,
    WatchedTotal,
    Watcher,
)
from campaigns.watch.arrays import by_shard, pack, united, unpack_masks
from campaigns.watch.checking import recount
from campaigns.watch.counting import LEASE, count_due
from campaigns.watch.loop import Counter
from campaigns.watch.people import Naming, People
from campaigns.watch.writing import Overtaken
from portal.models import Organization
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=1)
AGAIN = timedelta(minutes=15)


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    return make_counted_campaign(game, minutes=[1])


Hook = Callable[[Sequence[Earned]], None]


class Hooks:
    """What is called with what was earned, while it is there."""

    def __init__(self) -> None:
        self.added: list[Hook] = []

    def add(self, function: Hook) -> None:
        self.added.append(function)
        hooks.rewards_earned.append(function)

    def heal(self) -> None:
        while self.added:
            hooks.rewards_earned.remove(self.added.pop())


@pytest.fixture
def fault() -> Iterator[Hooks]:
    fault = Hooks()
    yield fault
    fault.heal()


def fails_for(user: str, error: Exception) -> Hook:
    def fail(earned: Sequence[Earned]) -> None:
        if any(Viewer.objects.get(pk=one.viewer_id).platform_user_id == user for one in earned):
            raise error

    return fail


# --- one heartbeat that cannot be counted -----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no"), IntegrityError("no"), ZeroDivisionError()])
def test_a_heartbeat_that_cannot_be_counted_is_put_aside_and_stops_no_other(
    source: HeartbeatSource, campaign: Campaign, fault: Hooks, error: Exception
) -> None:
    fault.add(fails_for("poison", error))
    for number in range(11):
        beat(source, viewers=["poison" if number == 4 else f"v{number}"], minute=NOW, broadcaster=str(number))
    assert count_due(now=LATER, people=People()) == 11
    assert totals(campaign) == {f"v{number}": 1 for number in range(11) if number != 4}
    assert Heartbeat.objects.filter(due_at__isnull=False).values_list("broadcaster", "due_at", "outcome").get() == (
        "4",
        LATER + AGAIN,
        "waiting",
    )
    fault.heal()
    assert count_due(now=LATER + AGAIN - MINUTE, people=People()) == 0
    assert count_due(now=LATER + AGAIN, people=People()) == 1
    assert totals(campaign)["poison"] == 1
    assert recount(campaign_id=campaign.pk).differences == []


def test_w6_a_row_that_somebody_made_a_moment_ago_is_no_reason_to_put_a_heartbeat_aside(
    source: HeartbeatSource, campaign: Campaign, fault: Hooks
) -> None:
    failures: list[Exception] = []

    def fail_once(_earned: Sequence[Earned]) -> None:
        if not failures:
            failures.append(IntegrityError("it is there already"))
            raise failures[0]

    fault.add(fail_once)
    beat(source, viewers=["a"], minute=NOW)
    assert count_due(now=LATER, people=People()) == 1
    assert (len(failures), totals(campaign)) == (1, {"a": 1})


@pytest.mark.parametrize("stored", [b"", b"no", b"\xff", b"[", b'["a"'])
def test_a_list_that_cannot_be_read_is_put_aside_and_stops_no_other(
    source: HeartbeatSource, campaign: Campaign, stored: bytes
) -> None:
    for number in range(3):
        beat(source, viewers=[f"v{number}"], minute=NOW, broadcaster=str(number))
    HeartbeatViewers.objects.filter(heartbeat__broadcaster="1").update(ids=stored)
    count_all(now=LATER)
    assert set(totals(campaign)) >= {"v0", "v2"}
    assert "v1" not in totals(campaign)


def test_one_stream_at_a_time_goes_on_beside_a_heartbeat_that_cannot_be_counted(fault: Hooks) -> None:
    game = make.make_game(make.make_organization(one_stream_at_a_time=True))
    source, campaign = make_source(game), make_counted_campaign(game, minutes=[1])
    fault.add(fails_for("poison", ValueError("no")))
    for channel in ("5", "3", "4", "1", "2"):
        beat(
            source,
            viewers=["a", f"only-{channel}", *(["poison"] if channel == "3" else [])],
            minute=NOW,
            broadcaster=channel,
        )
    count_all(now=LATER)
    assert totals(campaign) == {"a": 1, **{f"only-{channel}": 1 for channel in "1245"}}


# --- an organization that cannot be counted ---------------------------------------------------------------------------


def test_one_organizations_fault_keeps_no_other_from_its_turn(fault: Hooks) -> None:
    fault.add(fails_for("away", OperationalError("the disk is full")))
    campaigns = []
    for number in range(3):
        game = make.make_game()
        campaigns.append(make_counted_campaign(game, minutes=[1]))
        beat(make_source(game), viewers=["away" if number == 0 else "here"], minute=NOW)
    with pytest.raises(OperationalError, match="disk is full"):
        count_due(now=LATER, people=People())
    assert [totals(campaign) for campaign in campaigns] == [{}, {"here": 1}, {"here": 1}]
    assert Heartbeat.objects.filter(due_at__lte=LATER).count() == 1
    fault.heal()
    assert count_due(now=LATER, people=People()) == 1
    assert totals(campaigns[0]) == {"away": 1}


def test_the_loop_outlives_a_fault_and_goes_on_when_it_is_over(
    source: HeartbeatSource, campaign: Campaign, fault: Hooks
) -> None:
    failures: list[int] = []

    def fail_twice(_earned: Sequence[Earned]) -> None:
        if len(failures) < 2:
            failures.append(1)
            raise OperationalError("the database is away")

    fault.add(fail_twice)
    beat(source, viewers=["a"], minute=NOW)
    counter = Counter(clock=lambda: LATER)
    assert [counter._round() for _ in range(3)] == [False, False, True]
    assert totals(campaign) == {"a": 1}


# --- leases -----------------------------------------------------------------------------------------------------------


def test_who_has_no_lease_counts_nothing_until_it_has_run_out(source: HeartbeatSource, campaign: Campaign) -> None:
    organization = source.game.organization
    CountingLease.objects.create(organization=organization, holder="dead", until=LATER + LEASE)
    beat(source, viewers=["a"], minute=NOW)
    for seconds, counted in ((0, 0), (59, 0), (60, 1)):
        assert count_due(now=LATER + timedelta(seconds=seconds), holder="alive", people=People()) == counted
    lease = CountingLease.objects.get()
    assert (lease.holder, lease.until) == ("alive", LATER + LEASE)
    assert totals(campaign) == {"a": 1}


def test_a_lease_of_ones_own_is_no_hindrance_and_is_given_back(source: HeartbeatSource, campaign: Campaign) -> None:
    CountingLease.objects.create(organization=source.game.organization, holder="me", until=LATER + LEASE)
    beat(source, viewers=["a"], minute=NOW)
    assert count_due(now=LATER, holder="me", people=People()) == 1
    beat(source, viewers=["a"], minute=NOW + MINUTE)
    assert count_due(now=LATER, holder="another", people=People()) == 1
    assert totals(campaign) == {"a": 2}


# --- others at the same work ------------------------------------------------------------------------------------------


class Meanwhile:
    """Does something once in the middle of a round: when all was read, and before anything is written."""

    def __init__(self, deed: Callable[[], Any], last_read: type[Model]) -> None:
        self.deed, self.seen, self.table = deed, 0, last_read._meta.db_table

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if sql.startswith("SELECT") and self.table in sql:
            self.seen += 1
            if self.seen == 2:  # the minutes of viewers, then those of who streams: the last that is read
                self.deed()
        return found


def count_meanwhile(deed: Callable[[], Any], last_read: type[Model] = WatchedTotal, **options: Any) -> int:
    meanwhile = Meanwhile(deed, last_read)
    with connection.execute_wrapper(meanwhile):
        counted = count_due(now=LATER, people=People(), **options)
    assert meanwhile.seen >= 2
    return counted


def test_w6_who_is_overtaken_with_everything_writes_nothing(source: HeartbeatSource, campaign: Campaign) -> None:
    for number in range(3):
        beat(source, viewers=["a", f"v{number}"], minute=NOW + number * MINUTE)
    count_meanwhile(lambda: count_due(now=LATER + LEASE, holder="quicker", people=People()))
    assert totals(campaign) == {"a": 3, "v0": 1, "v1": 1, "v2": 1}
    assert recount(campaign_id=campaign.pk).differences == []


def test_w6_who_is_overtaken_with_what_adds_no_minute_adds_nothing_to_the_figures_either(
    source: HeartbeatSource, campaign: Campaign
) -> None:
    for _ in range(2):
        beat(source, viewers=["a"], minute=NOW)
        if not ChannelFigures.objects.exists():
            count_all()
    quicker = People()
    count_meanwhile(lambda: count_due(now=LATER + LEASE, holder="quicker", people=quicker), last_read=WatchedHour)
    assert ChannelFigures.objects.values_list("heartbeats", "reported_minutes").get() == (2, 2)
    assert totals(campaign) == {"a": 1}


def test_w6_who_is_overtaken_with_some_counts_the_rest(source: HeartbeatSource, campaign: Campaign) -> None:
    for number in range(5):
        beat(source, viewers=["a", f"v{number}"], minute=NOW + number * MINUTE)
    count_meanwhile(lambda: count_due(now=LATER + LEASE, holder="quicker", people=People(), most_viewers=4))
    assert totals(campaign) == {"a": 5, **{f"v{number}": 1 for number in range(5)}}
    assert not Heartbeat.objects.filter(due_at__isnull=False).exists()
    assert recount(campaign_id=campaign.pk).differences == []


@pytest.mark.parametrize("settled", [False, True])
def test_w6_who_counts_others_minutes_of_the_same_viewers_meanwhile_doubles_none(settled: bool) -> None:
    game = make.make_game(make.make_organization(one_stream_at_a_time=settled))
    source, campaign = make_source(game), make_counted_campaign(game, minutes=[2])
    beat(source, viewers=["a", "b"], minute=NOW)

    def another() -> None:
        Heartbeat.objects.update(due_at=LATER + timedelta(days=1))  # what is being counted is not seen by the other
        beat(source, viewers=["b", "c"], minute=NOW, broadcaster="901")
        beat(source, viewers=["a", "b"], minute=NOW + MINUTE)
        count_due(now=LATER + LEASE, holder="quicker", people=People())
        Heartbeat.objects.filter(due_at__isnull=False).update(due_at=NOW)

    count_meanwhile(another)
    count_all()
    assert totals(campaign) == {"a": 2, "b": 2, "c": 1}
    assert recount(campaign_id=campaign.pk).differences == []


def raise_version(model: type[WatchedHour] | type[WatchedTotal], kind: int) -> None:
    model.objects.filter(kind=kind).update(version=F("version") + 100)


def test_w6_who_is_overtaken_again_and_again_gives_up_for_now_and_loses_nothing(
    source: HeartbeatSource, campaign: Campaign
) -> None:
    for minute in range(2):
        beat(source, viewers=["a"], minute=NOW + minute * MINUTE)
        if not minute:
            count_all()

    def disturb(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if sql.startswith("SELECT") and WatchedTotal._meta.db_table in sql:
            raise_version(WatchedTotal, 1)
        return found

    with connection.execute_wrapper(disturb), pytest.raises(Overtaken):
        count_due(now=LATER, people=People())
    assert totals(campaign) == {"a": 1}
    assert Heartbeat.objects.filter(due_at=NOW + MINUTE).count() == 1
    count_all()
    assert totals(campaign) == {"a": 2}
    assert recount(campaign_id=campaign.pk).differences == []


@pytest.mark.parametrize("model", [WatchedHour, WatchedTotal])
@pytest.mark.parametrize("kind", [1, 2])
def test_w6_each_row_is_written_only_in_the_version_that_was_read(
    source: HeartbeatSource, campaign: Campaign, model: type[WatchedHour] | type[WatchedTotal], kind: int
) -> None:
    beat(source, viewers=["a"], minute=NOW)
    count_all()
    beat(source, viewers=["a"], minute=NOW + MINUTE)
    count_meanwhile(lambda: raise_version(model, kind))
    assert totals(campaign) == {"a": 2}
    assert model.objects.get(kind=kind).version == 102
    assert recount(campaign_id=campaign.pk).differences == []


@pytest.mark.parametrize("model", [WatchedHour, WatchedTotal])
def test_w6_a_row_that_was_made_meanwhile_is_not_written_over(
    source: HeartbeatSource, campaign: Campaign, model: type[WatchedHour] | type[WatchedTotal]
) -> None:
    beat(source, viewers=["a"], minute=NOW)
    held = list(Heartbeat.objects.values_list("pk", flat=True))

    def another() -> None:
        Heartbeat.objects.filter(pk__in=held).update(due_at=None)
        at = NOW if model is WatchedHour else NOW + timedelta(hours=1)
        beat(source, viewers=["b"], minute=at, broadcaster="901", received_at=NOW + timedelta(hours=1))
        count_due(now=LATER + LEASE, holder="quicker", people=People())
        Heartbeat.objects.filter(pk__in=held).update(due_at=NOW)

    count_meanwhile(another)
    count_all()
    assert totals(campaign) == {"a": 1, "b": 1}
    assert recount(campaign_id=campaign.pk).differences == []


def test_w6_a_heartbeat_that_another_has_counted_meanwhile_is_not_put_aside(
    source: HeartbeatSource, campaign: Campaign, fault: Hooks
) -> None:
    beat(source, viewers=["a"], minute=NOW)

    def counted_by_another_then_fails(_earned: Sequence[Earned]) -> None:
        raise ValueError("no")

    fault.add(counted_by_another_then_fails)

    def finish(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if 'SET "due_at"' in sql and "IS NOT NULL" in sql:
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE {Heartbeat._meta.db_table} SET outcome = 'counted', due_at = NULL")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(finish):
        count_due(now=LATER, people=People())
    assert Heartbeat.objects.values_list("due_at", "outcome").get() == (None, "counted")


# --- who is remembered ------------------------------------------------------------------------------------------------


def test_however_few_are_remembered_nobody_loses_a_minute(game: Game, campaign: Campaign) -> None:
    sources = [make_source(game), make_source(game, platform="twitch"), make_source(game, "player")]
    for platform in ("twitch", "portal"):
        campaign.platforms.create(platform=platform, counted_by="portal")
    people = People(remembered_at_most=3)
    for minute in range(4):
        for source in sources:
            beat(source, viewers=[f"{source.platform}{n}" for n in range(5)], minute=NOW + minute * MINUTE)
            if minute % 2:
                count_due(now=LATER, people=people)
    count_due(now=LATER, people=people)
    assert totals(campaign) == {f"{source.platform}{n}": 4 for source in sources for n in range(5)}
    assert not Heartbeat.objects.exclude(unknown=0).exists()


def test_what_is_remembered_is_asked_for_no_more_and_has_a_limit(game: Game) -> None:
    naming = Naming(game.organization_id, "kick", registered=False)
    for at_most, forgotten in ((5, False), (4, True)):
        people = People(remembered_at_most=at_most)
        first = people.numbers(naming, [["a", "b", "c"], ["d", "e"]], now=NOW)
        people.make_room()
        with CaptureQueriesContext(connection) as queries:
            second = people.numbers(naming, [["a", "b", "c"], ["d", "e"]], now=NOW)
        assert (len(queries) > 0) == forgotten
        assert [list(numbers) for numbers, _ in first] == [list(numbers) for numbers, _ in second]


def test_numbers_are_given_once_and_remembered(game: Game) -> None:
    naming = Naming(game.organization_id, "kick", registered=False)
    one, other = People(), People()
    ((first, unknown),) = one.numbers(naming, [["b", "a", "c"]], now=NOW)
    assert (sorted(first), unknown) == (list(first), 0)
    ((second, _unknown),) = other.numbers(naming, [["c", "a", "b", "d"]], now=NOW)
    assert set(second) > set(first)
    assert Watcher.objects.count() == Viewer.objects.count() == 4
    ours = Naming(game.organization_id, "kick", registered=True)
    ids = [*Viewer.objects.values_list("pk", flat=True), "nobody", ""]
    ((found, unknown),) = one.numbers(ours, [ids], now=NOW)
    assert (list(found), unknown) == (list(second), 2)
    assert one.numbers(naming, [], now=NOW) == []


def test_more_new_people_at_once_than_one_statement_takes(source: HeartbeatSource, campaign: Campaign) -> None:
    ids = [str(n) for n in range(5_003)]
    beat(source, viewers=ids, minute=NOW)
    count_all()
    assert totals(campaign) == dict.fromkeys(ids, 1)
    assert Participation.objects.filter(campaign=campaign).count() == 5_003  # the broadcaster 900 is one of them


# --- arrays -----------------------------------------------------------------------------------------------------------


def test_arrays_unite_numbers_and_minutes_as_sets_do() -> None:
    parts = [([1, 5, 4096], 0), ([5, 7], 59), ([], 3), ([1, 5], 0), ([2**40], 30)]
    numbers, bits = united([(np.array(some, dtype=np.int64), minute) for some, minute in parts])
    expected: dict[int, set[int]] = {}
    for some, minute in parts:
        for number in some:
            expected.setdefault(number, set()).add(minute)
    assert list(numbers) == sorted(expected)
    for number, mask in zip(numbers, bits, strict=True):
        assert {minute for minute in range(60) if int(mask) >> minute & 1} == expected[number]
    nobody, none = united([(np.array([], dtype=np.int64), 1)])
    assert (nobody.size, none.size) == (0, 0)


def test_arrays_split_at_the_edges_of_shards() -> None:
    numbers = np.array([0, 4095, 4096, 8191, 2**31, 2**40 + 1], dtype=np.int64)
    found = [(shard, [int(slot) for slot in slots]) for shard, _part, slots in by_shard(numbers)]
    assert found == [(0, [0, 4095]), (1, [0, 4095]), (2**19, [0]), (2**28, [1])]
    assert list(by_shard(np.array([], dtype=np.int64))) == []


def test_arrays_are_read_as_they_were_stored() -> None:
    masks = np.arange(4096, dtype="<u8") << np.uint64(40)
    assert (unpack_masks(pack(masks)) == masks).all()
    assert (unpack_masks(memoryview(pack(masks))) == masks).all()


def test_the_clock_of_one_process_may_be_ahead(source: HeartbeatSource, campaign: Campaign) -> None:
    def at(moment: datetime, holder: str) -> int:
        return count_due(now=moment, holder=holder, people=People())

    beat(source, viewers=["a"], minute=NOW)
    assert at(LATER + timedelta(minutes=5), "ahead") == 1
    beat(source, viewers=["a"], minute=NOW + MINUTE)
    assert at(LATER, "behind") == 0  # the lease was given back at a time that is still to come here
    assert at(LATER + timedelta(minutes=5), "behind") == 1
    assert totals(campaign) == {"a": 2}
    assert Organization.objects.count() == 1
