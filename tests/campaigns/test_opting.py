"""Leaving a game's global campaigns and coming back (C7): intervals, once each, and what they do to minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignChannel, Channel, ChannelOptOut, Game
from campaigns.opting import OwnChannel, opt_in, opt_out, standings_of
from portal.models import AuditEntry
from tests.factories import NOW, make_campaign, make_channel, make_game, make_organization, make_user
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def game() -> Game:
    return make_game()


@pytest.fixture
def channel(game: Game) -> Channel:
    return make_channel(game.organization, platform_channel_id="900")


def own(channel: Channel, *games: Game, only: bool = False) -> OwnChannel:
    return OwnChannel(
        organization_id=channel.organization_id,
        platform=channel.platform,
        user_id=channel.platform_channel_id,
        game_ids=frozenset(game.pk for game in games),
        only=only,
    )


def listed(campaign: Campaign, channel: Channel) -> None:
    CampaignChannel.objects.create(campaign=campaign, channel=channel, listed_at=NOW - timedelta(days=1))


def test_c7_leaving_and_coming_back_are_intervals_with_who_did_it(game: Game, channel: Channel) -> None:
    streamer = make_user()
    opt_out(channel=channel, game=game, actor=streamer, now=NOW)
    later = NOW + timedelta(hours=1)
    assert opt_in(channel=channel, game=game, actor=streamer, now=later)
    row = ChannelOptOut.objects.get()
    assert (row.started_at, row.ended_at) == (NOW, later)
    entries = list(AuditEntry.objects.order_by("pk").values_list("action", "actor", "object_id"))
    assert entries == [
        ("opted out of global Drops", streamer.pk, channel.pk),
        ("opted in to global Drops", streamer.pk, channel.pk),
    ]


def test_c7_pressed_twice_each_is_done_once(game: Game, channel: Channel) -> None:
    first = opt_out(channel=channel, game=game, actor=None, now=NOW)
    again = opt_out(channel=channel, game=game, actor=None, now=NOW + timedelta(minutes=1))
    assert (again.pk, again.started_at) == (first.pk, NOW)
    assert opt_in(channel=channel, game=game, actor=None, now=NOW + timedelta(minutes=2))
    assert not opt_in(channel=channel, game=game, actor=None, now=NOW + timedelta(minutes=3))
    assert AuditEntry.objects.count() == 2
    assert ChannelOptOut.objects.get().ended_at == NOW + timedelta(minutes=2)


def test_c7_out_of_one_game_is_in_for_the_others(game: Game, channel: Channel) -> None:
    other = make_game(game.organization)
    opt_out(channel=channel, game=game, actor=None, now=NOW)
    rows = {row.game: row.out_since for row in standings_of([own(channel, game, other)], now=NOW)[0].games}
    assert rows == {game: NOW, other: None}


def test_i4_a_game_of_another_organization_is_none_of_the_channels(channel: Channel) -> None:
    with pytest.raises(ValueError, match="same organization"):
        opt_out(channel=channel, game=make_game(), actor=None, now=NOW)
    with pytest.raises(ValueError, match="same organization"):
        opt_in(channel=channel, game=make_game(), actor=None, now=NOW)


def test_c7_minutes_between_leaving_and_coming_back_do_not_count_whenever_they_arrive(
    game: Game, channel: Channel
) -> None:
    campaign = make_counted_campaign(game)
    source = make_source(game)
    opt_out(channel=channel, game=game, actor=None, now=NOW + timedelta(minutes=10))
    opt_in(channel=channel, game=game, actor=None, now=NOW + timedelta(minutes=20))
    late = NOW + timedelta(hours=3)
    for minute in range(30):
        beat(source, viewers=["1"], minute=NOW + timedelta(minutes=minute), broadcaster="900", received_at=late)
    count_all()
    assert totals(campaign)["1"] == 20


def test_c7_a_listed_channel_counts_in_that_campaign_whatever_it_chose(game: Game, channel: Channel) -> None:
    everybody = make_counted_campaign(game)
    chosen = make_counted_campaign(game, scope="allow_list")
    listed(chosen, channel)
    opt_out(channel=channel, game=game, actor=None, now=NOW - timedelta(hours=1))
    beat(make_source(game), viewers=["1"], minute=NOW, broadcaster="900")
    count_all()
    assert totals(everybody) == {}
    assert totals(chosen)["1"] == 1
    standing = standings_of([own(channel, game)], now=NOW)[0]
    assert standing.bound == (chosen,)
    assert standing.games[0].campaigns == (everybody,)


@pytest.mark.parametrize(
    ("fields", "platform", "named"),
    [
        ({}, "kick", True),
        ({}, "twitch", False),
        ({"test_mode": True}, "kick", False),
        ({"starts_at": NOW + timedelta(days=2), "announces_at": NOW - timedelta(days=1)}, "kick", True),
        ({"starts_at": NOW + timedelta(days=2), "announces_at": NOW + timedelta(days=1)}, "kick", False),
        ({"ends_at": NOW - timedelta(minutes=1)}, "kick", False),
        ({"status": "cancelled"}, "kick", False),
    ],
)
def test_c7_campaigns_are_named_that_viewers_may_know_of_and_that_the_portal_counts_there(
    game: Game, channel: Channel, fields: dict[str, datetime | bool], platform: str, named: bool
) -> None:
    campaign = make_counted_campaign(game, platform=platform, **fields)
    rows = standings_of([own(channel, game)], now=NOW)[0].games
    assert [found.campaigns for found in rows] == [(campaign,) if named else ()]


def test_c7_games_come_from_links_and_from_what_runs(game: Game, channel: Channel) -> None:
    further = make_game(game.organization)
    campaign = make_counted_campaign(game)
    campaign.further_games.create(game=further)
    make_game(game.organization, name="Nothing runs")
    shown = {row.game for row in standings_of([own(channel)], now=NOW)[0].games}
    assert shown == {game, further}
    assert [row.game for row in standings_of([own(channel, game, only=True)], now=NOW)[0].games] == [game]


def test_an_unknown_channel_has_a_standing_too_and_none_is_made(game: Game) -> None:
    make_campaign(game, scope="allow_list")
    unknown = OwnChannel(game.organization_id, "kick", "777", frozenset({game.pk}))
    standing = standings_of([unknown], now=NOW)[0]
    assert (standing.channel, standing.bound) == (None, ())
    assert not Channel.objects.exists()


def test_twenty_channels_are_read_with_as_many_queries_as_one() -> None:
    channels = []
    for _ in range(20):
        organization = make_organization()
        game = make_game(organization)
        channel = make_channel(organization)
        make_counted_campaign(game)
        listed(make_counted_campaign(game, scope="allow_list"), channel)
        opt_out(channel=channel, game=game, actor=None, now=NOW)
        channels.append(own(channel, game))
    with CaptureQueriesContext(connection) as one:
        standings_of(channels[:1], now=NOW)
    with CaptureQueriesContext(connection) as twenty:
        standings = standings_of(channels, now=NOW)
    assert len(one) == len(twenty)
    assert all(row.bound and row.games[0].out_since and row.games[0].campaigns for row in standings)
