"""A game's campaigns as everybody may read them: for the studio's own player and its pages."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignChannel, CampaignGame, CampaignPlatform, CampaignReward
from fulfillment.public_campaigns import CHANNELS_LISTED
from tests.factories import NOW, make_campaign, make_channel, make_game, make_organization, make_reward

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "integrating-a-game.md"
ADDRESS = "/connect/northlight/starfall/campaigns.json"


@pytest.fixture
def game() -> Any:
    return make_game(make_organization(slug="northlight", name="Northlight"), slug="starfall", name="Starfall")


def ask(now: datetime = NOW, **headers: str) -> Any:
    with time_machine.travel(now, tick=False):
        return Client().get(ADDRESS, headers=headers)


def listed(now: datetime = NOW) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(now).json()["campaigns"]
    return found


def test_a_campaign_says_all_that_a_player_needs_to_show(game: Any) -> None:
    rewards = [make_reward(game, name="Comet banner", alt_text="A red banner", description="Red."), make_reward(game)]
    campaign = make_campaign(
        game,
        rewards=rewards,
        name="First light",
        description="Watch.",
        time_zone="Europe/Berlin",
        info_url="https://starfall.example.org/drops",
        announces_at=NOW - timedelta(days=3),
    )
    first, second = campaign.rewards.order_by("position")
    CampaignReward.objects.filter(pk=second.pk).update(requires=first)
    CampaignPlatform.objects.create(campaign=campaign, platform="portal", counted_by="portal")
    CampaignPlatform.objects.create(campaign=campaign, platform="kick", platform_campaign_id="c1")
    other = make_game(game.organization, name="Aurora")
    CampaignGame.objects.create(campaign=campaign, game=other)
    [found] = listed()
    image = rewards[0].image
    assert found["rewards"][0] == {
        "id": rewards[0].pk,
        "name": "Comet banner",
        "description": "Red.",
        "image_url": f"http://localhost:8000/media/{image.name}",
        "small_image_url": f"http://localhost:8000/media/{image.rendition_name}",
        "alt_text": "A red banner",
        "rule": "watch",
        "minutes": 30,
        "event": None,
        "requires": None,
    }
    assert found["rewards"][1]["requires"] == rewards[0].pk
    assert Client().get(urlsplit(found["rewards"][0]["small_image_url"]).path).status_code == 200
    del found["rewards"]
    assert found == {
        "id": campaign.pk,
        "name": "First light",
        "description": "Watch.",
        "phase": "live",
        "announces_at": "2026-11-17T12:00:00Z",
        "starts_at": "2026-11-19T12:00:00Z",
        "ends_at": "2026-11-27T12:00:00Z",
        "closes_at": "2026-12-11T12:00:00Z",
        "time_zone": "Europe/Berlin",
        "connection_url": "http://localhost:8000/connect/northlight/starfall/",
        "info_url": "https://starfall.example.org/drops",
        "games": [{"id": game.pk, "name": "Starfall"}, {"id": other.pk, "name": "Aurora"}],
        "platforms": [
            {"platform": "kick", "counted_by": "platform"},
            {"platform": "portal", "counted_by": "portal"},
        ],
        "channels": {"all": True},
    }


def test_the_game_and_where_to_link_come_with_it_also_when_there_is_no_campaign(game: Any) -> None:
    assert ask().json() == {
        "game": {"id": game.pk, "name": "Starfall"},
        "organization": {"id": game.organization_id, "name": "Northlight"},
        "connection_url": "http://localhost:8000/connect/northlight/starfall/",
        "campaigns": [],
    }


def test_c3_what_is_announced_or_live_is_listed_and_nothing_before_or_after(game: Any) -> None:
    campaign = make_campaign(game, announces_at=NOW - timedelta(days=3))
    moments = [campaign.announces_at, campaign.starts_at, campaign.ends_at]
    phases = [[one["phase"] for one in listed(moment)] for moment in moments]
    assert phases == [["announced"], ["live"], []]
    second = timedelta(seconds=1)
    assert [[one["phase"] for one in listed(moment - second)] for moment in moments] == [[], ["announced"], ["live"]]


def test_c8_tests_drafts_and_cancelled_campaigns_are_nobodys_business(game: Any) -> None:
    make_campaign(game, test_mode=True)
    make_campaign(game, status=Campaign.Status.DRAFT)
    make_campaign(game, status=Campaign.Status.CANCELLED, cancelled_at=NOW)
    make_campaign(make_game(game.organization))
    assert listed() == []


def test_c1_a_studios_own_connection_page_stands_instead_of_the_portals(game: Any) -> None:
    make_campaign(game, connection_url="https://starfall.example.org/link")
    assert listed()[0]["connection_url"] == "https://starfall.example.org/link"


def test_c7_an_allow_list_names_its_first_channels_and_says_how_many_there_are(game: Any) -> None:
    campaign = make_campaign(game, scope="allow_list")
    channels = [make_channel(game.organization) for _ in range(CHANNELS_LISTED + 5)]
    rows = [CampaignChannel(campaign=campaign, channel=channel, listed_at=NOW) for channel in channels]
    CampaignChannel.objects.bulk_create(rows)
    CampaignChannel.objects.filter(channel=channels[0]).update(removed_at=NOW)
    found = listed()[0]["channels"]
    assert (found["all"], found["total"], len(found["listed"])) == (False, CHANNELS_LISTED + 4, CHANNELS_LISTED)
    one = channels[1]
    assert found["listed"][0] == {
        "platform": "kick",
        "id": one.platform_channel_id,
        "login": one.login,
        "name": one.login,
    }


def test_a_reward_without_an_image_or_with_a_game_event_says_so(game: Any) -> None:
    campaign = make_campaign(game, rewards=[make_reward(game, image=False)])
    CampaignReward.objects.update(rule="game_event", event_name="dragon_slain", minutes=None)
    [reward] = listed()[0]["rewards"]
    assert (reward["image_url"], reward["small_image_url"]) == (None, None)
    assert (reward["rule"], reward["event"], reward["minutes"]) == ("game_event", "dragon_slain", None)
    assert campaign.pk == listed()[0]["id"]


def test_i4_what_does_not_exist_or_is_not_enabled_is_404_in_json_for_every_site(game: Any) -> None:
    for organization, slug in (("northlight", "other"), ("other", "starfall")):
        answer = Client().get(f"/connect/{organization}/{slug}/campaigns.json")
        assert (answer.status_code, answer.json()) == (404, {"message": "There is no such game."})
        assert answer["Access-Control-Allow-Origin"] == "*"
    game.organization.enabled = False
    game.organization.save()
    assert ask().status_code == 404


def test_pages_of_every_site_may_read_it_and_no_cookie_is_looked_at(game: Any) -> None:
    answer = ask(Origin="https://starfall.example.org")
    assert answer["Content-Type"] == "application/json"
    assert answer["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in answer
    assert not answer.cookies and "Cookie" not in answer.get("Vary", "")
    asked = Client().options(ADDRESS, headers={"Origin": "https://x.example", "Access-Control-Request-Method": "GET"})
    assert (asked.status_code, asked["Access-Control-Allow-Headers"]) == (204, "If-None-Match")
    assert asked["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*"])
def test_json_is_answered_whatever_is_asked_for(game: Any, accept: str) -> None:
    assert ask(Accept=accept)["Content-Type"] == "application/json"
    assert Client().get(f"{ADDRESS}?format=xml").json()["campaigns"] == []


def test_it_is_kept_for_a_minute_and_asked_for_again_by_its_etag(game: Any) -> None:
    campaign = make_campaign(game)
    first = ask()
    assert first["Cache-Control"] == "public, max-age=60"
    again = ask(**{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"] and again["Access-Control-Allow-Origin"] == "*"
    assert ask(NOW + timedelta(hours=5))["ETag"] == first["ETag"]  # nothing in it but what changes by itself
    campaign.name = "Changed"
    campaign.save()
    assert ask(**{"If-None-Match": first["ETag"]}).status_code == 200


def test_only_reading_is_possible(game: Any) -> None:
    assert [Client().generic(method, ADDRESS).status_code for method in ("POST", "PUT", "DELETE")] == [405] * 3
    head = Client().head(ADDRESS)
    assert (head.status_code, head.content) == (200, b"") and head["ETag"]


def test_twenty_campaigns_cost_as_many_queries_as_one(game: Any) -> None:
    counts = []
    for more in (1, 19):
        for _ in range(more):
            campaign = make_campaign(game, rewards=[make_reward(game), make_reward(game)], scope="allow_list")
            CampaignReward.objects.filter(campaign=campaign, position=1).update(requires=campaign.rewards.first())
            CampaignChannel.objects.create(campaign=campaign, channel=make_channel(game.organization), listed_at=NOW)
            CampaignGame.objects.create(campaign=campaign, game=make_game(game.organization))
            CampaignPlatform.objects.create(campaign=campaign, platform="portal", counted_by="portal")
        with CaptureQueriesContext(connection) as queries:
            assert len(listed()) == len(Campaign.objects.all())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: keys(part) for name, part in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else type(value).__name__


def test_the_guides_example_has_the_shape_of_the_real_answer(game: Any) -> None:
    [example] = re.findall(r"```json\n(\{\n  \"game\".*?)```", GUIDE.read_text(), re.DOTALL)
    campaign = make_campaign(game, rewards=[make_reward(game)], scope="allow_list", info_url="https://x.example")
    CampaignPlatform.objects.create(campaign=campaign, platform="portal", counted_by="portal")
    CampaignChannel.objects.create(campaign=campaign, channel=make_channel(game.organization), listed_at=NOW)
    assert keys(json.loads(example)) == keys(ask().json())
    assert NOW.tzinfo is UTC
