"""What minutes earn: told once, in the transaction that credits them, and only when it can be claimed (R3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from campaigns import hooks
from campaigns.hooks import Earned
from campaigns.models import Campaign, CampaignReward, EarnedReward, Game, HeartbeatSource, RewardFigures, Viewer
from campaigns.watch.checking import recount
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


class Heard:
    """What the hook was told, in words: who, which reward by its position."""

    def __init__(self) -> None:
        self.told: list[Earned] = []

    def __call__(self, earned: Sequence[Earned]) -> None:
        self.told += earned

    def take(self) -> list[tuple[str, int]]:
        told, self.told = self.told, []
        users = dict(Viewer.objects.values_list("pk", "platform_user_id"))
        rewards = dict(CampaignReward.objects.values_list("pk", "position"))
        return sorted((users[one.viewer_id], rewards[one.campaign_reward_id]) for one in told)


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    hooks.rewards_earned.append(heard)
    yield heard
    hooks.rewards_earned.remove(heard)


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)


def watch(source: HeartbeatSource, minute: int, *viewers: str, broadcaster: str = "900") -> None:
    """Report a minute and count it."""
    at = NOW + minute * MINUTE
    beat(source, viewers=viewers, minute=at, broadcaster=broadcaster, received_at=NOW + timedelta(hours=5))
    count_all()


def earned() -> list[tuple[str, int]]:
    rows = EarnedReward.objects.values_list("viewer__platform_user_id", "campaign_reward__position")
    return sorted(rows)


def test_r3_a_reward_is_earned_with_its_last_minute_and_told_once(
    game: Game, source: HeartbeatSource, heard: Heard
) -> None:
    campaign = make_counted_campaign(game, minutes=[1, 3, 3])
    watch(source, 0, "a", "b")
    assert heard.take() == [("a", 0), ("b", 0)]
    for minute in (0, 1):
        watch(source, minute, "a")
        assert heard.take() == []
    watch(source, 2, "a")
    assert heard.take() == [("a", 1), ("a", 2)]
    for minute in (0, 1, 2, 3, 4):
        watch(source, minute, "a")
        assert heard.take() == []
    assert earned() == [("a", 0), ("a", 1), ("a", 2), ("b", 0)]
    figures = RewardFigures.objects.order_by("campaign_reward__position").values_list("earned", flat=True)
    assert list(figures) == [2, 1, 1]
    assert recount(campaign_id=campaign.pk).differences == []


def test_r3_minutes_that_come_all_at_once_earn_all_at_once(game: Game, source: HeartbeatSource, heard: Heard) -> None:
    make_counted_campaign(game, minutes=[1, 2, 3, 4])
    for minute in range(3):
        beat(source, viewers=["a"], minute=NOW + minute * MINUTE)
    count_all()
    assert heard.take() == [("a", 0), ("a", 1), ("a", 2)]


def test_w7_r3_a_broadcast_rule_counts_minutes_streamed_and_a_watch_rule_minutes_watched(
    game: Game, source: HeartbeatSource, heard: Heard
) -> None:
    campaign = make_counted_campaign(game, minutes=[2], rule="broadcast")
    CampaignReward.objects.create(
        campaign=campaign, reward=make.make_reward(game, image=False), position=1, minutes=2, rule="watch"
    )
    watch(source, 0, "a", "900")
    watch(source, 1, "a")
    assert heard.take() == [("900", 0), ("a", 1)]
    watch(source, 1, "900", broadcaster="901")
    assert heard.take() == [("900", 1)]
    watch(source, 1, broadcaster="900")
    assert heard.take() == []


def bind(campaign: Campaign, **requires: int) -> None:
    """Have rewards, by position, require others."""
    rows = {row.position: row for row in campaign.rewards.all()}
    for position, needed in requires.items():
        CampaignReward.objects.filter(pk=rows[int(position[1:])].pk).update(requires=rows[needed])


def test_r3_a_reward_is_told_when_what_it_requires_is_earned_too(
    game: Game, source: HeartbeatSource, heard: Heard
) -> None:
    campaign = make_counted_campaign(game, minutes=[3, 1, 2])
    bind(campaign, r1=0, r2=1)
    watch(source, 0, "a")
    watch(source, 1, "a")
    assert heard.take() == []
    assert earned() == [("a", 1), ("a", 2)]
    watch(source, 2, "a", "b")
    assert heard.take() == [("a", 0), ("a", 1), ("a", 2)]
    watch(source, 3, "a", "b")
    watch(source, 4, "b")
    assert heard.take() == [("b", 0), ("b", 1), ("b", 2)]


def test_r3_a_requirement_met_before_holds_nothing_back(game: Game, source: HeartbeatSource, heard: Heard) -> None:
    bind(make_counted_campaign(game, minutes=[1, 2, 3]), r1=0, r2=1)
    for minute, told in enumerate([[("a", 0)], [("a", 1)], [("a", 2)], []]):
        watch(source, minute, "a")
        assert heard.take() == told


def test_r3_a_game_event_that_is_required_holds_a_reward_back(
    game: Game, source: HeartbeatSource, heard: Heard
) -> None:
    campaign = make_counted_campaign(game, minutes=[1])
    event = CampaignReward.objects.create(
        campaign=campaign, reward=make.make_reward(game, image=False), position=1, rule="game_event", event_name="win"
    )
    campaign.rewards.filter(position=0).update(requires=event)
    watch(source, 0, "a")
    assert (heard.take(), earned()) == ([], [("a", 0)])


def test_r3_watching_and_streaming_may_require_each_other(game: Game, source: HeartbeatSource, heard: Heard) -> None:
    campaign = make_counted_campaign(game, minutes=[1], rule="broadcast")
    CampaignReward.objects.create(
        campaign=campaign, reward=make.make_reward(game, image=False), position=1, minutes=1, rule="watch"
    )
    bind(campaign, r1=0)
    watch(source, 0, "900", broadcaster="901")
    assert heard.take() == [("901", 0)]
    watch(source, 1, "900")
    assert heard.take() == [("900", 0), ("900", 1)]


def test_r3_each_campaign_tells_its_own(game: Game, source: HeartbeatSource, heard: Heard) -> None:
    campaigns = [make_counted_campaign(game, minutes=[1]) for _ in range(3)]
    watch(source, 0, "a")
    assert sorted(one.campaign_id for one in heard.told) == sorted(campaign.pk for campaign in campaigns)
    assert {one.viewer_id for one in heard.told} == set(
        Viewer.objects.filter(platform_user_id="a").values_list("pk", flat=True)
    )


def test_r3_what_is_earned_already_is_not_told_again(game: Game, source: HeartbeatSource, heard: Heard) -> None:
    campaign = make_counted_campaign(game, minutes=[2])
    watch(source, 0, "a", "b")
    reward, viewer = campaign.rewards.get(), Viewer.objects.get(platform_user_id="a")
    EarnedReward.objects.create(viewer=viewer, campaign_reward=reward, earned_at=NOW)
    watch(source, 1, "a", "b")
    assert heard.take() == [("b", 0)]


def test_w6_where_the_hook_fails_nothing_is_credited_and_all_is_told_later(
    game: Game, source: HeartbeatSource, heard: Heard
) -> None:
    campaign = make_counted_campaign(game, minutes=[2])

    def fail(_earned: Sequence[Earned]) -> None:
        raise ValueError("the mailbox is full")

    watch(source, 0, "a")
    hooks.rewards_earned.append(fail)
    try:
        beat(source, viewers=["a"], minute=NOW + MINUTE)
        count_all(now=NOW + 10 * MINUTE)
    finally:
        hooks.rewards_earned.remove(fail)
    assert earned() == []
    heard.told.clear()  # what it was told was undone with the rest
    count_all(now=NOW + 25 * MINUTE)
    assert heard.take() == [("a", 0)]
    assert recount(campaign_id=campaign.pk).differences == []
