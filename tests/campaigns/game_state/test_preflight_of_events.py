"""The preflight of campaigns that reward game events: whole, counted somewhere, seen, allowed, tried (C5, G2, G4, W3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.checks_of_game_events import MOST_AT_ONCE
from campaigns.game_state.rules_of import event_rule
from campaigns.game_state.trials import event_rows, note_trial, try_rules
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, GameRecording, GameSession
from campaigns.preflight import Level, preflight
from fulfillment.models import ApiClient, GameStateClient
from tests.factories import (
    NOW,
    allow_game_state,
    make_api_client,
    make_campaign,
    make_credential,
    make_endpoint,
    make_game,
    make_game_session,
)
from tests.game_events import make_event_reward
from tests.recordings import record
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """A draft that the portal counts on Kick, all in order, whose one reward a game event earns."""
    game = make_game()
    make_endpoint(game)
    for platform in ("kick", "twitch"):
        make_credential(game.organization, platform)
    draft = make_campaign(
        game,
        status=Campaign.Status.DRAFT,
        rewards=[],
        starts_at=NOW + timedelta(days=3),
        ends_at=NOW + timedelta(days=10),
    )
    CampaignPlatform.objects.create(campaign=draft, platform="kick", counted_by="portal")
    beat(make_source(game, platform="kick"), viewers=[], minute=NOW - timedelta(minutes=1))
    allow_game_state(make_api_client(game.organization), game)
    make_game_session(game, ended_at=NOW, end_code="disconnected")
    add_event(draft)
    try_out(draft)
    return draft


def add_event(campaign: Campaign, **fields: Any) -> CampaignReward:
    row = make_event_reward(campaign, **fields)
    row.reward.image = "rewards/a.png"
    row.reward.alt_text = "A"
    row.reward.save()
    return row


def try_out(campaign: Campaign, *states: dict[str, Any]) -> GameRecording:
    """Try the campaign's events against a recording: by default one in which the boss dies."""
    recording = record(campaign.game, *(states or ({"boss": "alive"}, {"boss": "dead"})))
    rows = event_rows(campaign)
    note_trial(try_rules(recording, [event_rule(row) for row in rows]), rows, now=NOW)
    return recording


def codes(campaign: Campaign, level: Level | None = None) -> list[str]:
    return [one.code for one in preflight(campaign, now=NOW) if level is None or one.level is level]


def only(campaign: Campaign, code: str, level: Level) -> str:
    (one,) = preflight(campaign, now=NOW)
    assert (one.code, one.level) == (code, level)
    return f"{one.sentence} {one.fix}"


def test_c5_an_event_that_is_whole_counted_allowed_and_tried_is_in_order(campaign: Campaign) -> None:
    assert codes(campaign) == []


def test_w3_an_event_is_refused_where_only_platforms_count_whatever_sources_there_are(campaign: Campaign) -> None:
    """They were accepted before: but what viewers earn by events is claimed here, and so only where the portal counts."""
    campaign.platforms.update(counted_by="platform", platform_campaign_id="01K6ZC2V9Q8M4T7R1XWB3NYHDF")
    reward = campaign.rewards.get().reward
    reward.platform_ids.create(platform="kick", platform_reward_id="01K6ZC5E7W3P9D2J8SAVQ4TMGK")
    assert "the portal counts on none" in only(campaign, "game_event_not_counted", Level.ERROR)


def test_w3_where_the_portal_counts_on_one_platform_the_others_are_named(campaign: Campaign) -> None:
    CampaignPlatform.objects.create(
        campaign=campaign,
        platform="twitch",
        counted_by="platform",
        platform_campaign_id="8b3f1c52-6d0e-4a97-b1f4-2c7e9a5d3810",
    )
    campaign.rewards.get().reward.platform_ids.create(
        platform="twitch", platform_reward_id="4f2a7d90-13bc-4e58-9d6a-b0c1e87f2345"
    )
    assert "On Twitch nobody gets" in only(campaign, "game_event_not_counted_there", Level.WARNING)


def test_g4_an_event_needs_heartbeats_where_the_portal_counts(campaign: Campaign) -> None:
    campaign.game.heartbeat_sources.update(enabled=False)
    assert codes(campaign) == ["no_heartbeat_source"]


def test_g4_an_event_of_before_there_was_game_state_must_say_where_and_when(campaign: Campaign) -> None:
    row = add_event(campaign, event_name="Boss", event_path="", event_condition="", event_value="")
    said = only(campaign, "game_event_incomplete", Level.ERROR)
    assert row.reward.name in said and "“Boss”" in said


