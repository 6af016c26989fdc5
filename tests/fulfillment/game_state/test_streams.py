"""Keeping whether channels stream: told by webhook, asked for where nothing else tells (G: only live streamers)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.game_state.live import live_channels
from campaigns.models import Channel, ChannelStream, Game, GameSession
from fulfillment.game_state.streams import Asked, ask_for_streams
from fulfillment.game_state.tasks import ask_which_channels_are_live
from fulfillment.webhooks.events import announce
from portal.models import PlatformCredential
from portal.platforms.messages import StreamChanged
from tests import factories as make
from tests.doubles.platform_server import KickApi, PlatformServer, TwitchApi
from tests.factories import NOW
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
KINDS = {"twitch": TwitchApi, "kick": KickApi}


@dataclass
class Studio:
    """A game that a server streams, and a platform that knows who is live."""

    game: Game
    api: PlatformServer
    credential: PlatformCredential

    def channel(self, number: int = 900) -> Channel:
        organization = self.game.organization
        return make.make_channel(organization, self.credential.platform, platform_channel_id=str(number))

    def streamed(self, *numbers: int, **session: Any) -> list[Channel]:
        channels = [self.channel(number) for number in numbers]
        make.make_game_session(self.game, *channels, **session)
        return channels

    def asked_for(self) -> list[list[str]]:
        """Which channels each call asked for."""
        calls = [asked for _method, path, asked in self.api.calls if "streams" in path]
        return [[value for name, value in asked if name == "user_id"] for asked in calls]


@pytest.fixture(params=list(KINDS))
def studio(request: pytest.FixtureRequest, settings: Any, db: None) -> Iterator[Studio]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    api: PlatformServer = KINDS[request.param]()
    game = make.make_game()
    credential = make.make_credential(
        game.organization, request.param, api_url=api.url, id_url=api.url, client_id=api.client_id
    )
    yield Studio(game, api, credential)
    api.stop()


def run(now: datetime = NOW, seconds: float = 8.0) -> Asked:
    return ask_for_streams(clock=lambda: now, seconds=seconds)


def live(*channels: Channel, now: datetime = NOW) -> list[bool]:
    found = live_channels([channel.pk for channel in channels], now=now)
    return [channel.pk in found for channel in channels]


# Told.


def test_the_platforms_word_by_webhook_is_kept(studio: Studio) -> None:
    channel = studio.channel()
    other = make.make_channel(make.make_organization(), channel.platform, platform_channel_id="900")
    for is_on in (True, False, True):
        message = StreamChanged(platform_channel_id="900", live=is_on, started_at=None)
        announce(studio.credential, message, now=NOW)
        assert live(channel, other) == [is_on, False]
    announce(studio.credential, StreamChanged(platform_channel_id="nobody", live=True, started_at=None), now=NOW)
    assert ChannelStream.objects.count() == 1


# Asked.


def test_the_platform_is_asked_for_the_channels_of_sessions_that_are_streamed(studio: Studio) -> None:
    on, off = studio.streamed(900, 901)
    studio.channel(902)
    studio.streamed(903, ended_at=NOW, end_code="disconnected")
    studio.streamed(904, connection="", gateway="")
    studio.api.go_live("900")
    found = run()
    assert (found.told, found.live, found.failed, found.finished) == (2, 1, 0, True)
    assert [sorted(ids) for ids in studio.asked_for()] == [["900", "901"]]
    assert live(on, off) == [True, False]


def test_a_channel_is_asked_for_about_once_a_minute(studio: Studio) -> None:
    (channel,) = studio.streamed(900)
    for seconds in (0, 5, 30, 49):
        run(NOW + seconds * SECOND)
    assert len(studio.asked_for()) == 1
    studio.api.go_live("900")
    run(NOW + MINUTE)
    assert len(studio.asked_for()) == 2
    assert live(channel, now=NOW + MINUTE) == [True]


def test_a_channel_that_heartbeats_tell_of_is_not_asked_for(studio: Studio) -> None:
    heard, _other = studio.streamed(900, 901)
    beat(make_source(studio.game, platform=heard.platform), viewers=["1"], minute=NOW, broadcaster="900")
    run()
    assert studio.asked_for() == [["901"]]
    assert live(heard) == [True]


def test_a_stream_whose_end_nobody_told_of_is_found_to_be_over(studio: Studio) -> None:
    (channel,) = studio.streamed(900)
    announce(studio.credential, StreamChanged(platform_channel_id="900", live=True, started_at=None), now=NOW - HOUR)
    run()
    assert live(channel) == [False]


def test_many_channels_are_asked_for_in_as_many_calls_as_it_takes(studio: Studio) -> None:
    channels = studio.streamed(*range(1000, 1120))
    studio.api.go_live("1100")
    run()
    assert sorted(len(ids) for ids in studio.asked_for()) == [20, 50, 50]
    assert sum(live(*channels)) == 1


def test_without_time_nothing_is_asked_and_the_next_run_goes_on(studio: Studio) -> None:
    studio.streamed(900)
    assert not run(seconds=0).finished
    assert studio.asked_for() == []
    assert run().told == 1


@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_a_platform_that_fails_leaves_what_was_known(studio: Studio, status: int) -> None:
    on, off = studio.streamed(900, 901)
    studio.api.go_live("900")
    run()
    for _ in range(3):
        studio.api.fail(status)
    found = run(NOW + MINUTE)
    assert (found.told, found.failed) == (0, 1)
    assert live(on, off, now=NOW + MINUTE) == [True, False]


def test_a_platform_that_wants_to_be_left_alone_is(studio: Studio) -> None:
    studio.streamed(*range(1000, 1060))
    run()
    before = len(studio.api.calls)
    studio.api.fail(429, None, **{"Retry-After": "600"})
    for minute in range(1, 6):
        run(NOW + minute * MINUTE)
    assert len(studio.api.calls) == before + 1


def test_a_credential_that_is_switched_off_is_not_asked_with(studio: Studio) -> None:
    studio.streamed(900)
    PlatformCredential.objects.update(enabled=False)
    assert run().told == 0
    assert studio.api.calls == []


def test_one_studio_whose_secrets_are_lost_keeps_no_other_from_its_turn(studio: Studio) -> None:
    lost = make.make_game()
    make.spoil_secrets(make.make_credential(lost.organization, studio.credential.platform, client_id="lost"))
    theirs = make.make_channel(lost.organization, studio.credential.platform)
    make.make_game_session(lost, theirs)
    studio.streamed(900)
    found = run()
    assert (found.told, found.failed) == (1, 0)


def test_what_a_webhook_tells_while_the_platform_is_asked_stays(studio: Studio) -> None:
    (channel,) = studio.streamed(900)

    def clock() -> datetime:
        return NOW

    announce(studio.credential, StreamChanged(platform_channel_id="900", live=True, started_at=None), now=NOW + SECOND)
    ask_for_streams(clock=clock)
    assert live(channel, now=NOW + SECOND) == [True]


def test_the_job_says_what_it_did(studio: Studio) -> None:
    studio.streamed(900)
    studio.api.go_live("900")
    assert ask_which_channels_are_live() == "asked for 1 channels, 1 live, 0 platforms did not answer"
    GameSession.objects.all().update(ended_at=NOW, end_code="dropped", connection="", gateway="")
    assert ask_which_channels_are_live() == "asked for 0 channels, 0 live, 0 platforms did not answer"
