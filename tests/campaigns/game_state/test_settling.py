"""Who has earned a game event's reward: heartbeats of its minute and the two before, early or late (G4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.game_state.settling import settle_due
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignReward,
    CampaignTester,
    Channel,
    ChannelOptOut,
    EarnedReward,
    Game,
    GameEvent,
    GatewayTally,
    HeartbeatSource,
    RecentViewers,
    RewardFigures,
)
from campaigns.watch.keeping import drop_recent_viewers
from tests import factories as make
from tests.factories import NOW
from tests.game_events import happen, make_channel, make_event_reward
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class World:
    """A game, its source, a channel, and a campaign whose only reward a game event earns."""

    def __init__(self) -> None:
        self.game: Game = make.make_game()
        self.source: HeartbeatSource = make_source(self.game)
        self.campaign: Campaign = make_counted_campaign(self.game, minutes=[])
        self.reward: CampaignReward = make_event_reward(self.campaign)
        self.channel: Channel = make_channel(self.game)

    def watch(self, minute: int, *viewers: str, late: timedelta = timedelta(), channel: str = "900") -> None:
        at = NOW + minute * MINUTE
        beat(self.source, viewers=viewers, minute=at, broadcaster=channel, received_at=at + late)
        count_all(now=at + late + SECOND)

    def happen(self, minute: int, *channels: Channel) -> GameEvent:
        event = happen(self.reward, channels or [self.channel], at=NOW + minute * MINUTE + 5 * SECOND)
        settle_due(now=event.at + SECOND)
        return event


@pytest.fixture
def world() -> World:
    return World()


def earned(reward: CampaignReward) -> list[str]:
    rows = EarnedReward.objects.filter(campaign_reward=reward).values_list("viewer__platform_user_id", flat=True)
    stored = RewardFigures.objects.filter(pk=reward.pk).values_list("earned", flat=True).first() or 0
    assert stored == len(rows)
    return sorted(rows)


def test_g4_an_event_is_earned_by_who_watched_in_its_minute_or_the_two_before(world: World) -> None:
    for minute in range(2, 8):
        world.watch(minute, f"in {minute}")
    event = world.happen(6)
    assert earned(world.reward) == ["in 4", "in 5", "in 6"]
    event.refresh_from_db()
    assert (event.earned, event.settled_at) == (3, event.at + SECOND)


def test_g4_heartbeats_that_come_after_the_event_earn_it_as_well_once(world: World) -> None:
    world.watch(5, "a")
    event = world.happen(6)
    assert earned(world.reward) == ["a"]
    world.watch(6, "a", "b", late=MINUTE)
    assert settle_due(now=event.at + 2 * MINUTE) == 1
    assert earned(world.reward) == ["a", "b"]
    event.refresh_from_db()
    assert event.earned == 2


def test_g4_heartbeats_that_come_hours_late_earn_it_though_nothing_was_kept_that_long(world: World) -> None:
    event = world.happen(6)
    later = event.at + timedelta(hours=5)
    settle_due(now=later)
    drop_recent_viewers(now=later)
    event.refresh_from_db()
    assert event.due_at is None
    world.watch(5, "a", late=timedelta(hours=6))
    world.watch(7, "after it", late=timedelta(hours=6))
    settle_due(now=later + timedelta(hours=2))
    assert earned(world.reward) == ["a"]


def test_w4_heartbeats_that_come_after_the_campaign_is_closed_earn_nothing(world: World) -> None:
    event = world.happen(6)
    assert world.campaign.closes_at is not None
    late = world.campaign.closes_at - event.at
    world.watch(5, "in time", late=late - 2 * MINUTE)
    settle_due(now=world.campaign.closes_at - SECOND)
    world.watch(5, "too late", late=late + 10 * MINUTE)
    settle_due(now=world.campaign.closes_at + timedelta(hours=1))
    assert earned(world.reward) == ["in time"]


def test_g4_an_event_is_looked_at_once_more_after_ten_minutes_and_then_left_alone(world: World) -> None:
    event = world.happen(6)
    assert settle_due(now=event.at + 9 * MINUTE) == 0
    assert settle_due(now=event.at + 10 * MINUTE) == 1
    assert settle_due(now=event.at + timedelta(days=1)) == 0


def test_g4_viewers_of_other_channels_and_games_earn_nothing(world: World) -> None:
    other_game = make.make_game(world.game.organization)
    other_source = make_source(other_game)
    elsewhere = make_counted_campaign(other_game, minutes=[])
    make_event_reward(elsewhere)
    world.watch(6, "here")
    world.watch(6, "another channel", channel="901")
    beat(other_source, viewers=["another game"], minute=NOW + 6 * MINUTE)
    count_all()
    assert RecentViewers.objects.count() == 3
    world.happen(6)
    assert earned(world.reward) == ["here"]


def test_g4_an_event_of_several_channels_is_earned_on_each_and_once(world: World) -> None:
    world.watch(6, "a", "both")
    world.watch(6, "b", "both", channel="901")
    world.watch(6, "c", channel="902")
    world.happen(6, world.channel, make_channel(world.game, "901"))
    assert earned(world.reward) == ["a", "b", "both"]


def test_g4_the_same_event_again_gives_nobody_the_reward_twice(world: World) -> None:
    world.watch(6, "a")
    world.happen(6)
    world.watch(7, "a", "b")
    second = world.happen(7)
    assert earned(world.reward) == ["a", "b"]
    second.refresh_from_db()
    assert second.earned == 1


@pytest.mark.parametrize("where", ["not listed", "opted out", "before the start", "after the end", "other platform"])
def test_w3_an_event_where_the_campaign_does_not_count_earns_nothing(world: World, where: str) -> None:
    world.watch(6, "a")
    at = NOW + 6 * MINUTE
    match where:
        case "not listed":
            other = make_channel(world.game, "901")
            Campaign.objects.update(scope=Campaign.Scope.ALLOW_LIST)
            CampaignChannel.objects.create(campaign=world.campaign, channel=other, listed_at=NOW)
        case "opted out":
            ChannelOptOut.objects.create(channel=world.channel, game=world.game, started_at=at)
        case "before the start":
            Campaign.objects.update(starts_at=at + 6 * SECOND)
        case "after the end":
            Campaign.objects.update(ends_at=at + 5 * SECOND)
        case "other platform":
            world.campaign.platforms.update(platform="twitch")
    world.happen(6)
    assert earned(world.reward) == []


def test_g4_who_watched_just_before_the_campaign_began_earns_an_event_of_its_first_minutes(world: World) -> None:
    Campaign.objects.update(starts_at=NOW + 6 * MINUTE)
    world.watch(2, "too early")
    world.watch(4, "a")
    assert RecentViewers.objects.count() == 1
    world.happen(6)
    assert earned(world.reward) == ["a"]


def test_c8_in_a_test_campaign_only_testers_earn_an_event(world: World) -> None:
    Campaign.objects.update(test_mode=True)
    CampaignTester.objects.create(campaign=world.campaign, platform="kick", platform_user_id="tester")
    world.watch(6, "tester", "somebody")
    world.happen(6)
    assert earned(world.reward) == ["tester"]


def test_w9_viewers_are_kept_only_where_a_game_event_may_ask_for_them_and_for_an_hour(world: World) -> None:
    world.watch(6, "a")
    kept = RecentViewers.objects.get().kept_at
    assert drop_recent_viewers(now=kept + timedelta(hours=1)) == 0
    assert drop_recent_viewers(now=kept + timedelta(hours=1) + SECOND) == 1
    CampaignReward.objects.update(
        rule="watch", minutes=5, event_name="", event_path="", event_condition="", event_value=""
    )
    world.watch(7, "a")
    assert not RecentViewers.objects.exists()


def test_w8_where_one_stream_at_a_time_counts_the_channel_that_owns_the_minute_gives_the_event(world: World) -> None:
    world.game.organization.one_stream_at_a_time = True
    world.game.organization.save()
    at = NOW + 6 * MINUTE
    for channel in ("900", "899"):
        beat(world.source, viewers=["a"], minute=at, broadcaster=channel)
    beat(world.source, viewers=["b"], minute=at)
    count_all(now=at + 5 * MINUTE)
    event = happen(world.reward, [world.channel], at=at + SECOND)
    settle_due(now=event.at + 5 * MINUTE)
    assert earned(world.reward) == ["b"]


def test_f4_one_event_that_cannot_be_settled_keeps_no_other_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.watch(6, "a")
    RecentViewers.objects.update(numbers=b"broken")
    first = happen(world.reward, [world.channel], at=NOW + 6 * MINUTE)
    world.watch(20, "b")
    second = happen(world.reward, [world.channel], at=NOW + 20 * MINUTE)
    settle_due(now=second.at + SECOND)
    assert earned(world.reward) == ["b"]
    first.refresh_from_db()
    assert first.due_at == second.at + SECOND + timedelta(minutes=15)
    assert f"Game event {first.pk} could not be settled." in caplog.text


def test_g4_how_long_it_took_from_the_message_to_the_reward_is_counted(world: World) -> None:
    event = happen(world.reward, [world.channel], at=NOW)
    settle_due(now=event.at + 1.5 * SECOND)
    settle_due(now=event.at + 20 * MINUTE)
    counts = dict(GatewayTally.objects.values_list("kind", "count"))
    assert counts["settled"] == 1
    assert counts["latency_milliseconds"] == 1500
    assert {kind for kind in counts if kind.startswith("latency_le:")} == {
        f"latency_le:{edge}" for edge in ("2", "5", "10", "30", "60")
    }


class AnyOrder(TestCase):
    """Whatever the order in which heartbeats, events and looks come, the same viewers have earned it in the end."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        beats=st.lists(st.tuples(st.integers(0, 8), st.sets(st.sampled_from("abcdef"), min_size=1)), max_size=6),
        events=st.lists(st.integers(0, 8), min_size=1, max_size=3),
        order=st.randoms(use_true_random=False),
    )
    def test_g4_the_order_of_arrival_does_not_matter(
        self, beats: Sequence[tuple[int, set[str]]], events: Sequence[int], order: object
    ) -> None:
        world = World()
        steps = [("beat", one) for one in beats] + [("event", one) for one in events]
        order.shuffle(steps)  # type: ignore[attr-defined]
        now = NOW + 20 * MINUTE
        for kind, what in steps:
            now += SECOND
            if kind == "beat":
                minute, viewers = what  # type: ignore[misc]
                at = NOW + minute * MINUTE
                beat(world.source, viewers=sorted(viewers), minute=at, received_at=now)
                count_all(now=now)
            else:
                happen(world.reward, [world.channel], at=NOW + what * MINUTE)  # type: ignore[operator]
            settle_due(now=now)
        wanted = {
            viewer
            for minute, viewers in beats
            for viewer in viewers
            if any(event - 2 <= minute <= event for event in events)
        }
        assert earned(world.reward) == sorted(wanted)
