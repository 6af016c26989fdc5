"""The preflight (C5): each finding appears and disappears."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignPlatform,
    CampaignReward,
    HeartbeatSource,
    RewardPlatformId,
)
from campaigns.preflight import Level, errors, preflight
from portal.ids import new_ulid
from portal.models import PlatformCredential
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_credential,
    make_endpoint,
    make_game,
    make_organization,
    make_reward,
)
from tests.watching import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """A draft in which there is nothing to find."""
    game = make_game()
    make_endpoint(game)
    make_credential(game.organization, "kick")
    return make_campaign(
        game,
        status=Campaign.Status.DRAFT,
        rewards=[make_reward(game, platform_ids={"kick": new_ulid()})],
        platform_ids={"kick": new_ulid()},
        starts_at=NOW + timedelta(days=3),
        ends_at=NOW + timedelta(days=10),
    )


def codes(campaign: Campaign, level: Level | None = None) -> list[str]:
    return [f.code for f in preflight(campaign, now=NOW) if level is None or f.level is level]


def test_c5_a_complete_draft_has_no_findings(campaign: Campaign) -> None:
    assert codes(campaign) == []


def change(**fields: object) -> Callable[[Campaign], None]:
    def apply(campaign: Campaign) -> None:
        Campaign.objects.filter(pk=campaign.pk).update(**fields)

    return apply


def no_rewards(campaign: Campaign) -> None:
    campaign.rewards.all().delete()


def thirteen_rewards(campaign: Campaign) -> None:
    for _ in range(12):
        reward = make_reward(campaign.game, platform_ids={"kick": new_ulid()})
        CampaignReward.objects.create(campaign=campaign, reward=reward, minutes=5)


def reward_without_image(campaign: Campaign) -> None:
    reward = make_reward(campaign.game, image=False, platform_ids={"kick": new_ulid()})
    CampaignReward.objects.create(campaign=campaign, reward=reward, minutes=5)


def reward_without_alt_text(campaign: Campaign) -> None:
    reward = make_reward(campaign.game, alt_text="", platform_ids={"kick": "R2"})
    CampaignReward.objects.create(campaign=campaign, reward=reward, minutes=5)


def unlike_reward_id(campaign: Campaign) -> None:
    RewardPlatformId.objects.update(platform_reward_id="abc")


def reward_without_id(campaign: Campaign) -> None:
    CampaignReward.objects.create(campaign=campaign, reward=make_reward(campaign.game), minutes=5)


def counted_here(campaign: Campaign) -> None:
    campaign.platforms.update(counted_by=CampaignPlatform.CountedBy.PORTAL)


def event_rule(campaign: Campaign) -> None:
    reward = make_reward(campaign.game, platform_ids={"kick": "R2"})
    event = {"event_name": "boss", "event_path": "$.boss", "event_condition": "equals", "event_value": '"dead"'}
    CampaignReward.objects.create(campaign=campaign, reward=reward, rule="game_event", **event)


def studio_counts_itself(campaign: Campaign) -> None:
    CampaignPlatform.objects.create(campaign=campaign, platform="portal")


def endpoint_off(campaign: Campaign) -> None:
    campaign.game.endpoint.enabled = False
    campaign.game.endpoint.save()


def overlap(campaign: Campaign) -> None:
    make_campaign(campaign.game, rewards=[campaign.rewards.get().reward], platform_ids={"kick": "C2"})


ERRORS: list[tuple[str, Callable[[Campaign], None]]] = [
    ("no_reward", no_rewards),
    ("too_many_rewards", thirteen_rewards),
    ("starts_at_missing", change(starts_at=None)),
    ("ends_at_missing", change(ends_at=None)),
    ("end_not_after_start", change(ends_at=NOW + timedelta(days=3))),
    ("reward_without_image", reward_without_image),
    ("info_url_not_http", change(info_url="ftp://example.org/")),
    ("connection_url_not_http", change(connection_url="javascript:alert(1)")),
    ("platform_campaign_id_missing", lambda c: c.platforms.update(platform_campaign_id="")),
    ("platform_reward_id_missing", reward_without_id),
    ("no_platform", lambda c: c.platforms.all().delete()),
    ("platform_does_not_count", studio_counts_itself),
    ("no_heartbeat_source", counted_here),
    ("game_event_not_counted", event_rule),
    ("allow_list_empty", change(scope="allow_list")),
    ("no_way_to_deliver", lambda c: c.game.endpoint.delete()),
    ("no_way_to_deliver", endpoint_off),
    ("organization_not_enabled", lambda c: type(c.organization).objects.update(enabled=False)),
]

WARNINGS: list[tuple[str, Callable[[Campaign], None]]] = [
    ("short_grace", change(grace_days=13)),
    ("reward_in_overlapping_campaign", overlap),
    ("starts_soon", change(starts_at=NOW + timedelta(hours=23))),
    ("starts_soon", change(starts_at=NOW - timedelta(hours=1))),
    ("ended_already", change(starts_at=NOW - timedelta(days=9), ends_at=NOW - timedelta(hours=1))),
    (
        "clock_change",
        change(
            time_zone="Europe/Berlin",
            starts_at=datetime(2027, 3, 25, 12, tzinfo=UTC),
            ends_at=datetime(2027, 3, 30, 12, tzinfo=UTC),
        ),
    ),
    ("reward_without_alt_text", reward_without_alt_text),
    ("unlike_campaign_id", lambda c: c.platforms.update(platform_campaign_id="Moonrise opening")),
    ("unlike_reward_id", unlike_reward_id),
    ("no_tester", change(test_mode=True)),
    ("platform_not_connected", lambda c: PlatformCredential.objects.update(enabled=False)),
]


@pytest.mark.parametrize(("code", "spoil"), ERRORS, ids=[f"{code}-{i}" for i, (code, _) in enumerate(ERRORS)])
def test_c5_an_error_is_found_and_blocks(campaign: Campaign, code: str, spoil: Callable[[Campaign], None]) -> None:
    assert code not in codes(campaign)
    spoil(campaign)
    assert codes(campaign, Level.ERROR) == [code]
    assert errors(preflight(campaign, now=NOW))


@pytest.mark.parametrize(("code", "spoil"), WARNINGS, ids=[f"{code}-{i}" for i, (code, _) in enumerate(WARNINGS)])
def test_c5_a_warning_is_found_and_does_not_block(
    campaign: Campaign, code: str, spoil: Callable[[Campaign], None]
) -> None:
    assert code not in codes(campaign)
    spoil(campaign)
    assert code in codes(campaign, Level.WARNING)
    assert codes(campaign, Level.ERROR) == []


def test_c8_a_test_with_a_tester_is_one_in_which_somebody_takes_part(campaign: Campaign) -> None:
    change(test_mode=True)(campaign)
    campaign.testers.create(platform="twitch", platform_user_id="7")
    assert codes(campaign) == ["no_tester"], "it does not run there"
    campaign.testers.create(platform="kick", platform_user_id="7")
    assert codes(campaign) == []


def test_c5_a_reward_that_another_campaign_gives_too_is_told_once_with_all_platforms(campaign: Campaign) -> None:
    reward = campaign.rewards.get().reward
    reward.platform_ids.create(platform="twitch", platform_reward_id=new_ulid())
    campaign.platforms.create(platform="twitch", platform_campaign_id=new_ulid())
    make_campaign(campaign.game, rewards=[reward], platform_ids={"kick": "C2", "twitch": "C2"}, name="Other")
    found = [str(f.sentence) for f in preflight(campaign, now=NOW) if f.code == "reward_in_overlapping_campaign"]
    assert found == [f"“{reward.name}” is also in the campaign “Other” on Kick and Twitch at the same time."]


def test_c5_an_enabled_source_of_heartbeats_for_each_platform_satisfies_the_check(campaign: Campaign) -> None:
    counted_here(campaign)
    platform = campaign.platforms.get().platform
    source = make_source(campaign.game, platform="twitch" if platform == "kick" else "kick")
    assert codes(campaign) == ["no_heartbeat_source"], "a source of another platform tells nothing"
    make_source(make_game(campaign.organization), platform=platform)
    assert codes(campaign) == ["no_heartbeat_source"], "nor does one of another game"
    HeartbeatSource.objects.filter(pk=source.pk).update(platform=platform, enabled=False)
    assert codes(campaign) == ["no_heartbeat_source"], "nor one that is switched off"
    HeartbeatSource.objects.filter(pk=source.pk).update(enabled=True)
    assert codes(campaign, Level.ERROR) == []


def test_c5_a_source_of_a_further_game_is_enough(campaign: Campaign) -> None:
    counted_here(campaign)
    further = make_game(campaign.organization)
    campaign.further_games.create(game=further)
    make_source(further, platform=campaign.platforms.get().platform)
    assert codes(campaign, Level.ERROR) == []


def test_c5_a_channel_on_the_list_satisfies_the_check(campaign: Campaign) -> None:
    change(scope="allow_list")(campaign)
    listing = CampaignChannel.objects.create(
        campaign=campaign, channel=make_channel(campaign.organization), listed_at=NOW
    )
    assert codes(campaign) == []
    CampaignChannel.objects.filter(pk=listing.pk).update(removed_at=NOW)
    assert codes(campaign) == ["allow_list_empty"]


def test_c5_the_same_reward_elsewhere_is_no_overlap(campaign: Campaign) -> None:
    reward = campaign.rewards.get().reward
    make_campaign(campaign.game, rewards=[reward], platform_ids={"twitch": "T1"})
    make_campaign(campaign.game, rewards=[reward], platform_ids={"kick": "K2"}, ends_at=NOW + timedelta(days=3))
    make_campaign(campaign.game, rewards=[reward], platform_ids={"kick": "K3"}, status=Campaign.Status.DRAFT)
    assert codes(campaign) == []


def test_c5_every_finding_says_what_to_do(campaign: Campaign) -> None:
    empty = Campaign.objects.create(
        organization=make_organization(enabled=False), game=campaign.game, name="Empty", scope="allow_list"
    )
    found = preflight(empty, now=NOW)
    assert {f.code for f in found} >= {"no_reward", "no_platform", "allow_list_empty", "starts_at_missing"}
    assert all(str(f.sentence) and str(f.fix) for f in found)
    assert all(f.field for f in found if f.code != "organization_not_enabled")
