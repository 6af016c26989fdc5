"""Which channels stream just now, by heartbeats and by what their platforms say (G: only live streamers)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.game_state.live import Liveness, live_channels, look_at, tell_streams
from campaigns.models import Channel, ChannelStream, Game, Heartbeat
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_source

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def game(db: None) -> Game:
    return make.make_game()


def known(game: Game, platform: str = "kick", number: str = "900") -> Channel:
    return make.make_channel(game.organization, platform, platform_channel_id=number)


def is_live(channel: Channel, now: datetime = NOW) -> bool:
    return live_channels([channel.pk], now=now) == {channel.pk}


# By heartbeats.


def test_a_channel_is_live_for_five_minutes_after_its_last_heartbeat(game: Game) -> None:
    channel = known(game)
    assert look_at([channel.pk], now=NOW) == {channel.pk: Liveness(False, None)}
    beat(make_source(game), viewers=["1"], minute=NOW)
    assert look_at([channel.pk], now=NOW) == {channel.pk: Liveness(True, NOW)}
    assert is_live(channel, NOW + 5 * MINUTE)
    assert not is_live(channel, NOW + 5 * MINUTE + SECOND)


def test_a_heartbeat_tells_whether_it_was_counted_yet_or_not(game: Game) -> None:
    channel = known(game)
    beat(make_source(game), viewers=["1"], minute=NOW)
    assert Heartbeat.objects.get().channel is None
    assert is_live(channel)
    count_all(now=NOW + SECOND)
    assert Heartbeat.objects.get().channel == channel
    assert is_live(channel)


def test_a_heartbeat_that_comes_late_tells_nothing_of_now(game: Game) -> None:
    channel = known(game)
    beat(make_source(game), viewers=["1"], minute=NOW - HOUR, received_at=NOW)
    assert not is_live(channel)


def test_heartbeats_of_long_ago_are_not_read_through(game: Game) -> None:
    channel = known(game)
    source = make_source(game)
    beat(source, viewers=["1"], minute=NOW - HOUR)
    beat(source, viewers=["1"], minute=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert is_live(channel)
    newest_old = Heartbeat.objects.order_by("pk")[0].pk
    assert f'"id" > {newest_old}' in queries[-1]["sql"]


def test_l10_a_heartbeat_may_name_the_broadcaster_by_the_registered_identifier(game: Game) -> None:
    channel = known(game, "twitch", "4711")
    streamer = make.make_viewer(game.organization, "twitch", platform_user_id="4711")
    make.make_viewer(game.organization, "kick", platform_user_id="4711")
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    beat(source, viewers=["1"], minute=NOW, broadcaster=streamer.pk)
    assert is_live(channel)
    by_platform_id = known(game, "twitch", streamer.pk)
    assert not is_live(by_platform_id), "an identifier is no id of the platform"


def test_a_channel_of_the_same_id_elsewhere_is_another(game: Game) -> None:
    other = make.make_game()
    beat(make_source(game), viewers=["1"], minute=NOW)
    beat(make_source(other, "player"), viewers=["1"], minute=NOW)
    there = known(game)
    elsewhere = [known(game, "twitch"), known(game, "portal"), known(other)]
    channels = {channel.pk for channel in (there, *elsewhere)}
    assert live_channels(channels, now=NOW) == {there.pk}


# By the platform's word.


def test_what_a_platform_says_is_believed_until_it_says_otherwise_or_for_48_hours(game: Game) -> None:
    channel = known(game)
    tell_streams({channel.pk: True}, now=NOW)
    assert look_at([channel.pk], now=NOW + HOUR) == {channel.pk: Liveness(True, NOW)}
    assert is_live(channel, NOW + 48 * HOUR - SECOND)
    assert not is_live(channel, NOW + 48 * HOUR)
    tell_streams({channel.pk: False}, now=NOW + HOUR)
    assert look_at([channel.pk], now=NOW + 2 * HOUR) == {channel.pk: Liveness(False, NOW + HOUR)}


def test_heartbeats_of_a_stream_that_has_ended_do_not_bring_it_back(game: Game) -> None:
    channel, source = known(game), make_source(game)
    beat(source, viewers=["1"], minute=NOW)
    tell_streams({channel.pk: False}, now=NOW + 10 * SECOND)
    beat(source, viewers=["1"], minute=NOW + MINUTE)
    assert not is_live(channel, NOW + MINUTE)
    beat(source, viewers=["1"], minute=NOW + 2 * MINUTE)
    assert is_live(channel, NOW + 2 * MINUTE), "a new stream has begun"


def test_heartbeats_go_on_where_the_platforms_word_has_grown_old(game: Game) -> None:
    channel = known(game)
    tell_streams({channel.pk: True}, now=NOW - 49 * HOUR)
    beat(make_source(game), viewers=["1"], minute=NOW)
    assert look_at([channel.pk], now=NOW) == {channel.pk: Liveness(True, NOW)}


def test_an_answer_to_an_earlier_question_does_not_undo_what_was_told_since(game: Game) -> None:
    first, second = known(game), known(game, number="901")
    tell_streams({first.pk: True, second.pk: False}, now=NOW)
    tell_streams({first.pk: False, second.pk: True}, now=NOW - SECOND)
    assert live_channels([first.pk, second.pk], now=NOW) == {first.pk}
    assert ChannelStream.objects.count() == 2


# Many.


def test_a_thousand_channels_are_looked_at_together(game: Game, django_assert_max_num_queries: Any) -> None:
    channels = Channel.objects.bulk_create(
        Channel(organization=game.organization, platform="kick", platform_channel_id=str(number))
        for number in range(1000)
    )
    source = make_source(game)
    for number in (3, 500, 999):
        beat(source, viewers=["1"], minute=NOW, broadcaster=str(number))
    tell_streams({channels[7].pk: True}, now=NOW)
    with django_assert_max_num_queries(8):
        live = live_channels([channel.pk for channel in channels], now=NOW)
    assert live == {channels[number].pk for number in (3, 7, 500, 999)}


def test_one_and_twenty_channels_cost_the_same(game: Game) -> None:
    source, counts = make_source(game), []
    channels = [known(game, number=str(number)) for number in range(20)]
    for channel in channels:
        beat(source, viewers=["1"], minute=NOW, broadcaster=channel.platform_channel_id)
    for some in (channels[:1], channels):
        with CaptureQueriesContext(connection) as queries:
            assert len(live_channels([channel.pk for channel in some], now=NOW)) == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1] == 5


def test_nothing_is_asked_where_there_is_no_channel(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert live_channels([], now=NOW) == set()
