"""Who counts holds a lease; who is overtaken nevertheless doubles no minute and loses none (W6, O4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Model

from campaigns.models import (
    Campaign,
    ChannelFigures,
    CountingLease,
    Game,
    Heartbeat,
    HeartbeatSource,
    WatchedHour,
    WatchedTotal,
)
from campaigns.watch.checking import recount
from campaigns.watch.counting import LEASE, count_due
from campaigns.watch.people import People
from campaigns.watch.writing import Overtaken
from portal.models import Organization
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    return make_counted_campaign(game, minutes=[1])


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
