"""What a campaign came to: known and not known, over time, by reward and by state (Campaign overview)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignPlatform
from campaigns.rules.timeline import Unit
from fulfillment.overview import DELIVERED, STUCK, WAITING, Overview, overview_of
from fulfillment.resolve import resolve_due
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import World
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

FAR = NOW + timedelta(days=1000)


def look(campaign: Campaign, *, zone: str = "UTC", now: Any = NOW) -> Overview:
    return overview_of(Campaign.objects.get(pk=campaign.pk), zone_name=zone, now=now)


def test_what_the_platform_counts_is_not_known_and_its_claims_are() -> None:
    world = World()
    world.claim()
    resolve_due(now=FAR)
    found = look(world.campaign)
    assert (found.totals, found.live, found.peak) == (None, None, None)
    assert found.over_time is not None and found.over_time.minutes is None
    assert [line.earned for line in found.rewards] == [None]
    assert found.claims.total == sum(found.over_time.claims) == 1
    assert list(found.counted_by.platform) == ["Twitch", "Kick"]
    assert list(found.counted_by.portal) == []


def test_what_the_portal_counts_is_known_and_nothing_yet_is_zero() -> None:
    campaign = make_counted_campaign(make.make_game())
    found = look(campaign)
    assert found.totals is not None and found.totals.watched_minutes == 0
    assert found.live is not None and found.live.viewers == 0
    assert [line.earned for line in found.rewards] == [0]
    assert list(found.counted_by.portal) == ["Kick"]


def test_a_campaign_on_both_says_which_part_is_known() -> None:
    campaign = make_counted_campaign(make.make_game())
    CampaignPlatform.objects.create(campaign=campaign, platform="twitch", platform_campaign_id="t")
    found = look(campaign)
    assert (list(found.counted_by.portal), list(found.counted_by.platform)) == (["Kick"], ["Twitch"])
    assert found.totals is not None


def test_claims_are_told_by_reward_and_state_and_each_once() -> None:
    world = World()
    other = make.make_reward(world.game, platform_ids={"kick": "kick-silver"}, image=False)
    world.campaign.rewards.create(reward=other, position=1, minutes=60)
    make.make_reward(world.game, platform_ids={"kick": "kick-bronze"}, image=False)
    for number, reward in enumerate(["kick-gold", "kick-gold", "kick-silver", "kick-bronze"]):
        world.claim(platform_user_id=str(number), platform_reward_id=reward)
    resolve_due(now=FAR)
    found = look(world.campaign)
    assert [(line.reward.reward.name if line.reward else None, line.claims.total) for line in found.rewards] == [
        (world.reward.name, 2),
        (other.name, 1),
        (None, 1),  # a reward that the campaign does not have
    ]
    assert found.claims.of(WAITING) == 3
    assert found.claims.of(STUCK) == 1
    assert found.claims.of(DELIVERED) == 0
    assert found.claims.total == 4


@pytest.mark.parametrize(
    ("days", "unit", "count"), [(1, Unit.HOUR, 25), (6, Unit.HOUR, 145), (8, Unit.DAY, 9), (200, Unit.WEEK, 29)]
)
def test_a_short_campaign_is_told_in_hours_a_long_one_in_days(days: int, unit: Unit, count: int) -> None:
    campaign = make_counted_campaign(
        make.make_game(), starts_at=NOW - timedelta(days=days), published_at=NOW - timedelta(days=300)
    )
    over_time = look(campaign).over_time
    assert over_time is not None
    assert (over_time.unit, len(over_time.spans)) == (unit, count)


def test_claims_are_told_at_the_time_of_their_grant_and_the_rest_is_counted() -> None:
    world = World()
    start = NOW - timedelta(days=1)
    moments = [start, start + timedelta(minutes=59), start + timedelta(hours=1), start - timedelta(minutes=1)]
    for number, moment in enumerate(moments):
        world.claim(platform_user_id=str(number), granted_at=moment)
    resolve_due(now=FAR)
    over_time = look(world.campaign).over_time
    assert over_time is not None
    assert over_time.claims[:3] == [2, 1, 0]
    assert over_time.claims_outside == 1  # granted before the start: held
    assert sum(over_time.claims) + over_time.claims_outside == look(world.campaign).claims.total


def test_in_a_zone_that_is_half_an_hour_off_hours_are_those_of_its_clocks() -> None:
    game = make.make_game()
    source, campaign = make_source(game), make_counted_campaign(game, starts_at=NOW - timedelta(hours=3))
    for minutes_ago in (61, 31, 29):  # 16:29, 16:59 and 17:01 in Kolkata
        beat(source, viewers=["u"], minute=NOW - timedelta(minutes=minutes_ago))
    count_all(now=NOW)
    over_time = look(campaign, zone="Asia/Kolkata").over_time
    assert over_time is not None and over_time.minutes is not None
    told = {
        f"{span.local:%H:%M}": value for span, value in zip(over_time.spans, over_time.minutes.watched, strict=True)
    }
    assert told == {"14:00": None, "15:00": None, "16:00": 2, "17:00": 1}


def test_before_the_start_there_is_nothing_to_tell_over_time() -> None:
    game = make.make_game()
    scheduled = make_counted_campaign(game, starts_at=NOW + timedelta(days=1))
    draft = make_counted_campaign(game, status="draft", starts_at=None, ends_at=None)
    assert look(scheduled).over_time is None
    assert look(draft).over_time is None


def test_after_the_end_it_goes_on_as_long_as_claims_came_and_no_longer() -> None:
    world = World()
    start, end = NOW - timedelta(days=4), NOW - timedelta(days=3)
    Campaign.objects.filter(pk=world.campaign.pk).update(
        starts_at=start, announces_at=start, ends_at=end, closes_at=NOW - timedelta(days=1)
    )
    over_time = look(world.campaign).over_time
    assert over_time is not None and over_time.spans[-1].end == end
    assert not over_time.goes_on
    world.claim(platform_user_id="1", granted_at=end + timedelta(hours=5, minutes=1))
    world.claim(platform_user_id="2", granted_at=NOW - timedelta(hours=2))  # after closing: held, outside
    resolve_due(now=FAR)
    over_time = look(world.campaign).over_time
    assert over_time is not None and over_time.spans[-1].end == NOW - timedelta(days=1)
    assert (sum(over_time.claims), over_time.claims_outside) == (1, 1)


def test_a_cancelled_campaign_ends_with_its_cancellation() -> None:
    campaign = make_counted_campaign(make.make_game())
    Campaign.objects.filter(pk=campaign.pk).update(status="cancelled", cancelled_at=NOW - timedelta(hours=20))
    over_time = look(campaign).over_time
    assert over_time is not None and len(over_time.spans) == 4


def test_the_queries_are_as_many_for_much_as_for_little() -> None:
    def world_of(rewards: int, claims: int, hours: int) -> int:
        game = make.make_game()
        source = make_source(game)
        campaign = make_counted_campaign(game, minutes=range(1, rewards + 1), starts_at=NOW - timedelta(hours=hours))
        for number in range(hours):
            minute = NOW - timedelta(hours=number, minutes=1)
            beat(source, viewers=[f"v{number}"], minute=minute, broadcaster=f"c{number}")
        count_all(now=NOW)
        for number in range(claims):
            reward = campaign.rewards.order_by("position")[number % rewards]
            make.make_claim(
                game.organization,
                assigned_campaign=campaign,
                assigned_reward=reward.reward,
                platform_user_id=str(number),
            )
        resolve_due(now=FAR)
        fresh = Campaign.objects.select_related("organization").get(pk=campaign.pk)
        with CaptureQueriesContext(connection) as captured:
            found = overview_of(fresh, zone_name="Europe/Berlin", now=NOW)
        assert found.claims.total == claims
        return len(captured)

    assert world_of(1, 1, 1) == world_of(12, 20, 20)
