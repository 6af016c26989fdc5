"""Figures by day: minutes and distinct viewers of each day that is over, exact however late its heartbeats come (W4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns import tasks
from campaigns.models import Campaign, CampaignFigures, Game, HeartbeatSource, WatchedDay, WatchedHour, Watcher
from campaigns.rules.days import date_of, day_number, midnight_of
from campaigns.watch.checking import recount
from campaigns.watch.counting import count_due
from campaigns.watch.days import bring_up_to_date, days_of, out_of_date, work_out
from campaigns.watch.people import People
from tests import factories as make
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
"""The first midnight after ``NOW``, which is at noon."""
TODAY = day_number(MIDNIGHT)
LATER = MIDNIGHT + 3 * DAY


def up_to_date(now: datetime = LATER) -> bool:
    return bring_up_to_date(now=now, seconds=60)


def days(campaign: Campaign) -> dict[int, tuple[int, int]]:
    """Return minutes and viewers by the day, counted from ``MIDNIGHT``."""
    rows = days_of(Campaign.objects.filter(pk=campaign.pk), (0, 10**6))
    return {row.day - TODAY: (row.watched_minutes, row.viewers) for row in rows}


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC), 0),
        (datetime(1970, 1, 2, tzinfo=UTC), 1),
        (datetime.fromisoformat("2026-11-21T00:30:00+01:00"), TODAY - 1),
        (MIDNIGHT, TODAY),
    ],
)
def test_a_day_is_one_of_utc(moment: datetime, day: int) -> None:
    assert day_number(moment) == day
    assert midnight_of(day) <= moment < midnight_of(day + 1)
    assert date_of(day) == moment.astimezone(UTC).date()


def test_w2_a_viewer_of_several_hours_of_a_day_is_one_viewer_of_it(campaign: Campaign, source: HeartbeatSource) -> None:
    for moment, viewers in (
        (MIDNIGHT - 2 * MINUTE, ["ada"]),
        (MIDNIGHT - MINUTE, ["ada", "ben"]),
        (MIDNIGHT, ["ada"]),
        (MIDNIGHT + 5 * HOUR, ["ada", "cleo"]),
        (MIDNIGHT + 23 * HOUR + 59 * MINUTE, ["ada", "dora"]),
    ):
        beat(source, viewers=viewers, minute=moment)
    count_all()
    assert up_to_date()
    assert days(campaign) == {-1: (3, 2), 0: (5, 3)}


def test_viewers_of_all_shards_are_counted(campaign: Campaign, source: HeartbeatSource) -> None:
    for number, name in ((1, "ada"), (4096, "ben"), (4097, "cleo"), (9000, "dora")):
        viewer = make.make_viewer(source.game.organization, platform_user_id=name)
        Watcher.objects.create(number=number, viewer=viewer)
    for hour in range(3):
        beat(source, viewers=["ada", "ben", "cleo", "dora"], minute=MIDNIGHT + hour * HOUR)
    count_all()
    up_to_date()
    assert WatchedHour.objects.filter(campaign=campaign, kind=1).count() == 9
    assert days(campaign) == {0: (12, 4)}


def test_broadcasting_is_no_watching(campaign: Campaign, source: HeartbeatSource) -> None:
    beat(source, viewers=["ada"], minute=MIDNIGHT, broadcaster="900")
    count_all()
    up_to_date()
    assert CampaignFigures.objects.get(campaign=campaign).broadcast_minutes == 1
    assert days(campaign) == {0: (1, 1)}


def test_a_day_is_worked_out_once_it_is_over(campaign: Campaign, source: HeartbeatSource) -> None:
    beat(source, viewers=["ada"], minute=MIDNIGHT + HOUR)
    count_all()
    assert up_to_date(MIDNIGHT + DAY - timedelta(microseconds=1))
    assert days(campaign) == {}
    assert up_to_date(MIDNIGHT + DAY)
    assert days(campaign) == {0: (1, 1)}


def test_w4_a_heartbeat_that_comes_late_changes_the_day_it_is_of_and_no_other(
    campaign: Campaign, source: HeartbeatSource
) -> None:
    beat(source, viewers=["ada"], minute=MIDNIGHT)
    beat(source, viewers=["ada"], minute=MIDNIGHT + DAY)
    count_all()
    up_to_date()
    beat(source, viewers=["ada", "ben"], minute=MIDNIGHT + HOUR, received_at=LATER)
    assert out_of_date(now=LATER) == []  # stored, not counted yet
    count_all()
    assert out_of_date(now=LATER) == [(campaign.pk, TODAY)]
    up_to_date()
    assert days(campaign) == {0: (3, 2), 1: (1, 1)}
    assert out_of_date(now=LATER) == []


def test_w4_a_late_minute_that_was_credited_already_leaves_the_days_up_to_date(
    campaign: Campaign, source: HeartbeatSource
) -> None:
    beat(source, viewers=["ada"], minute=MIDNIGHT)
    count_all()
    up_to_date()
    beat(source, viewers=["ada"], minute=MIDNIGHT, broadcaster="901", received_at=LATER)
    count_all()
    assert out_of_date(now=LATER) == []


def test_only_what_was_asked_for_is_worked_out(game: Game, campaign: Campaign, source: HeartbeatSource) -> None:
    other = make_counted_campaign(game)
    for day in range(3):
        beat(source, viewers=["ada"], minute=MIDNIGHT + day * DAY)
    count_all()
    one = Campaign.objects.filter(pk=campaign.pk)
    assert bring_up_to_date(now=LATER, campaigns=one, days=(TODAY + 1, TODAY + 1), seconds=60)
    assert days(campaign) == {1: (1, 1)}
    assert bring_up_to_date(now=LATER, campaigns=one, seconds=60)
    assert days(campaign) == {0: (1, 1), 1: (1, 1), 2: (1, 1)}
    assert days(other) == {}


def test_o4_what_is_cut_off_goes_on_where_it_stopped(game: Game, campaign: Campaign, source: HeartbeatSource) -> None:
    for day in range(3):
        beat(source, viewers=["ada"], minute=MIDNIGHT + day * DAY)
    count_all()
    assert not bring_up_to_date(now=LATER, seconds=0)
    assert days(campaign) == {}
    work_out(*out_of_date(now=LATER)[0])
    assert days(campaign) == {0: (1, 1)}
    assert len(out_of_date(now=LATER)) == 2
    assert up_to_date()
    assert up_to_date()
    assert len(days(campaign)) == 3


def test_o2_a_process_that_read_earlier_and_writes_later_takes_nothing_away(
    campaign: Campaign, source: HeartbeatSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.watch import days as module

    beat(source, viewers=["ada"], minute=MIDNIGHT)
    count_all()
    earlier = list(module._masks(campaign.pk, TODAY))
    beat(source, viewers=["ben"], minute=MIDNIGHT + MINUTE)
    count_all()
    up_to_date()
    monkeypatch.setattr(module, "_masks", lambda *_: iter(earlier))
    work_out(campaign.pk, TODAY)
    assert days(campaign) == {0: (2, 2)}


def test_the_job_works_all_days_out_and_has_another_go_on_where_time_runs_out(
    campaign: Campaign, source: HeartbeatSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr("portal.going_on.async_task", lambda name, **_: called.append(name))
    beat(source, viewers=["ada"], minute=MIDNIGHT)
    count_all()
    with time_machine.travel(LATER):
        assert tasks.work_out_days(seconds=0) == "more days are to be worked out"
        assert called == ["campaigns.tasks.work_out_days"]
        assert tasks.work_out_days(continued=True) == "all days are up to date"
    assert days(campaign) == {0: (1, 1)}


def test_days_that_are_up_to_date_cost_one_query_however_many_campaigns_there_are(
    game: Game, source: HeartbeatSource
) -> None:
    counted: list[int] = []
    for number in (1, 19):
        for _ in range(number):
            make_counted_campaign(game)
        beat(source, viewers=["ada"], minute=MIDNIGHT + number * MINUTE)
        count_all()
        with CaptureQueriesContext(connection) as looked:
            assert out_of_date(now=LATER)
        counted.append(len(looked))
        up_to_date()
    with CaptureQueriesContext(connection) as idle:
        assert up_to_date()
    assert (counted, len(idle)) == ([3, 3], 1)


def test_crediting_minutes_touches_no_day(campaign: Campaign, source: HeartbeatSource) -> None:
    beat(source, viewers=["ada"], minute=MIDNIGHT)
    with CaptureQueriesContext(connection) as captured:
        count_all()
    assert not [query for query in captured if WatchedDay._meta.db_table in query["sql"]]


def add_a_viewer(campaign: Campaign) -> None:
    WatchedDay.objects.filter(campaign=campaign).update(viewers=F("viewers") + 1)


def add_a_minute(campaign: Campaign) -> None:
    WatchedDay.objects.filter(campaign=campaign).update(watched_minutes=F("watched_minutes") + 1)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (add_a_viewer, f"viewers of day {TODAY}: stored 3, counted 2"),
        (add_a_minute, f"watched minutes of day {TODAY}: stored 4, counted 3"),
    ],
)
def test_w6_a_day_that_is_wrong_is_found_and_named(
    campaign: Campaign, source: HeartbeatSource, damage: Callable[[Campaign], None], said: str
) -> None:
    for moment, viewers in ((MIDNIGHT, ["ada", "ben"]), (MIDNIGHT + HOUR, ["ada"])):
        beat(source, viewers=viewers, minute=moment)
    count_all()
    up_to_date()
    assert recount(campaign_id=campaign.pk).differences == []
    damage(campaign)
    assert [str(one) for one in recount(campaign_id=campaign.pk).differences] == [said]
    with pytest.raises(CommandError, match="differences"):
        call_command("check_watch_time")


def test_w6_a_day_that_is_to_be_worked_out_again_is_no_difference(campaign: Campaign, source: HeartbeatSource) -> None:
    beat(source, viewers=["ada"], minute=MIDNIGHT)
    count_all()
    up_to_date()
    beat(source, viewers=["ben"], minute=MIDNIGHT + MINUTE)
    count_all()
    assert recount(campaign_id=campaign.pk).differences == []


moments = st.integers(-3, 3).flatmap(lambda day: st.sampled_from([day * 1440 - 1, day * 1440, day * 1440 + 700]))
steps = st.one_of(
    st.tuples(st.just("beat"), moments, st.frozensets(st.sampled_from("abcdef"), max_size=4)),
    st.tuples(st.just("count"), st.integers(1, 5), st.none()),
    st.tuples(st.just("days"), st.integers(-1, 5), st.none()),
    st.tuples(st.just("one"), st.integers(-3, 3), st.none()),
)


@settings(max_examples=40)
@example([("beat", 0, frozenset("a")), ("count", 5, None), ("days", 5, None), ("beat", 700, frozenset("ab"))])
@given(st.lists(steps, max_size=20))
def test_w4_whenever_they_are_worked_out_the_days_are_those_of_a_set_of_viewers_and_minutes(
    played: list[tuple[str, int, Any]],
) -> None:
    with transaction.atomic():
        game = make.make_game()
        source, people = make_source(game), People()
        campaign = make_counted_campaign(game, starts_at=MIDNIGHT - 2 * DAY, published_at=MIDNIGHT - 9 * DAY)
        watched: set[tuple[str, int]] = set()
        end = MIDNIGHT + 6 * DAY
        for what, number, viewers in played:
            if what == "beat":
                beat(source, viewers=sorted(viewers), minute=MIDNIGHT + number * MINUTE, received_at=end)
                watched |= {(viewer, number) for viewer in viewers if number >= -2 * 1440}
            elif what == "count":
                count_due(now=end, people=people, most_viewers=number)
            elif what == "days":
                up_to_date(MIDNIGHT + number * DAY)
            else:
                work_out(campaign.pk, TODAY + number)
            assert recount(campaign_id=campaign.pk).differences == []
        count_all(now=end)
        up_to_date(end)

        minutes: defaultdict[int, set[tuple[str, int]]] = defaultdict(set)
        for viewer, minute in watched:
            minutes[minute // 1440].add((viewer, minute))
        assert days(campaign) == {
            day: (len(some), len({viewer for viewer, _m in some})) for day, some in minutes.items()
        }
        transaction.set_rollback(True)
