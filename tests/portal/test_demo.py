"""The demo data: what ``make run`` begins with is complete, and its secrets are in one file for nobody else to read."""

from __future__ import annotations

import json
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.game_state.admission import Asking, doorkeeper
from campaigns.game_state.rules_of import event_rule
from campaigns.heartbeats.sources import find_source
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignPlatform,
    CampaignReward,
    GameEvent,
    GameRecording,
    HeartbeatSource,
    RegisteredIdentifier,
)
from campaigns.preflight import errors, preflight
from campaigns.rules.game_state.events import Watch
from campaigns.rules.game_state.state import MergedState
from campaigns.rules.phases import Phase
from fulfillment.models import ApiClient
from fulfillment.rules.scopes import SCOPES
from linking.models import Link, Player
from portal.sandbox.crowd import minute_of
from portal.sandbox.live import live_crowd
from tests.factories import make_api_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Any, tmp_path: Path) -> dict[str, Any]:
    settings.DATA_DIR = tmp_path
    settings.PORTAL_SANDBOX_URL = "http://127.0.0.1:8001"
    out = StringIO()
    call_command("seed_demo", stdout=out)
    path = tmp_path / "demo.json"
    content: dict[str, Any] = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert content["twitch"]["client_secret"] not in out.getvalue()
    assert content["api_client"]["client_secret"] not in out.getvalue()
    return content


def test_all_campaigns_are_live_and_without_errors_and_two_are_counted_by_the_portal(demo: dict[str, Any]) -> None:
    now = timezone.now()
    campaigns = list(Campaign.objects.order_by("name"))
    assert [campaign.name for campaign in campaigns] == ["Dragon hunt", "First light", "Night watch"]
    assert {campaign.phase(now) for campaign in campaigns} == {Phase.LIVE}
    assert [errors(preflight(campaign, now=now)) for campaign in campaigns] == [[], [], []]
    counted = CampaignPlatform.objects.filter(counted_by="portal")
    assert {row.campaign.name for row in counted} == {"Dragon hunt", "Night watch"}
    assert sorted(campaigns[2].rewards.values_list("minutes", flat=True)) == [2, 10, 30]


def test_g4_the_events_of_the_hunt_are_found_in_the_match_that_was_recorded(demo: dict[str, Any]) -> None:
    recording = GameRecording.objects.get()
    rules = [event_rule(row) for row in CampaignReward.objects.filter(rule="game_event").order_by("position")]
    lines = recording.lines.order_by("number")
    watch, state, found = Watch(rules), MergedState(), Counter[str]()
    for line in lines:
        data = json.loads(line.data)
        if line.kind == "connect":
            state.replace(data)
        else:
            state.merge(data)
        found.update(match.rule_id for match in watch.look(state.data, now=line.at) if not match.held_back)
    assert {rule.name: found[rule.id] for rule in rules} == {
        "The dragon falls": 1,
        "Three kills in a row": 2,  # by two players
        "Red wins the match": 1,
    }
    assert json.loads(recording.session.state) == state.data
    assert (recording.session.end_code, recording.messages) == ("disconnected", lines.count())
    assert not GameEvent.objects.exists(), "it was before the campaign was thought of"


def test_g2_the_demos_client_may_stream_for_the_streamer_whose_channels_the_hunt_lists(demo: dict[str, Any]) -> None:
    client, now = ApiClient.objects.get(), timezone.now()
    game_state = demo["game_state"]
    token = make_api_token(client)
    asking = Asking(token=token, game_id=game_state["game_id"], broadcaster_ids=("twitch:48102299", "kick:2099"))
    admission = doorkeeper().admit(asking, now=now)
    assert admission.authoritative
    assert admission.record
    listed = CampaignChannel.objects.filter(campaign__name="Dragon hunt").values_list("channel", flat=True)
    assert {channel.channel_id for channel in admission.channels} == set(listed)
    assert game_state["url"] == "ws://localhost:8002/game-state/v1"
    player = Player.objects.get(player_id=game_state["player_id"])
    assert set(Link.objects.filter(player=player).values_list("platform", flat=True)) == {"twitch", "kick"}


def test_w1_the_streamers_audience_is_named_as_its_source_takes_it(demo: dict[str, Any]) -> None:
    audience = live_crowd(demo["audience"], minute=minute_of(timezone.now()))
    assert audience.url == demo["kick"]["heartbeat_url"]
    assert list(audience.crowd.channels) == [demo["kick"]["authorized"][0]["user_id"]]
    assert len(set(audience.crowd.viewers)) == 24


def test_c6_what_the_crowd_catches_up_lies_after_the_publication(demo: dict[str, Any]) -> None:
    now = timezone.now()
    crowd = live_crowd(demo["crowd"], minute=minute_of(now))
    campaign = Campaign.objects.get(name="Night watch")
    assert campaign.published_at is not None
    assert crowd.told >= minute_of(campaign.published_at)


def test_p1_every_heartbeat_address_leads_to_its_source(demo: dict[str, Any]) -> None:
    addresses = {
        "twitch": demo["twitch"]["heartbeat_url"],
        "kick": demo["kick"]["heartbeat_url"],
        "portal": demo["crowd"]["heartbeat_url"],
    }
    for platform, address in addresses.items():
        source = find_source(address.rsplit("/", 1)[1], now=timezone.now())
        assert source is not None
        assert source.platform == platform
    assert HeartbeatSource.objects.count() == len(addresses)


def test_l10_the_streamer_is_linked_and_waits_to_be_registered_with_the_token_that_twitch_knows(
    demo: dict[str, Any],
) -> None:
    identifier = RegisteredIdentifier.objects.get()
    (streamer,) = demo["twitch"]["authorized"]
    assert identifier.state == RegisteredIdentifier.State.WANTED
    assert identifier.viewer.platform_user_id == streamer["user_id"]
    assert identifier.access_token == streamer["access_token"]
    assert "viewing_activity_read" in streamer["scopes"]


def test_a1_a_program_can_call_the_partner_api_with_what_is_in_the_file(demo: dict[str, Any]) -> None:
    client = ApiClient.objects.select_related("oauth").get()
    assert client.oauth_id == demo["api_client"]["client_id"]
    assert client.oauth.check_secret(demo["api_client"]["client_secret"])
    assert client.oauth.get_scopes() == list(SCOPES)
    assert client.other_platforms


def test_demo_data_is_made_once_only(demo: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="has an organization already"):
        call_command("seed_demo")
