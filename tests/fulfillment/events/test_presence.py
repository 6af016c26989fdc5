"""Which channels come and go: each told once, from heartbeats and from the platform's own word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Channel, Heartbeat
from fulfillment.events import look_at_channels
from fulfillment.events.presence import on_stream_changed
from fulfillment.models import ChannelPresence, EventSubscription
from portal.platforms.messages import StreamChanged
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.subscribers import MINUTE, SECOND, told, types
from tests.watching import beat, count_all, make_source

pytestmark = pytest.mark.django_db


class Stage:
    """A game with a heartbeat source, and an organization that is told of everything."""

    def __init__(self, platform: str = "kick", **organization: Any) -> None:
        self.organization = make.make_organization(**organization)
        self.source = make_source(make.make_game(self.organization), platform=platform)
        self.subscription = make.make_subscription(self.organization)
        self.credential = make.make_credential(self.organization, platform)

    def heard(self, at: datetime, *broadcasters: str, counted: bool = True) -> None:
        for broadcaster in broadcasters or ("900",):
            beat(self.source, viewers=["1"], minute=at, broadcaster=broadcaster)
        if counted:
            count_all(now=at + 5 * SECOND)

    def says(self, *, live: bool, at: datetime, channel: str = "900") -> None:
        message = StreamChanged(
            platform_channel_id=channel,
            live=live,
            started_at=at - 10 * SECOND if live else None,
        )
        on_stream_changed(self.credential, message, at)


@pytest.fixture
def stage() -> Stage:
    return Stage()


# By heartbeats.


def test_a_channel_that_heartbeats_tell_of_is_live_once_and_offline_once(stage: Stage) -> None:
    for minute in range(4):
        stage.heard(NOW + minute * MINUTE)
        look_at_channels(now=NOW + minute * MINUTE + 30 * SECOND)
        look_at_channels(now=NOW + minute * MINUTE + 45 * SECOND)
    assert types() == ["channel.live"]
    for seconds in range(240, 600, 30):
        look_at_channels(now=NOW + seconds * SECOND)
    assert types() == ["channel.live", "channel.offline"]
    channel = Channel.objects.get()
    live, offline = told(subject=channel.pk)
    assert live["timestamp"] == "2026-11-20T12:00:30Z"
    assert live["data"] == {
        "channel": {
            "id": channel.pk,
            "platform": "kick",
            "platform_channel_id": "900",
            "login": channel.login,
            "name": channel.name,
        },
        "noticed_by": "heartbeats",
        "started_at": None,
        "last_heard_at": "2026-11-20T12:00:00Z",
    }
    assert offline["timestamp"] == "2026-11-20T12:08:30Z"  # the last heartbeat was of 12:03
    assert offline["data"] == {**live["data"], "last_heard_at": "2026-11-20T12:03:00Z"}


def test_a_channel_that_has_long_been_live_is_told_at_the_first_look(stage: Stage) -> None:
    EventSubscription.objects.update(enabled=False)
    for minute in range(10):
        stage.heard(NOW + minute * MINUTE)
    assert look_at_channels(now=NOW + 10 * MINUTE) == 0
    assert not ChannelPresence.objects.exists()
    EventSubscription.objects.update(enabled=True)
    assert look_at_channels(now=NOW + 10 * MINUTE) == 1
    assert look_at_channels(now=NOW + 10 * MINUTE) == 0
    assert types() == ["channel.live"]


def test_a_channel_that_is_back_is_told_again(stage: Stage) -> None:
    stage.heard(NOW)
    look_at_channels(now=NOW + MINUTE)
    look_at_channels(now=NOW + 7 * MINUTE)
    stage.heard(NOW + 9 * MINUTE)
    look_at_channels(now=NOW + 9 * MINUTE + 10 * SECOND)
    assert types() == ["channel.live", "channel.offline", "channel.live"]


def test_who_wants_only_one_of_the_two_is_told_only_of_that(stage: Stage) -> None:
    EventSubscription.objects.update(types=["channel.offline", "claim.created"])
    stage.heard(NOW)
    look_at_channels(now=NOW + MINUTE)
    look_at_channels(now=NOW + 7 * MINUTE)
    assert types() == ["channel.offline"]


def test_a2_nobody_is_told_of_another_organizations_channels(stage: Stage) -> None:
    other = Stage()
    stage.heard(NOW)
    other.heard(NOW, "901")
    look_at_channels(now=NOW + MINUTE)
    channel = Channel.objects.get(platform_channel_id="901")
    assert [message["data"]["channel"]["platform_channel_id"] for message in told(organization=other.organization)] == [
        "901"
    ]
    assert told(subject=channel.pk, organization=stage.organization) == []


def test_w4_heartbeats_that_come_hours_late_do_not_make_a_channel_live(stage: Stage) -> None:
    beat(stage.source, viewers=["1"], minute=NOW - timedelta(hours=3), received_at=NOW)
    count_all(now=NOW + 5 * SECOND)
    assert look_at_channels(now=NOW + MINUTE) == 0


def test_w8_where_minutes_are_settled_first_a_channel_does_not_flicker() -> None:
    stage = Stage(one_stream_at_a_time=True)
    for minute in range(12):
        stage.heard(NOW + minute * MINUTE, counted=False)
        now = NOW + minute * MINUTE + 30 * SECOND
        count_all(now=now)
        look_at_channels(now=now)
    assert types() == ["channel.live"]
    for minute in range(12, 30):
        count_all(now=NOW + minute * MINUTE)
        look_at_channels(now=NOW + minute * MINUTE)
    assert types() == ["channel.live", "channel.offline"]


def test_o4_silence_says_nothing_while_heartbeats_wait_to_be_counted(stage: Stage) -> None:
    stage.heard(NOW)
    look_at_channels(now=NOW + MINUTE)
    for minute in range(1, 20):
        stage.heard(NOW + minute * MINUTE, counted=False)
    assert look_at_channels(now=NOW + 20 * MINUTE) == 0
    count_all(now=NOW + 20 * MINUTE)
    assert look_at_channels(now=NOW + 20 * MINUTE) == 0
    assert types() == ["channel.live"]


# By the platform's word.


def test_p3_what_twitch_says_of_a_known_channel_is_told_once() -> None:
    stage = Stage("twitch")
    channel = make.make_channel(stage.organization, "twitch", platform_channel_id="900")
    for _ in range(2):
        stage.says(live=True, at=NOW)
    for _ in range(2):
        stage.says(live=False, at=NOW + MINUTE)
    live, offline = told(subject=channel.pk)
    assert types() == ["channel.live", "channel.offline"]
    assert (live["data"]["noticed_by"], live["data"]["started_at"]) == ("platform", "2026-11-20T11:59:50Z")
    assert (offline["data"]["noticed_by"], offline["data"]["last_heard_at"]) == ("platform", None)


def test_p3_of_a_channel_nobody_knows_and_where_nobody_wants_to_know_nothing_is_kept() -> None:
    stage = Stage("twitch")
    stage.says(live=True, at=NOW, channel="unknown")
    make.make_channel(stage.organization, "twitch", platform_channel_id="900")
    EventSubscription.objects.update(types=["claim.created"])
    stage.says(live=True, at=NOW)
    assert not ChannelPresence.objects.exists()
    assert types() == []


def test_p3_a_channel_without_heartbeats_stays_live_until_twitch_says_otherwise_or_no_stream_is_so_long() -> None:
    stage = Stage("twitch")
    make.make_channel(stage.organization, "twitch", platform_channel_id="900")
    stage.says(live=True, at=NOW)
    assert look_at_channels(now=NOW + timedelta(hours=47)) == 0
    assert look_at_channels(now=NOW + timedelta(hours=49)) == 1
    assert types() == ["channel.live", "channel.offline"]


def test_both_ways_together_tell_once_and_a_late_heartbeat_does_not_bring_a_channel_back() -> None:
    stage = Stage("twitch")
    make.make_channel(stage.organization, "twitch", platform_channel_id="900")
    stage.says(live=True, at=NOW)
    for minute in range(1, 4):
        stage.heard(NOW + minute * MINUTE)
        look_at_channels(now=NOW + minute * MINUTE + 10 * SECOND)
    assert types() == ["channel.live"]
    stage.says(live=False, at=NOW + 3 * MINUTE + 30 * SECOND)
    stage.heard(NOW + 4 * MINUTE)
    for seconds in range(250, 900, 30):
        look_at_channels(now=NOW + seconds * SECOND)
    assert types() == ["channel.live", "channel.offline"]


def test_once_heartbeats_told_of_it_their_silence_ends_a_channel_that_twitch_called_live() -> None:
    stage = Stage("twitch")
    make.make_channel(stage.organization, "twitch", platform_channel_id="900")
    stage.says(live=True, at=NOW)
    stage.heard(NOW + MINUTE)
    look_at_channels(now=NOW + MINUTE + 10 * SECOND)
    look_at_channels(now=NOW + 8 * MINUTE)
    assert types() == ["channel.live", "channel.offline"]


# What it costs.


def test_where_nobody_wants_to_know_one_question_is_asked(stage: Stage) -> None:
    EventSubscription.objects.update(types=["claim.created"])
    stage.heard(NOW)
    with CaptureQueriesContext(connection) as queries:
        look_at_channels(now=NOW + MINUTE)
    assert len(queries) == 1


def test_100_channels_cost_as_many_statements_as_one(stage: Stage) -> None:
    def cost(broadcasters: list[str], at: datetime) -> list[int]:
        Heartbeat.objects.all().delete()
        ChannelPresence.objects.all().delete()
        stage.heard(at, *broadcasters)
        found = []
        for moment in (at + MINUTE, at + 2 * MINUTE, at + 10 * MINUTE):  # coming, staying, going
            with CaptureQueriesContext(connection) as queries:
                look_at_channels(now=moment)
            found.append(len(queries))
        return found

    assert cost(["900"], NOW) == cost([str(number) for number in range(100)], NOW + timedelta(hours=1))
    assert len(types()) == 202
