"""One stream at a time: whose a viewer's minute is, whenever it is counted and whatever is counted together (W8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.models import Campaign, ChannelOptOut, Game, Heartbeat, HeartbeatSource, MinuteKind, RegisteredIdentifier
from campaigns.watch.checking import recount
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SETTLED = NOW + 4 * MINUTE
TICK = timedelta(microseconds=1)


@pytest.fixture
def game() -> Game:
    return make.make_game(make.make_organization(one_stream_at_a_time=True))


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)


Sides = Callable[[], dict[str, dict[str, int]]]


@pytest.fixture
def sides(game: Game, source: HeartbeatSource) -> Sides:
    """Return what tells, for the channels 1, 2, 10 and 30, whom each was credited: a campaign lists each of them alone."""
    campaigns = {}
    for channel in ("1", "2", "10", "30"):
        campaigns[channel] = make_counted_campaign(game, scope=Campaign.Scope.ALLOW_LIST)
        row = make.make_channel(game.organization, platform_channel_id=channel)
        campaigns[channel].channels.create(channel=row, listed_at=NOW - timedelta(days=1))
    return lambda: {channel: found for channel, campaign in campaigns.items() if (found := totals(campaign))}


def test_w8_a_minute_belongs_to_the_lowest_channel_in_whatever_order_they_come(
    source: HeartbeatSource, sides: Sides
) -> None:
    for number, order in enumerate(itertools.permutations(["2", "10", "30"])):
        for channel in order:
            beat(source, viewers=[f"v{number}", f"only-{channel}"], minute=NOW, broadcaster=channel)
    count_all(now=SETTLED)
    found = sides()
    assert found["2"] == {**{f"v{number}": 1 for number in range(6)}, "only-2": 1}
    assert (found["10"], found["30"]) == ({"only-10": 1}, {"only-30": 1})


def test_w8_nothing_is_counted_before_the_minute_is_settled(source: HeartbeatSource, sides: Sides) -> None:
    beat(source, viewers=["a"], minute=NOW, broadcaster="2")
    assert count_all(now=SETTLED - TICK) == 0
    assert sides() == {}
    assert count_all(now=SETTLED) == 1
    assert sides() == {"2": {"a": 1}}


def test_w8_what_comes_late_counts_only_where_the_minute_has_no_owner(source: HeartbeatSource, sides: Sides) -> None:
    beat(source, viewers=["a"], minute=NOW, broadcaster="10")
    count_all(now=SETTLED)
    beat(source, viewers=["a", "b"], minute=NOW, broadcaster="1", received_at=SETTLED)
    count_all(now=SETTLED)
    beat(source, viewers=["a", "b", "c"], minute=NOW, broadcaster="2", received_at=SETTLED + MINUTE)
    count_all(now=SETTLED + MINUTE)
    assert sides() == {"10": {"a": 1}, "1": {"b": 1}, "2": {"c": 1}}


def test_w8_who_came_late_is_late_also_where_counting_itself_was_late(source: HeartbeatSource, sides: Sides) -> None:
    beat(source, viewers=["a"], minute=NOW, broadcaster="1", received_at=SETTLED + 2 * TICK)
    beat(source, viewers=["a", "b"], minute=NOW, broadcaster="2", received_at=SETTLED + TICK)
    beat(source, viewers=["a", "c"], minute=NOW, broadcaster="30")
    beat(source, viewers=["a", "b", "c", "d"], minute=NOW, broadcaster="10", received_at=SETTLED + 3 * TICK)
    count_all()
    assert sides() == {"30": {"a": 1, "c": 1}, "2": {"b": 1}, "10": {"d": 1}}


@pytest.mark.parametrize("most_viewers", [1, 2, 3, 4, 5, 7, 100])
def test_w8_it_is_the_same_however_few_are_counted_at_a_time(
    source: HeartbeatSource, sides: Sides, most_viewers: int
) -> None:
    for channel in ("30", "10", "2", "1"):
        for minute in (1, 0):
            viewers = [f"{minute}{letter}" for letter in "abc" if letter >= {"1": "c", "2": "b"}.get(channel, "a")]
            beat(source, viewers=viewers, minute=NOW + minute * MINUTE, broadcaster=channel)
    count_all(most_viewers=most_viewers)
    assert sides() == {
        "1": {"0c": 1, "1c": 1},
        "2": {"0b": 1, "1b": 1},
        "10": {"0a": 1, "1a": 1},
    }


@pytest.mark.parametrize("most_viewers", [1, 100])
def test_w8_of_channels_known_by_identifiers_the_channel_id_decides(
    game: Game, sides: Sides, most_viewers: int
) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    campaigns = {}
    viewer = make.make_viewer(game.organization, "twitch", platform_user_id="viewer")
    for user in ("100", "9", "10"):
        streamer = make.make_viewer(game.organization, "twitch", platform_user_id=user)
        RegisteredIdentifier.objects.create(credential=credential, viewer=streamer, wanted_at=NOW)
        channel = make.make_channel(game.organization, "twitch", platform_channel_id=user)
        campaigns[user] = make_counted_campaign(game, platform="twitch", scope=Campaign.Scope.ALLOW_LIST)
        campaigns[user].channels.create(channel=channel, listed_at=NOW - MINUTE)
        beat(source, viewers=[viewer.pk], minute=NOW, broadcaster=streamer.pk)
    count_all(most_viewers=most_viewers)
    assert {user: totals(campaign) for user, campaign in campaigns.items()} == {"100": {}, "9": {"viewer": 1}, "10": {}}


def test_w8_a_channel_that_counts_nowhere_may_own_the_minute(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game)
    opted_out = make.make_channel(game.organization, platform_channel_id="1")
    ChannelOptOut.objects.create(channel=opted_out, game=game, started_at=NOW - timedelta(days=1))
    beat(source, viewers=["a", "b"], minute=NOW, broadcaster="1")
    beat(source, viewers=["b", "c"], minute=NOW, broadcaster="2")
    count_all()
    assert totals(campaign) == {"c": 1}
    assert Heartbeat.objects.get(broadcaster="1").outcome == "nowhere"


def test_w8_where_no_campaign_runs_nobody_owns_anything(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, starts_at=NOW + timedelta(seconds=30))
    beat(source, viewers=["a"], minute=NOW, broadcaster="1")
    beat(source, viewers=["a"], minute=NOW + timedelta(seconds=30), broadcaster="2")
    count_all()
    assert totals(campaign) == {"a": 1}


def test_w8_an_unknown_broadcaster_owns_nothing_until_it_is_known(game: Game) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    campaign = make_counted_campaign(game, platform="twitch")
    unknown, known, viewer, other = (
        make.make_viewer(game.organization, "twitch", platform_user_id=user) for user in ("1", "2", "viewer", "other")
    )
    RegisteredIdentifier.objects.create(credential=credential, viewer=known, wanted_at=NOW)
    beat(source, viewers=[viewer.pk, other.pk], minute=NOW, broadcaster=unknown.pk)
    beat(source, viewers=[viewer.pk], minute=NOW, broadcaster=known.pk)
    count_all()
    assert totals(campaign) == {"viewer": 1}
    from campaigns.heartbeats.again import count_again

    RegisteredIdentifier.objects.create(credential=credential, viewer=unknown, wanted_at=NOW)
    count_again(broadcaster=unknown.pk, now=SETTLED)
    count_all()
    assert totals(campaign) == {"viewer": 1, "other": 1}


def test_w8_two_games_of_an_organization_share_their_viewers_minutes_and_two_organizations_do_not(game: Game) -> None:
    second = make.make_game(game.organization)
    foreign = make.make_game(make.make_organization(one_stream_at_a_time=True))
    campaigns = [make_counted_campaign(each) for each in (game, second, foreign)]
    for channel, each in zip(("2", "1", "3"), (game, second, foreign), strict=True):
        beat(make_source(each), viewers=["a"], minute=NOW, broadcaster=channel)
    count_all()
    assert [totals(campaign) for campaign in campaigns] == [{}, {"a": 1}, {"a": 1}]


def test_w8_who_streams_gets_the_minute_whoever_owns_the_viewers(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game)
    for channel in ("1", "2"):
        beat(source, viewers=["a"], minute=NOW, broadcaster=channel)
    count_all()
    assert totals(campaign) == {"a": 1}
    assert totals(campaign, MinuteKind.BROADCAST) == {"1": 1, "2": 1}


def test_w8_a_channel_sent_twice_owns_its_viewers_once(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game)
    for seconds in (0, 20, 40):
        beat(source, viewers=["a", "b"], minute=NOW + timedelta(seconds=seconds), broadcaster="1")
    count_all()
    assert totals(campaign) == {"a": 1, "b": 1}
    assert recount(campaign_id=campaign.pk).differences == []


def test_w8_hours_and_minutes_are_settled_each_by_itself(source: HeartbeatSource, sides: Sides) -> None:
    start = NOW.replace(minute=57)
    for minute in range(6):
        channels = ("2", "1") if minute % 2 else ("1", "2")
        for channel in channels[: 1 + (minute > 2)]:
            beat(source, viewers=["a"], minute=start + minute * MINUTE, broadcaster=channel)
    count_all()
    assert sides() == {"1": {"a": 5}, "2": {"a": 1}}


@pytest.mark.parametrize("other", [{"one_stream_at_a_time": False}, {"one_stream_at_a_time": True}])
def test_w2_w8_the_option_decides_which_campaigns_get_the_minute(other: dict[str, Any]) -> None:
    game = make.make_game(make.make_organization(**other))
    source = make_source(game)
    listed = []
    for channel in ("1", "2"):
        campaign = make_counted_campaign(game, scope=Campaign.Scope.ALLOW_LIST)
        row = make.make_channel(game.organization, platform_channel_id=channel)
        campaign.channels.create(channel=row, listed_at=datetime(2026, 1, 1, tzinfo=NOW.tzinfo))
        listed.append(campaign)
        beat(source, viewers=["a"], minute=NOW, broadcaster=channel)
    count_all()
    assert [totals(campaign) for campaign in listed] == [{"a": 1}, {} if other["one_stream_at_a_time"] else {"a": 1}]
