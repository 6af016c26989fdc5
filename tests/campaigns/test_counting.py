"""From heartbeats to minutes: at most one a viewer and minute, in every campaign that it belongs to (W2 to W4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.heartbeats.names import accept_name
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignGame,
    CampaignPlatform,
    CampaignTester,
    ChannelOptOut,
    Game,
    GameName,
    Heartbeat,
    HeartbeatSource,
    MinuteKind,
    Viewer,
    Watcher,
)
from campaigns.watch.checking import recount
from campaigns.watch.progress import campaigns_of, minutes_of
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def outcome() -> str:
    found: str = Heartbeat.objects.order_by("-pk").values_list("outcome", flat=True)[0]
    return found


# --- W2 ---------------------------------------------------------------------------------------------------------------


def test_w2_a_minute_counts_once_on_however_many_channels_and_however_often_it_is_sent(
    source: HeartbeatSource, campaign: Campaign
) -> None:
    for again in range(3):
        for channel in ("1", "2", "3"):
            beat(source, viewers=["a", "b", "a"], minute=NOW + timedelta(seconds=20 * again), broadcaster=channel)
        count_all()
    beat(source, viewers=["a"], minute=NOW + MINUTE)
    count_all()
    assert totals(campaign) == {"a": 2, "b": 1}


def test_w2_minutes_are_those_of_the_clock(source: HeartbeatSource, campaign: Campaign) -> None:
    for seconds in (0, 59, 60, 119.999999, 3540, 3599.999999, 3600, 86_399, 86_400):
        beat(
            source,
            viewers=["a"],
            minute=NOW,
            time=(NOW + timedelta(seconds=seconds)).isoformat(),
            received_at=NOW + DAY,
        )
    count_all()
    assert totals(campaign) == {"a": 6}
    assert recount(campaign_id=campaign.pk).differences == []


def test_w2_two_sources_of_a_game_give_one_minute(game: Game, campaign: Campaign) -> None:
    for source in (make_source(game), make_source(game)):
        beat(source, viewers=["a"], minute=NOW, id="the-same")
    count_all()
    assert totals(campaign) == {"a": 1}


def test_w2_an_id_that_differs_in_anything_is_another_viewer(source: HeartbeatSource, campaign: Campaign) -> None:
    ids = [
        "1",
        "01",
        " 1",
        "1 ",
        "A",
        "a",
        "é",
        "e\u0301",
        "👀",
        "\u200b",
        "null",
        "[1]",
        '"',
        "'",
        "\\",
        "%s",
        "x" * 200,
    ]
    beat(source, viewers=ids, minute=NOW)
    beat(source, viewers=ids[::2], minute=NOW + MINUTE)
    count_all()
    assert totals(campaign) == {one: 1 + (position % 2 == 0) for position, one in enumerate(ids)}


def test_w2_viewers_far_apart_and_beside_the_edge_of_a_shard_each_get_their_own_minutes(
    source: HeartbeatSource, campaign: Campaign
) -> None:
    numbers = [4094, 4095, 4096, 4097, 8191, 8192, 2**31 - 1, 2**31, 2**32, 2**40]
    for number in numbers:
        viewer = make.make_viewer(source.game.organization, platform_user_id=f"at-{number}")
        Watcher.objects.create(number=number, viewer=viewer)
    for position in range(len(numbers)):
        beat(source, viewers=[f"at-{number}" for number in numbers[position:]], minute=NOW + position * MINUTE)
        if position % 3 == 0:
            count_all()
    count_all()
    expected = {f"at-{number}": position + 1 for position, number in enumerate(numbers)}
    assert totals(campaign) == expected
    viewers = {
        viewer.platform_user_id: viewer.pk for viewer in Viewer.objects.filter(platform_user_id__startswith="at-")
    }
    found = minutes_of(viewer_ids=list(viewers.values()), campaign_ids=[campaign.pk])
    assert {user: found[pk, campaign.pk].watched for user, pk in viewers.items()} == expected
    assert recount(campaign_id=campaign.pk).differences == []


# --- W3 ---------------------------------------------------------------------------------------------------------------


def test_w3_a_minute_counts_in_every_campaign_that_includes_the_channel(game: Game, source: HeartbeatSource) -> None:
    counted = [make_counted_campaign(game) for _ in range(2)]
    home = make.make_game(game.organization)
    further = make_counted_campaign(home)
    CampaignGame.objects.create(campaign=further, game=game)
    others = [
        make_counted_campaign(home),
        make_counted_campaign(make.make_game()),
        make_counted_campaign(game, platform="twitch"),
        make_counted_campaign(game, status=Campaign.Status.DRAFT),
        make_counted_campaign(game, scope=Campaign.Scope.ALLOW_LIST),
        make_counted_campaign(game, starts_at=NOW + TICK),
        make_counted_campaign(game, ends_at=NOW),
        make.make_campaign(game, platform_ids={"kick": "counted-by-kick"}),
    ]
    beat(source, viewers=["a"], minute=NOW)
    count_all()
    assert [totals(campaign) for campaign in (*counted, further)] == [{"a": 1}] * 3
    assert [totals(campaign) for campaign in others] == [{}] * len(others)
    assert outcome() == "counted"
    (viewer,) = Viewer.objects.filter(platform_user_id="a")
    assert campaigns_of([viewer.pk]) == {viewer.pk: {campaign.pk for campaign in (*counted, further)}}


def test_w3_a_campaign_of_several_platforms_counts_those_that_the_portal_counts(game: Game) -> None:
    campaign = make_counted_campaign(game)
    CampaignPlatform.objects.create(campaign=campaign, platform="twitch", counted_by="platform")
    CampaignPlatform.objects.create(campaign=campaign, platform="portal", counted_by="portal")
    for source in (make_source(game), make_source(game, platform="twitch"), make_source(game, "player")):
        beat(source, viewers=[f"{source.platform}-viewer"], minute=NOW)
    count_all()
    assert totals(campaign) == {"kick-viewer": 1, "portal-viewer": 1}


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ({"starts_at": NOW, "ends_at": NOW + 3 * MINUTE}, 3),
        ({"starts_at": NOW + timedelta(seconds=1), "ends_at": NOW + 3 * MINUTE}, 2),
        ({"starts_at": NOW - DAY, "ends_at": NOW + 2 * MINUTE + TICK}, 4),
        ({"starts_at": NOW - DAY, "published_at": NOW + MINUTE}, 3),
        ({"starts_at": NOW + 2 * MINUTE, "published_at": NOW + MINUTE}, 2),
        ({"status": Campaign.Status.CANCELLED, "cancelled_at": NOW + 2 * MINUTE}, 3),
        ({"status": Campaign.Status.CANCELLED, "cancelled_at": NOW - MINUTE}, 0),
    ],
)
def test_w3_c6_what_counts_is_what_ran_at_the_time_of_the_heartbeat(
    game: Game, source: HeartbeatSource, fields: dict[str, Any], minutes: int
) -> None:
    campaign = make_counted_campaign(game, **fields)
    for number in range(-1, 4):
        beat(source, viewers=["a"], minute=NOW + number * MINUTE, received_at=NOW + HOUR)
    count_all()
    assert sum(totals(campaign).values()) == minutes


def intervals(make_row: Callable[[datetime, datetime | None], Any]) -> None:
    make_row(NOW - DAY, NOW)
    make_row(NOW + 2 * MINUTE, NOW + 3 * MINUTE)
    make_row(NOW + 4 * MINUTE, None)


def send_six(source: HeartbeatSource) -> None:
    for number in range(-1, 5):
        beat(source, viewers=[f"{number}"], minute=NOW + number * MINUTE, received_at=NOW + DAY)
    count_all()


def test_c7_a_channel_counts_in_an_allow_list_campaign_while_it_is_listed(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, scope=Campaign.Scope.ALLOW_LIST)
    channel = make.make_channel(game.organization, platform_channel_id="900")
    other = make.make_channel(game.organization, "twitch", platform_channel_id="900")
    intervals(
        lambda start, end: CampaignChannel.objects.create(
            campaign=campaign, channel=channel, listed_at=start, removed_at=end
        )
    )
    CampaignChannel.objects.create(campaign=campaign, channel=other, listed_at=NOW - DAY)
    ChannelOptOut.objects.create(channel=channel, game=game, started_at=NOW - DAY)
    send_six(source)
    assert sorted(totals(campaign)) == ["-1", "2", "4"]


def test_c7_a_channel_counts_in_global_campaigns_but_while_it_has_opted_out(
    game: Game, source: HeartbeatSource
) -> None:
    campaign = make_counted_campaign(game)
    channel = make.make_channel(game.organization, platform_channel_id="900")
    intervals(
        lambda start, end: ChannelOptOut.objects.create(channel=channel, game=game, started_at=start, ended_at=end)
    )
    ChannelOptOut.objects.create(channel=channel, game=make.make_game(game.organization), started_at=NOW - DAY)
    send_six(source)
    assert sorted(totals(campaign)) == ["0", "1", "3"]


def test_c8_in_test_mode_testers_are_credited_and_nobody_else(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, test_mode=True)
    real = make_counted_campaign(game)
    for platform, user in (("kick", "tester"), ("kick", "900"), ("twitch", "a"), ("kick", "absent")):
        CampaignTester.objects.create(campaign=campaign, platform=platform, platform_user_id=user)
    beat(source, viewers=["a", "tester", "b"], minute=NOW)
    beat(source, viewers=["tester"], minute=NOW, broadcaster="901")
    count_all()
    assert totals(campaign) == {"tester": 1}
    assert totals(campaign, MinuteKind.BROADCAST) == {"900": 1}
    assert totals(real) == {"a": 1, "tester": 1, "b": 1}
    assert totals(real, MinuteKind.BROADCAST) == {"900": 1, "901": 1}


def test_c8_a_test_campaign_without_testers_credits_nobody(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, test_mode=True)
    beat(source, viewers=["a"], minute=NOW)
    count_all()
    assert (totals(campaign), outcome()) == ({}, "counted")


def test_w1_a_game_name_that_is_none_of_the_sources_game_is_kept_and_counts_once_it_is_accepted(
    game: Game, source: HeartbeatSource, campaign: Campaign
) -> None:
    GameName.objects.create(game=game, name="The Game")
    for name in (game.name, f"  {game.name.upper()} ", "the game"):
        beat(source, viewers=[name], minute=NOW, game=name)
    for number in range(2):
        beat(source, viewers=["late"], minute=NOW + number * MINUTE, game="GAME: remastered")
    beat(source, viewers=["never"], minute=NOW, game="Something else")
    beat(make_source(make.make_game(game.organization)), viewers=["foreign"], minute=NOW, game="Game: Remastered")
    count_all()
    assert sorted(totals(campaign)) == sorted([game.name, f"  {game.name.upper()} ", "the game"])
    assert Heartbeat.objects.filter(outcome="no_game", due_at=None, viewer_list__isnull=False).count() == 4
    assert accept_name(game=game, name="Game: Remastered", actor=None, now=NOW + DAY) == 2
    count_all()
    assert totals(campaign)["late"] == 2
    assert Heartbeat.objects.filter(outcome="no_game").count() == 2


# --- W4 ---------------------------------------------------------------------------------------------------------------


def test_w4_hours_late_it_gives_what_it_would_have_given_in_time(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, ends_at=NOW + HOUR, grace_days=14)
    for late in (timedelta(0), HOUR, 10 * DAY, 14 * DAY + HOUR - TICK, 14 * DAY + HOUR):
        minute = NOW + (late.days + 1) * MINUTE
        beat(source, viewers=[f"{late}"], minute=minute, received_at=max(NOW + late, minute))
        count_all(now=NOW + 30 * DAY)
    assert sorted(totals(campaign)) == sorted(
        str(late) for late in (timedelta(0), HOUR, 10 * DAY, 14 * DAY + HOUR - TICK)
    )
    assert outcome() == "nowhere"


def test_w4_closed_is_by_arrival_and_not_by_when_it_was_counted(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, ends_at=NOW + MINUTE, grace_days=0)
    beat(source, viewers=["a"], minute=NOW, received_at=NOW + MINUTE - TICK)
    beat(source, viewers=["b"], minute=NOW, received_at=NOW + MINUTE)
    count_all(now=NOW + DAY)
    assert totals(campaign) == {"a": 1}


def test_w4_heartbeats_of_one_batch_may_be_years_apart(game: Game, source: HeartbeatSource) -> None:
    campaigns = [
        make_counted_campaign(game, starts_at=start, ends_at=start + DAY, published_at=start)
        for start in (NOW - 3000 * DAY, NOW - 400 * DAY, NOW)
    ]
    for campaign in campaigns:
        assert campaign.starts_at is not None
        beat(source, viewers=["a"], minute=campaign.starts_at + 59 * MINUTE)
        beat(source, viewers=["a", "b"], minute=campaign.starts_at + 60 * MINUTE)
        beat(source, viewers=["a"], minute=campaign.starts_at + 2 * DAY)
    count_all()
    assert [totals(campaign) for campaign in campaigns] == [{"a": 2, "b": 1}] * 3
