"""The demo data: what ``make run`` begins with is complete, and its secrets are in one file for nobody else to read."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.heartbeats.sources import find_source
from campaigns.models import Campaign, CampaignPlatform, HeartbeatSource, RegisteredIdentifier
from campaigns.preflight import errors, preflight
from campaigns.rules.phases import Phase
from fulfillment.models import ApiClient
from fulfillment.rules.scopes import SCOPES
from portal.sandbox.crowd import minute_of
from portal.sandbox.live import live_crowd

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


def test_both_campaigns_are_live_and_without_errors_and_one_is_counted_by_the_portal(demo: dict[str, Any]) -> None:
    now = timezone.now()
    campaigns = list(Campaign.objects.order_by("name"))
    assert [campaign.name for campaign in campaigns] == ["First light", "Night watch"]
    assert {campaign.phase(now) for campaign in campaigns} == {Phase.LIVE}
    assert [errors(preflight(campaign, now=now)) for campaign in campaigns] == [[], []]
    counted = CampaignPlatform.objects.filter(counted_by="portal")
    assert {row.campaign.name for row in counted} == {"Night watch"}
    assert sorted(campaigns[1].rewards.values_list("minutes", flat=True)) == [2, 10, 30]


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