def test_g4_a_path_that_cannot_be_used_any_more_blocks(campaign: Campaign) -> None:
    CampaignReward.objects.update(event_path="$..boss")
    assert "two dots" in only(campaign, "game_event_path", Level.ERROR)


def test_g4_a_server_that_was_never_seen_is_worth_a_look(campaign: Campaign) -> None:
    GameSession.objects.update(authoritative=False)
    assert "never streamed" in only(campaign, "game_state_never_seen", Level.WARNING)
    campaign.further_games.create(game=make_game(campaign.organization))
    make_game_session(campaign.further_games.get().game)
    assert codes(campaign) == []


def test_g2_without_a_client_that_may_stream_no_event_can_happen(campaign: Campaign) -> None:
    client = ApiClient.objects.get()
    for spoil in ({"revoked_at": NOW}, {"expires_at": NOW}):
        ApiClient.objects.filter(pk=client.pk).update(**spoil)
        assert client.oauth.name in only(campaign, "game_state_client_unusable", Level.WARNING)
        ApiClient.objects.filter(pk=client.pk).update(revoked_at=None, expires_at=None)
    client.oauth.set_scopes(["claims:read"])
    client.oauth.save()
    assert "lacks that scope" in only(campaign, "game_state_client_unusable", Level.WARNING)
    GameStateClient.objects.all().delete()
    (one,) = preflight(campaign, now=NOW)
    assert (one.code, one.obj, one.missing) == ("no_game_state_client", client, None)
    client.delete()
    (one,) = preflight(campaign, now=NOW)
    assert (one.code, one.obj, one.missing) == ("no_game_state_client", None, ApiClient)


def test_g2_a_client_of_another_game_is_none(campaign: Campaign) -> None:
    GameStateClient.objects.update(game=make_game(campaign.organization))
    assert codes(campaign) == ["no_game_state_client"]


def test_g4_an_event_that_was_not_tried_as_it_is_now_is_worth_a_look(campaign: Campaign) -> None:
    row = campaign.rewards.get()
    for field, value in (("event_path", "$.foe"), ("event_condition", "equals"), ("event_value", '"fled"')):
        was = getattr(row, field)
        CampaignReward.objects.filter(pk=row.pk).update(**{field: value})
        assert "was not tried as it is now" in only(campaign, "game_event_untried", Level.WARNING), field
        CampaignReward.objects.filter(pk=row.pk).update(**{field: was})
    CampaignReward.objects.filter(pk=row.pk).update(event_name="Other words", event_cool_down_seconds=5)
    assert codes(campaign) == [], "neither changes whether it ever happens"


def test_g4_an_event_that_no_trial_found_is_worth_a_look_until_one_does(campaign: Campaign) -> None:
    recording = try_out(campaign, {"boss": "alive"}, {"boss": "fled"})
    assert "did not happen in the recorded session" in only(campaign, "game_event_never_found", Level.WARNING)
    recording.delete()
    assert codes(campaign) == ["game_event_never_found"], "what came of it stays known"
    try_out(campaign)
    assert codes(campaign) == []


def test_g4_a_game_has_so_many_events_at_a_time_as_a_gateway_can_look_for(campaign: Campaign) -> None:
    game = make_game(campaign.organization)
    campaign.further_games.create(game=game)
    dates = {"starts_at": campaign.starts_at, "ends_at": campaign.ends_at}
    other = make_campaign(game, rewards=[], **dates)
    for _number in range(MOST_AT_ONCE - 1):
        make_event_reward(other, event_path="$.boss")
    assert codes(campaign) == []
    make_event_reward(other)
    said = only(campaign, "game_events_too_many", Level.ERROR)
    assert game.name in said and "61" in said and "60" in said
    Campaign.objects.filter(pk=other.pk).update(
        starts_at=campaign.ends_at, ends_at=campaign.ends_at + timedelta(days=1)
    )
    assert codes(campaign) == [], "one after the other is no crowd"
    Campaign.objects.filter(pk=other.pk).update(**dates, status=Campaign.Status.CANCELLED, cancelled_at=NOW)
    assert codes(campaign) == []


def test_c5_a_draft_with_an_event_and_without_times_is_told_to_enter_them(campaign: Campaign) -> None:
    for missing in ("starts_at", "ends_at"):
        Campaign.objects.filter(pk=campaign.pk).update(**{"starts_at": NOW, "ends_at": NOW, missing: None})
        assert codes(campaign, Level.ERROR) == [f"{missing}_missing"]


def test_c5_the_preflight_costs_the_same_for_one_event_and_for_twelve(
    campaign: Campaign, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(50) as one:
        preflight(campaign, now=NOW)
    for _number in range(11):
        add_event(campaign)
    with django_assert_num_queries(len(one)):
        preflight(campaign, now=NOW)
