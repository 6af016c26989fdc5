"""Reading the figures of a campaign: right to the minute, against an independent count of the heartbeats that came (W9)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign, CampaignHour
from campaigns.watch.arrays import pack_minutes
from campaigns.watch.figures import (
    LIVE_WITHIN,
    Totals,
    channels_of,
    earned_of,
    figures_of,
    live_channels,
    live_now,
    live_within,
    minute_number,
    minutes_over_time,
    moment_of,
)
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


class Stage:
    """A campaign that began two hours ago, one source, and what was sent, kept beside for an independent count."""

    def __init__(self, **organization: object) -> None:
        self.organization = make.make_organization(**organization)
        self.game = make.make_game(self.organization)
        make.make_category(self.game)
        self.source = make_source(self.game)
        self.campaign = make_counted_campaign(self.game, minutes=(2, 4), starts_at=NOW - timedelta(hours=2))
        self.sent: dict[tuple[str, datetime], set[str]] = defaultdict(set)

    def beat(self, channel: str, minutes_ago: int, *viewers: str) -> None:
        minute = NOW - minutes_ago * MINUTE
        beat(self.source, viewers=viewers, minute=minute, broadcaster=channel)
        self.sent[channel, minute] |= set(viewers)

    def watched(self) -> dict[datetime, set[str]]:
        by_minute: dict[datetime, set[str]] = defaultdict(set)
        for (_channel, minute), viewers in self.sent.items():
            if viewers:
                by_minute[minute] |= viewers
        return by_minute


@pytest.fixture
def stage() -> Stage:
    return Stage()


def live(campaign: Campaign, *, now: datetime = NOW, within: timedelta = LIVE_WITHIN):  # type: ignore[no-untyped-def]
    return live_now(campaign.pk, within=within, now=now)


beats = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 119), st.sets(st.sampled_from("uvwxyz"), max_size=6)),
    max_size=12,
    unique_by=lambda one: (one[0], one[1]),
)


@settings(max_examples=20)
@given(beats)
def test_figures_are_those_of_an_independent_count(sent: list[tuple[str, int, set[str]]]) -> None:
    stage = Stage()
    for channel, minutes_ago, viewers in sent:
        stage.beat(channel, minutes_ago, *sorted(viewers))
    count_all(now=NOW)
    by_minute = stage.watched()
    everybody = set().union(*by_minute.values()) if by_minute else set()
    totals = figures_of(stage.campaign.pk)
    assert totals.watched_minutes == sum(map(len, by_minute.values()))
    assert totals.viewers == len(everybody)
    over_time = minutes_over_time(stage.campaign.pk)
    assert {moment_of(int(m)): int(v) for m, v in zip(over_time.minutes, over_time.viewers, strict=True)} == {
        minute: len(viewers) for minute, viewers in by_minute.items()
    }
    edges = [NOW - timedelta(hours=2), NOW - timedelta(minutes=90), NOW - timedelta(hours=1)]
    told = over_time.within(edges)
    for place, (start, end) in enumerate(pairwise(edges)):
        inside = [len(viewers) for minute, viewers in by_minute.items() if start <= minute < end]
        assert told.watched[place] == (sum(inside) or None)
        assert told.most[place] == max(inside, default=None)
        assert told.average[place] == (round(sum(inside) / len(inside)) if inside else None)
    assert told.outside == sum(len(v) for minute, v in by_minute.items() if minute >= edges[-1])
    reported: dict[str, int] = defaultdict(int)
    for (channel, _minute), viewers in stage.sent.items():
        reported[channel] += len(viewers)
    rows = channels_of(stage.campaign.pk)
    assert {row.channel.platform_channel_id: row.reported_minutes for row in rows} == dict(reported)
    minutes = [sum(viewer in viewers for viewers in by_minute.values()) for viewer in everybody]
    rewards = list(stage.campaign.rewards.order_by("position"))
    earned = earned_of(stage.campaign.pk)
    assert [earned.get(row.pk, 0) for row in rewards] == [sum(m >= least for m in minutes) for least in (2, 4)]


def test_a_campaign_in_which_nothing_was_counted_has_zeros_and_no_minutes(stage: Stage) -> None:
    assert figures_of(stage.campaign.pk) == Totals()
    over_time = minutes_over_time(stage.campaign.pk)
    assert over_time.peak() is None
    told = over_time.within([NOW - MINUTE, NOW])
    assert (told.watched, told.most, told.average, told.outside) == ([None], [None], [None], 0)
    now = live(stage.campaign)
    assert (now.viewers, now.minute, now.heard_at, now.channels) == (0, None, None, 0)
    assert earned_of(stage.campaign.pk) == {}


def test_live_now_are_the_viewers_of_the_last_complete_minute_that_has_any(stage: Stage) -> None:
    stage.beat("a", 2, "u", "v", "w")
    stage.beat("b", 2, "w")
    stage.beat("a", 1, "u", "v")
    stage.beat("a", 0, "u")  # this minute is not over yet
    count_all(now=NOW + MINUTE)
    now = live(stage.campaign, now=NOW + timedelta(seconds=30))
    assert (now.viewers, now.minute) == (2, NOW - MINUTE)
    assert now.channels == 2
    assert now.heard_at == NOW
    assert now.per_minute[-3:] == [0, 3, 2]
    assert now.first == NOW - 60 * MINUTE


@pytest.mark.parametrize(("minutes_ago", "viewers"), [(1, 1), (2, 1), (3, 1), (4, 0)])
def test_who_was_last_seen_over_three_minutes_ago_is_not_watching_now(
    stage: Stage, minutes_ago: int, viewers: int
) -> None:
    stage.beat("a", minutes_ago, "u")
    count_all(now=NOW)
    now = live(stage.campaign)
    assert now.viewers == now.channels == viewers
    assert now.heard_at == NOW - minutes_ago * MINUTE


def test_w8_where_minutes_are_settled_first_now_is_as_much_longer_ago() -> None:
    stage = Stage(one_stream_at_a_time=True)
    stage.beat("a", 6, "u")
    count_all(now=NOW)
    within = live_within(one_stream_at_a_time=True)
    assert live(stage.campaign, within=within).viewers == 1
    assert live(stage.campaign).viewers == 0


def test_the_last_hour_goes_over_the_hour_and_the_day(stage: Stage) -> None:
    midnight = NOW.replace(hour=0)
    CampaignHour.objects.create(
        campaign=stage.campaign,
        hour=minute_number(midnight) // 60 - 1,
        watched_minutes=60,
        per_minute=pack_minutes([1] * 60),
    )
    CampaignHour.objects.create(
        campaign=stage.campaign,
        hour=minute_number(midnight) // 60,
        watched_minutes=120,
        per_minute=pack_minutes([2] * 60),
    )
    now = live(stage.campaign, now=midnight + 10 * MINUTE)
    assert list(now.per_minute) == [1] * 50 + [2] * 10


def test_the_peak_is_the_first_minute_with_most_viewers(stage: Stage) -> None:
    stage.beat("a", 50, "u", "v")
    stage.beat("a", 20, "u", "v")
    count_all(now=NOW)
    assert minutes_over_time(stage.campaign.pk).peak() == (2, NOW - 50 * MINUTE)


def test_w9_channels_come_by_reported_minutes_and_can_be_kept_to_those_live(stage: Stage) -> None:
    stage.beat("a", 60, "u", "v", "w")
    stage.beat("b", 1, "u")
    count_all(now=NOW)
    rows = channels_of(stage.campaign.pk)
    assert [(row.channel.platform_channel_id, row.reported_minutes, row.peak_viewers) for row in rows] == [
        ("a", 3, 3),
        ("b", 1, 1),
    ]
    assert [row.channel.platform_channel_id for row in live_channels(rows, within=LIVE_WITHIN, now=NOW)] == ["b"]


def test_another_campaigns_figures_are_its_own(stage: Stage) -> None:
    other = make_counted_campaign(make.make_game(stage.organization))
    stage.beat("a", 1, "u")
    count_all(now=NOW)
    assert figures_of(other.pk) == Totals()
    assert live(other).viewers == 0
    assert not channels_of(other.pk).exists()


def test_reading_takes_as_many_queries_however_much_was_watched(stage: Stage) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            figures_of(stage.campaign.pk)
            minutes_over_time(stage.campaign.pk)
            live(stage.campaign)
            earned_of(stage.campaign.pk)
        return len(captured)

    before = queries()
    for minutes_ago in range(1, 60, 7):
        for channel in "abcdef":
            stage.beat(channel, minutes_ago, *"uvwxyz")
    count_all(now=NOW)
    assert queries() == before
