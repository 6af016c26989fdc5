"""The preflight of campaigns that live on heartbeats: a source that is there, on, and sends (C5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.admin.campaign_header import campaign_context
from campaigns.models import Campaign, CampaignPlatform, HeartbeatSource
from campaigns.preflight import Finding, Level, preflight
from tests.factories import NOW, make_campaign, make_credential, make_endpoint, make_game, make_reward
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """A draft that the portal counts on Twitch and on the studio's own player."""
    game = make_game()
    make_endpoint(game)
    draft = make_campaign(
        game,
        status=Campaign.Status.DRAFT,
        rewards=[make_reward(game)],
        starts_at=NOW + timedelta(days=3),
        ends_at=NOW + timedelta(days=10),
    )
    for platform in ("twitch", "portal"):
        CampaignPlatform.objects.create(campaign=draft, platform=platform, counted_by="portal")
    return draft


def found(campaign: Campaign, level: Level | None = None) -> list[Finding]:
    return [one for one in preflight(campaign, now=NOW) if level is None or one.level is level]


def heard(source: HeartbeatSource, *, minutes_ago: int = 1) -> None:
    beat(source, viewers=[], minute=NOW - timedelta(minutes=minutes_ago))


def test_c5_each_platform_that_the_portal_counts_needs_a_source_and_the_finding_names_it(campaign: Campaign) -> None:
    heard(make_source(campaign.game, platform="twitch"))
    (one,) = found(campaign)
    assert one.level is Level.ERROR
    assert one.missing is HeartbeatSource
    assert "studio's own player" in str(one.sentence)
    heard(make_source(campaign.game, "player"))
    assert found(campaign) == []


def test_c5_a_source_that_is_off_is_named_with_its_page(campaign: Campaign) -> None:
    heard(make_source(campaign.game, platform="twitch"))
    off = make_source(campaign.game, "player", name="Our player", enabled=False)
    (one,) = found(campaign)
    assert (one.level, one.obj, one.field) == (Level.ERROR, off, "enabled")
    assert "“Our player”" in str(one.sentence)


def test_c5_a_source_that_has_not_sent_for_an_hour_is_worth_a_look(campaign: Campaign) -> None:
    heard(make_source(campaign.game, "player"))
    source = make_source(campaign.game, platform="twitch")
    (one,) = found(campaign)
    assert (one.level, one.code, one.obj) == (Level.WARNING, "heartbeat_source_silent", source)
    assert "never" in str(one.sentence)
    heard(source, minutes_ago=61)
    (one,) = found(campaign)
    assert "in the last hour" in str(one.sentence)
    heard(source, minutes_ago=59)
    assert found(campaign) == []


def test_c5_another_source_of_the_platform_that_sends_is_enough(campaign: Campaign) -> None:
    heard(make_source(campaign.game, "player"))
    make_source(campaign.game, platform="twitch")
    heard(make_source(campaign.game, platform="twitch"))
    assert found(campaign) == []


def test_c5_registered_identifiers_need_a_credential_that_is_on(campaign: Campaign) -> None:
    heard(make_source(campaign.game, "player"))
    credential = make_credential(campaign.organization, "twitch", enabled=False)
    heard(make_source(campaign.game, "registered", "twitch", credential=credential))
    (one,) = found(campaign)
    assert (one.level, one.code, one.obj) == (Level.WARNING, "heartbeat_credential_disabled", credential)


def test_c5_the_page_leads_to_where_it_is_mended(campaign: Campaign) -> None:
    from django.test import RequestFactory

    from tests.factories import make_staff

    make_source(campaign.game, "player", enabled=False)
    request = RequestFactory().get("/")
    request.user = make_staff(campaign.organization)
    request.session = {}  # type: ignore[assignment]
    shown = campaign_context(request, campaign, now=NOW)["standing"]
    assert sorted(one.url.split("?")[0].rsplit("heartbeatsource/")[1] for one in shown) == [
        f"{HeartbeatSource.objects.get().pk}/change/#id_enabled",
        "add/",
    ]
