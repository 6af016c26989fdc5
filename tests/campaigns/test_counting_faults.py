"""What goes wrong while counting holds nobody else up, and costs nobody a minute (W6, O4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection

from campaigns import hooks
from campaigns.hooks import Earned
from campaigns.models import Campaign, Game, Heartbeat, HeartbeatSource, HeartbeatViewers, Viewer
from campaigns.watch.checking import recount
from campaigns.watch.counting import count_due
from campaigns.watch.loop import Counter
from campaigns.watch.people import People
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=1)
AGAIN = timedelta(minutes=15)


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
