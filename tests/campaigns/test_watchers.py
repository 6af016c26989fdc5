"""Who watched is numbered once and remembered as long as there is room (W6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Game, Heartbeat, HeartbeatSource, Participation, Viewer, Watcher
from campaigns.watch.counting import count_due
from campaigns.watch.people import Naming, People
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    return make_counted_campaign(game, minutes=[1])


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
