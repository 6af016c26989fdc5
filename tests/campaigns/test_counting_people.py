"""Whom minutes belong to, who streams, what is kept for whom, figures, and reading progress (I2, W5, W7, W9)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.heartbeats.again import count_again, drop_kept_viewers
from campaigns.heartbeats.overlooked import count_overlooked
from campaigns.models import (
    Campaign,
    CampaignFigures,
    CampaignHour,
    Channel,
    ChannelFigures,
    Game,
    GameName,
    Heartbeat,
    HeartbeatSource,
    HeartbeatViewers,
    MinuteKind,
    Participation,
    RegisteredIdentifier,
    Viewer,
)
from campaigns.returning import viewer_tombstone
from campaigns.watch.arrays import unpack_minutes
from campaigns.watch.checking import recount
from campaigns.watch.counting import count_due
from campaigns.watch.people import People
from campaigns.watch.progress import Minutes, all_totals, campaigns_of, minutes_of
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


def viewer_called(user: str) -> Viewer:
    return Viewer.objects.get(platform_user_id=user)


# --- W5: whose progress it is -----------------------------------------------------------------------------------------


def test_w5_progress_carries_over_between_channels_and_stays_through_link_and_unlink(
    game: Game, source: HeartbeatSource, campaign: Campaign
) -> None:
    beat(source, viewers=["a"], minute=NOW, broadcaster="1")
    count_all()
    viewer = viewer_called("a")
    link = make.make_link(game, viewer=viewer)
    beat(source, viewers=["a"], minute=NOW + HOUR, broadcaster="2")
    count_all()
    link.ended_at, link.end_reason = NOW, "viewer"
    link.save()
    beat(source, viewers=["a"], minute=NOW + DAY, broadcaster="3")
    count_all()
    found = minutes_of(viewer_ids=[viewer.pk], campaign_ids=[campaign.pk])
    assert found == {(viewer.pk, campaign.pk): Minutes(watched=3)}


def test_i2_a_viewer_known_before_is_the_one_that_is_credited_and_a_new_one_is_made_once(
    source: HeartbeatSource, campaign: Campaign
) -> None:
    known = make.make_viewer(source.game.organization, platform_user_id="known", name="Known")
    make.make_viewer(make.make_organization(), platform_user_id="known")
    make.make_viewer(source.game.organization, "twitch", platform_user_id="known")
    for number in range(2):
        beat(source, viewers=["known", "new"], minute=NOW + number * MINUTE)
        count_all()
    assert all_totals(campaign.pk) == {known.pk: 2, viewer_called("new").pk: 2}
    new = viewer_called("new")
    assert (new.organization, new.platform, new.login, new.name, new.user) == (
        source.game.organization,
        "kick",
        "",
        "",
        None,
    )


def test_i2_identifiers_of_ours_credit_whom_they_name_and_nobody_else(game: Game) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    campaign = make_counted_campaign(game, platform="twitch")
    streamer, viewer = (make.make_viewer(game.organization, "twitch") for _ in range(2))
    foreign, of_kick = make.make_viewer(make.make_organization(), "twitch"), make.make_viewer(game.organization, "kick")
    RegisteredIdentifier.objects.create(credential=credential, viewer=streamer, wanted_at=NOW)
    ids = [viewer.pk, viewer.pk.lower(), viewer.platform_user_id, foreign.pk, of_kick.pk, "nobody", streamer.pk]
    beat(source, viewers=ids, minute=NOW, broadcaster=streamer.pk)
    count_all()
    assert all_totals(campaign.pk) == {viewer.pk: 1, streamer.pk: 1}
    assert all_totals(campaign.pk, MinuteKind.BROADCAST) == {streamer.pk: 1}
    row = Heartbeat.objects.get()
    assert (row.unknown, row.listed) == (5, 7)
    assert row.channel is not None and row.channel.platform_channel_id == streamer.platform_user_id
    assert Viewer.objects.count() == 4


@pytest.mark.parametrize(
    ("state", "known"), [("wanted", True), ("registered", True), ("lapsed", True), ("unwanted", False), (None, False)]
)
def test_l10_a_broadcaster_is_known_by_an_identifier_that_is_not_unwanted(
    game: Game, state: str | None, known: bool
) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    campaign = make_counted_campaign(game, platform="twitch")
    streamer, viewer = (make.make_viewer(game.organization, "twitch") for _ in range(2))
    if state:
        RegisteredIdentifier.objects.create(
            credential=credential, viewer=streamer, wanted_at=NOW, state=state, registered_at=NOW
        )
    beat(source, viewers=[viewer.pk], minute=NOW, broadcaster=streamer.pk)
    count_all()
    assert outcome() == ("counted" if known else "no_channel")
    assert all_totals(campaign.pk) == ({viewer.pk: 1} if known else {})


def test_l10_an_identifier_under_another_credential_makes_no_broadcaster_known(game: Game) -> None:
    credential = make.make_credential(game.organization, "twitch")
    other = make.make_credential(make.make_organization(), "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    streamer = make.make_viewer(game.organization, "twitch")
    RegisteredIdentifier.objects.create(credential=other, viewer=streamer, wanted_at=NOW)
    beat(source, viewers=[], minute=NOW, broadcaster=streamer.pk)
    count_all()
    assert outcome() == "no_channel"


def test_i2_the_studios_own_player_names_its_players(game: Game) -> None:
    source = make_source(game, "player")
    campaign = make_counted_campaign(game, platform="portal")
    beat(source, viewers=["player-1", "player-2"], minute=NOW, broadcaster="player-3")
    count_all()
    assert totals(campaign) == {"player-1": 1, "player-2": 1}
    assert set(Viewer.objects.values_list("platform", flat=True)) == {"portal"}
    assert Channel.objects.values_list("platform", "platform_channel_id").get() == ("portal", "player-3")


def test_f8_an_erased_viewer_and_streamer_who_come_back_are_the_same_as_before(
    source: HeartbeatSource, campaign: Campaign
) -> None:
    beat(source, viewers=["a"], minute=NOW, broadcaster="900")
    count_all()
    for user in ("a", "900"):
        key = (source.game.organization_id, "kick", user)
        Viewer.objects.filter(platform_user_id=user).update(platform_user_id=viewer_tombstone(key))
        Channel.objects.filter(platform_channel_id=user).update(platform_channel_id=viewer_tombstone(key))
    beat(source, viewers=["a"], minute=NOW + MINUTE, broadcaster="900")
    count_all()
    assert totals(campaign) == {"a": 2}
    assert totals(campaign, MinuteKind.BROADCAST) == {"900": 2}
    assert (Viewer.objects.count(), Channel.objects.count(), ChannelFigures.objects.count()) == (2, 1, 1)


# --- W7 ---------------------------------------------------------------------------------------------------------------


def test_w7_who_streams_gets_a_minute_for_each_with_a_heartbeat(source: HeartbeatSource, campaign: Campaign) -> None:
    for again in range(2):
        beat(source, viewers=["a"], minute=NOW + timedelta(seconds=30 * again), broadcaster="900")
    beat(source, viewers=[], minute=NOW + MINUTE, broadcaster="900")
    beat(source, viewers=["900"], minute=NOW + MINUTE, broadcaster="901")
    count_all()
    assert totals(campaign, MinuteKind.BROADCAST) == {"900": 2, "901": 1}
    assert totals(campaign) == {"a": 1, "900": 1}
    streamer = viewer_called("900")
    found = minutes_of(viewer_ids=[streamer.pk], campaign_ids=[campaign.pk])
    assert found[streamer.pk, campaign.pk] == Minutes(watched=1, broadcast=2)
    assert campaigns_of([streamer.pk]) == {streamer.pk: {campaign.pk}}


# --- W9 ---------------------------------------------------------------------------------------------------------------


def test_w9_the_list_goes_with_counting_and_what_was_counted_stays(source: HeartbeatSource, campaign: Campaign) -> None:
    beat(source, viewers=["a", "b"], minute=NOW, id="here", broadcaster="900")
    beat(source, viewers=["a"], minute=NOW - 5 * DAY, id="nowhere")
    count_all()
    here, nowhere = Heartbeat.objects.order_by("heartbeat_id")
    assert (here.outcome, nowhere.outcome) == ("counted", "nowhere")
    for row, listed in ((here, 2), (nowhere, 1)):
        assert (row.due_at, row.listed, len(bytes(row.digest))) == (None, listed, 16)
    assert not HeartbeatViewers.objects.exists()
    assert here.channel == Channel.objects.get(platform_channel_id="900")
    assert totals(campaign) == {"a": 1, "b": 1}
    source.refresh_from_db()
    assert source.last_heartbeat_at == NOW


@pytest.mark.parametrize("outcome_kept", ["no_game", "no_channel"])
def test_w9_the_list_of_what_is_unknown_is_kept_for_48_hours(game: Game, outcome_kept: str) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    beat(source, viewers=["a"], minute=NOW, game="Other" if outcome_kept == "no_game" else None, broadcaster="x")
    count_all()
    assert outcome() == outcome_kept
    assert drop_kept_viewers(now=NOW + 2 * DAY) == 0
    assert drop_kept_viewers(now=NOW + 2 * DAY + TICK) == 1
    assert not HeartbeatViewers.objects.exists()
    assert Heartbeat.objects.values_list("outcome", "listed").get() == (outcome_kept, 1)
    assert count_again(organization_id=game.organization_id, now=NOW + 3 * DAY) == 0


def test_w9_what_is_to_be_counted_again_is_not_dropped_meanwhile(
    game: Game, source: HeartbeatSource, campaign: Campaign
) -> None:
    beat(source, viewers=["a"], minute=NOW, game="Other")
    count_all()
    GameName.objects.create(game=game, name="Other")
    assert count_again(organization_id=game.organization_id, game_name="Other", now=NOW + 2 * DAY) == 1
    assert drop_kept_viewers(now=NOW + 9 * DAY) == 0
    count_all()
    assert totals(campaign) == {"a": 1}


def test_w9_counting_again_takes_what_fits_and_nothing_else(game: Game) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    other = make_source(
        make.make_game(), "registered", "twitch", credential=make.make_credential(make.make_organization(), "twitch")
    )
    for each in (source, other):
        beat(each, viewers=[], minute=NOW, broadcaster="x")
        beat(each, viewers=[], minute=NOW, broadcaster="y")
        beat(each, viewers=[], minute=NOW, game="Other")
    count_all()
    asked: list[tuple[dict[str, Any], int]] = [
        ({"organization_id": game.organization_id, "broadcaster": "x"}, 1),
        ({"source_ids": [other.pk], "broadcaster": "x"}, 1),
        ({"broadcaster": "y"}, 2),
        ({"source_ids": [source.pk], "game_name": "Other"}, 1),
        ({"source_ids": []}, 0),
        ({}, 6),
    ]
    for wanted, found in asked:
        assert count_again(now=NOW, **wanted) == found
        count_all()


def test_w1_what_became_known_just_when_it_was_looked_at_is_found_a_little_later(game: Game) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    campaign = make_counted_campaign(game, platform="twitch")
    streamer, viewer = (make.make_viewer(game.organization, "twitch") for _ in range(2))
    beat(source, viewers=[viewer.pk], minute=NOW, broadcaster=streamer.pk)
    beat(source, viewers=[viewer.pk], minute=NOW + MINUTE, game="Other", broadcaster=streamer.pk)
    beat(source, viewers=[viewer.pk], minute=NOW + MINUTE, game="Never", broadcaster=streamer.pk)
    beat(source, viewers=[viewer.pk], minute=NOW + MINUTE, broadcaster=viewer.pk)
    count_all()
    assert count_overlooked(now=NOW + MINUTE) == 0
    # Neither of these tells of itself, as if it had been done before the heartbeats were put aside.
    RegisteredIdentifier.objects.create(credential=credential, viewer=streamer, wanted_at=NOW)
    GameName.objects.create(game=game, name="other")
    assert count_overlooked(now=NOW + MINUTE) == 2
    count_all()
    assert all_totals(campaign.pk) == {viewer.pk: 2}
    assert count_overlooked(now=NOW + MINUTE) == 0


# --- figures ----------------------------------------------------------------------------------------------------------


def test_figures_equal_what_sets_say(game: Game, source: HeartbeatSource) -> None:
    campaign = make_counted_campaign(game, minutes=[2, 5])
    watched: set[tuple[str, int]] = set()
    broadcast: set[tuple[str, int]] = set()
    channels: dict[str, Counter[str]] = defaultdict(Counter)
    for number in range(150):
        at = (number * 37) % 130
        channel = str(900 + number % 4)
        viewers = [str((number * 7 + step * step) % 23) for step in range(number % 9)]
        beat(source, viewers=viewers, minute=NOW + at * MINUTE, broadcaster=channel, received_at=NOW + DAY)
        watched |= {(viewer, at) for viewer in viewers}
        broadcast.add((channel, at))
        channels[channel]["reported"] += len(set(viewers))
        channels[channel]["beats"] += 1
        channels[channel]["peak"] = max(channels[channel]["peak"], len(set(viewers)))
        if number % 40 == 0:
            count_all(most_viewers=11)
    count_all(most_viewers=11)

    of_viewers = Counter(viewer for viewer, _at in watched)
    figures = CampaignFigures.objects.get(campaign=campaign)
    assert (figures.watched_minutes, figures.viewers) == (len(watched), len(of_viewers))
    assert (figures.broadcast_minutes, figures.broadcasters) == (len(broadcast), 4)
    per_minute = Counter(at for _viewer, at in watched)
    hours = {row.hour: row for row in CampaignHour.objects.filter(campaign=campaign)}
    first = int(NOW.timestamp()) // 3600
    for hour, row in hours.items():
        expected = [per_minute[(hour - first) * 60 + minute] for minute in range(60)]
        assert (unpack_minutes(row.per_minute), row.watched_minutes) == (expected, sum(expected))
    assert sum(row.watched_minutes for row in hours.values()) == len(watched)
    for row in ChannelFigures.objects.filter(campaign=campaign).select_related("channel"):
        of_channel = channels[row.channel.platform_channel_id]
        assert (row.reported_minutes, row.heartbeats, row.peak_viewers) == tuple(
            of_channel[key] for key in ("reported", "beats", "peak")
        )
    for reward in campaign.rewards.select_related("figures"):
        assert reward.figures.earned == sum(minutes >= (reward.minutes or 0) for minutes in of_viewers.values())
        assert reward.earned.count() == reward.figures.earned
    assert totals(campaign) == of_viewers
    assert Participation.objects.filter(campaign=campaign).count() == len({*of_viewers} | {*channels})
    assert recount(campaign_id=campaign.pk).differences == []


@pytest.mark.parametrize("together", [False, True])
def test_figures_of_a_channel_tell_its_latest_minute_whatever_comes_last(
    source: HeartbeatSource, campaign: Campaign, together: bool
) -> None:
    for minutes, viewers in ((5, 3), (1, 7), (6, 2), (2, 1)):
        beat(source, viewers=[str(n) for n in range(viewers)], minute=NOW + minutes * MINUTE, received_at=NOW + HOUR)
        if not together:
            count_all()
    count_all()
    row = ChannelFigures.objects.get()
    assert (row.last_minute, row.last_viewers, row.peak_viewers) == (int(NOW.timestamp()) // 60 + 6, 2, 7)
    assert (row.reported_minutes, row.heartbeats) == (13, 4)


# --- reading progress -------------------------------------------------------------------------------------------------


def test_progress_of_nobody_and_nowhere_is_nothing(source: HeartbeatSource, campaign: Campaign) -> None:
    stranger = make.make_viewer(source.game.organization)
    beat(source, viewers=["a"], minute=NOW)
    count_all()
    watcher = viewer_called("a")
    assert minutes_of(viewer_ids=[], campaign_ids=[campaign.pk]) == {}
    assert minutes_of(viewer_ids=[stranger.pk], campaign_ids=[campaign.pk]) == {}
    assert minutes_of(viewer_ids=[watcher.pk], campaign_ids=[]) == {}
    assert minutes_of(viewer_ids=[watcher.pk], campaign_ids=[make_counted_campaign(source.game).pk]) == {}
    assert campaigns_of([]) == campaigns_of([stranger.pk]) == {}
    assert all_totals(make_counted_campaign(source.game).pk) == {}


def test_progress_costs_the_same_for_1_and_for_20(
    game: Game, source: HeartbeatSource, django_assert_num_queries: Any
) -> None:
    campaigns = [make_counted_campaign(game) for _ in range(20)]
    beat(source, viewers=[str(n) for n in range(20)], minute=NOW)
    count_all()
    viewers = list(Viewer.objects.exclude(platform_user_id="900").values_list("pk", flat=True))
    ids = [campaign.pk for campaign in campaigns]
    for some in (1, 20):
        with django_assert_num_queries(2):
            found = minutes_of(viewer_ids=viewers[:some], campaign_ids=ids[:some])
        assert found == {(viewer, campaign): Minutes(watched=1) for viewer in viewers[:some] for campaign in ids[:some]}
        with django_assert_num_queries(1):
            assert campaigns_of(viewers[:some]) == {viewer: set(ids) for viewer in viewers[:some]}


def test_counting_takes_as_many_queries_for_20_viewers_and_heartbeats_as_for_1() -> None:
    def taken(source: HeartbeatSource, many: int, at: datetime) -> int:
        for channel in range(many):
            beat(source, viewers=[f"{channel}-{n}" for n in range(many)], minute=at, broadcaster=str(channel))
        with CaptureQueriesContext(connection) as queries:
            assert count_due(now=NOW + HOUR, people=People()) == many
        return len(queries)

    counts = []
    for many in (1, 20):
        source = make_source(make.make_game())
        make_counted_campaign(source.game, minutes=[2])
        counts.append([taken(source, many, NOW + number * MINUTE) for number in range(3)])
    assert counts[0] == counts[1]
