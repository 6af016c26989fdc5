"""Any heartbeats in any order, repeated, counted in any pieces between: the totals are those of a few sets (W2 to W4, W8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.heartbeats.arrivals import Stored
from campaigns.models import Campaign, EarnedReward, Heartbeat, HeartbeatViewers, MinuteKind
from campaigns.watch.checking import recount
from campaigns.watch.counting import count_due
from campaigns.watch.people import People
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, make_counted_campaign, make_source, totals

pytestmark = pytest.mark.django_db

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
CHANNELS = ("2", "10", "30")
MINUTES = (-1, 0, 1, 58, 59, 60, 61, 119, 120)
"""Minutes around full hours, and one before the campaigns begin."""


@dataclass(frozen=True)
class Sent:
    """A heartbeat; ``seconds`` after the beginning of its minute it arrives."""

    channel: str
    minute: int
    viewers: frozenset[str]
    seconds: int = 0

    @property
    def arrives(self) -> int:
        return self.minute * 60 + self.seconds


sent = st.builds(
    Sent,
    channel=st.sampled_from(CHANNELS),
    minute=st.sampled_from(MINUTES),
    viewers=st.frozensets(st.sampled_from("abcdef"), max_size=4),
    seconds=st.integers(0, 400),
)
pieces = st.integers(1, 9)


@dataclass
class Play:
    """The real thing: a global campaign, and one for each channel whose list has that channel alone."""

    one_stream: bool
    people: People = field(default_factory=lambda: People(remembered_at_most=3))

    def __post_init__(self) -> None:
        game = make.make_game(make.make_organization(one_stream_at_a_time=self.one_stream))
        self.source = make_source(game)
        self.everywhere = make_counted_campaign(game, minutes=[3], starts_at=NOW)
        self.lists = {}
        for channel in CHANNELS:
            campaign = make_counted_campaign(game, minutes=[2], starts_at=NOW, scope=Campaign.Scope.ALLOW_LIST)
            row = make.make_channel(game.organization, platform_channel_id=channel)
            campaign.channels.create(channel=row, listed_at=NOW - DAY)
            self.lists[channel] = campaign

    def send(self, one: Sent, number: int, *, arrives: int) -> Stored:
        return beat(
            self.source,
            viewers=sorted(one.viewers),
            minute=NOW + one.minute * MINUTE,
            broadcaster=one.channel,
            id=f"beat-{number}",
            received_at=NOW + arrives * SECOND,
        )

    def count(self, most_viewers: int, *, at: int, rounds: int = 1000) -> None:
        for _ in range(rounds):
            if not count_due(now=NOW + at * SECOND, people=self.people, most_viewers=most_viewers):
                return
        assert rounds < 1000, "counting does not come to an end"

    def assert_sound(self) -> None:
        assert not Heartbeat.objects.filter(due_at__isnull=False).exists()
        assert not HeartbeatViewers.objects.exists()
        for campaign in (self.everywhere, *self.lists.values()):
            assert recount(campaign_id=campaign.pk).differences == []
            reward = campaign.rewards.get()
            earned = EarnedReward.objects.filter(campaign_reward=reward).count()
            assert earned == sum(minutes >= (reward.minutes or 0) for minutes in totals(campaign).values())


def by_viewer(minutes: set[tuple[str, int]]) -> Counter[str]:
    return Counter(viewer for viewer, _minute in minutes)


@settings(max_examples=40)
@example([Sent("2", 0, frozenset("ab")), Sent("10", 0, frozenset("bc"))], [(1, 1), (0, 2), (1, 1), (0, 1)])
@given(
    st.lists(sent, min_size=1, max_size=14),
    st.lists(st.tuples(st.integers(0, 13), st.one_of(st.none(), pieces)), max_size=40),
)
def test_w2_w4_the_totals_are_sets_of_viewers_and_minutes(
    beats: list[Sent], steps: list[tuple[int, int | None]]
) -> None:
    with transaction.atomic():
        play = Play(one_stream=False)
        arrived: set[int] = set()
        # In the order that was drawn, with repeats; what was not drawn comes at the end.
        for number, most_viewers in [*steps, *((number, None) for number in range(len(beats)))]:
            number %= len(beats)
            stored = play.send(beats[number], number, arrives=beats[number].minute * 60 + 50_000)
            assert stored == (Stored.REPEATED if number in arrived else Stored.NEW)
            arrived.add(number)
            if most_viewers:
                play.count(most_viewers, at=90_000, rounds=1)
        play.count(5, at=90_000)

        counted = [one for one in beats if one.minute >= 0]
        watched = {(viewer, one.minute) for one in counted for viewer in one.viewers}
        assert totals(play.everywhere) == by_viewer(watched)
        assert totals(play.everywhere, MinuteKind.BROADCAST) == by_viewer(
            {(one.channel, one.minute) for one in counted}
        )
        for channel, campaign in play.lists.items():
            there = {(viewer, one.minute) for one in counted if one.channel == channel for viewer in one.viewers}
            assert totals(campaign) == by_viewer(there)
        play.assert_sound()
        transaction.set_rollback(True)


def owners(beats: list[Sent]) -> dict[tuple[str, int], str]:
    """Who owns which viewer's minute: of those there in time the lowest channel, else whoever came first."""
    found: dict[tuple[str, int], str] = {}
    settled = 4 * 60  # seconds after the beginning of the minute
    in_time = [one for one in beats if one.seconds <= settled]
    late = [one for one in beats if one.seconds > settled]
    in_time.sort(key=lambda one: int(one.channel))
    late.sort(key=lambda one: (one.seconds, int(one.channel)))
    for one in in_time + late:
        if one.minute >= 0:
            for viewer in one.viewers:
                found.setdefault((viewer, one.minute), one.channel)
    return found


@settings(max_examples=40)
@example([Sent("30", 0, frozenset("a"), 100), Sent("2", 0, frozenset("a"), 241)], [(300, 1)])
@example([Sent("30", 0, frozenset("a"), 241), Sent("2", 0, frozenset("a"), 240)], [(241, 1), (300, 1)])
@given(
    st.lists(sent, min_size=1, max_size=14),
    st.lists(st.tuples(st.integers(0, 8000), pieces), max_size=12),
)
def test_w8_the_owners_are_those_of_a_simple_model_whenever_it_is_counted(
    beats: list[Sent], rounds: list[tuple[int, int]]
) -> None:
    with transaction.atomic():
        play = Play(one_stream=True)
        # The clock goes on: heartbeats arrive, some more than once, and between them some of what is due is counted.
        happens: list[tuple[int, int, int]] = [(one.arrives, 0, number) for number, one in enumerate(beats)]
        happens += [(one.arrives + 1 + number % 500, 0, number) for number, one in enumerate(beats)]
        happens += [(at, 1, most_viewers) for at, most_viewers in rounds]
        for at, counting, value in sorted(happens):
            if counting:
                play.count(value, at=at, rounds=1 + value % 3)
            else:
                play.send(beats[value], value, arrives=at)
        play.count(4, at=90_000)

        owned = owners(beats)
        assert totals(play.everywhere) == by_viewer(set(owned))
        for channel, campaign in play.lists.items():
            assert totals(campaign) == by_viewer({key for key, owner in owned.items() if owner == channel})
        streamed = {(one.channel, one.minute) for one in beats if one.minute >= 0}
        assert totals(play.everywhere, MinuteKind.BROADCAST) == by_viewer(streamed)
        play.assert_sound()
        transaction.set_rollback(True)
