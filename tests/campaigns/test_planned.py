"""What the allow-lists of campaigns that run together have in common, without reading a long list for the sake of short ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import planned
from campaigns.models import Campaign, CampaignChannel, Channel
from portal.models import Organization
from tests.factories import NOW, make_campaign, make_channel

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


@pytest.fixture
def channels(organization: Organization) -> list[Channel]:
    return [make_channel(organization) for _number in range(6)]


def listing(organization: Organization, name: str, channels: list[Channel]) -> Campaign:
    """A campaign of the game whose allow-list these channels are."""
    campaign = make_campaign(
        organization.games.get(), name=name, scope=Campaign.Scope.ALLOW_LIST, platform_ids={"kick": name}
    )
    CampaignChannel.objects.bulk_create(
        CampaignChannel(campaign=campaign, channel=channel, listed_at=NOW) for channel in channels
    )
    return campaign


def in_common(organization: Organization) -> dict[str, dict[str, int]]:
    """How many channels each campaign has in common with which other ones."""
    plan = planned.plan_between(organization.campaigns.all(), start=NOW - WEEK, end=NOW + WEEK)
    assert not plan.uncompared
    return {
        plan.by_id[campaign].name: {plan.by_id[one.other].name: one.channels for one in shared}
        for campaign, shared in plan.shared.items()
    }


@pytest.mark.parametrize("long", range(7), ids=lambda long: f"long from {long + 1}")
def test_c7_what_lists_have_in_common_does_not_depend_on_how_long_they_are(
    organization: Organization, channels: list[Channel], monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    monkeypatch.setattr(planned, "LONG", long)
    listing(organization, "all", channels)
    listing(organization, "four", channels[:4])
    listing(organization, "two", channels[3:5])
    listing(organization, "none", [])
    assert in_common(organization) == {
        "all": {"four": 4, "two": 2, "none": 0},
        "four": {"all": 4, "two": 1, "none": 0},
        "two": {"all": 2, "four": 1, "none": 0},
        "none": {"all": 0, "four": 0, "two": 0},
    }


def test_c7_of_a_long_list_only_the_channels_of_short_ones_are_looked_for(
    organization: Organization, channels: list[Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "LONG", 2)
    monkeypatch.setattr(planned, "MOST_LISTED", 2)  # so that reading the long list would be too much
    listing(organization, "long", channels)
    listing(organization, "short", channels[:2])
    assert in_common(organization)["short"] == {"long": 2}


def test_c7_long_lists_that_meet_are_compared_as_far_as_they_can_be_read(
    organization: Organization, channels: list[Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "LONG", 2)
    listing(organization, "one", channels)
    listing(organization, "other", channels[:3])
    assert in_common(organization)["one"] == {"other": 3}
    monkeypatch.setattr(planned, "MOST_LISTED", 8)
    assert planned.plan_between(organization.campaigns.all(), start=NOW - WEEK, end=NOW + WEEK).uncompared


def test_c7_channels_that_were_taken_off_a_list_are_not_in_common(
    organization: Organization, channels: list[Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "LONG", 2)
    listing(organization, "long", channels)
    short = listing(organization, "short", channels[:2])
    CampaignChannel.objects.filter(campaign__name="long", channel=channels[0]).update(removed_at=NOW)
    assert in_common(organization)["long"] == {"short": 1}
    CampaignChannel.objects.filter(campaign=short).update(removed_at=NOW)
    assert in_common(organization)["long"] == {"short": 0}
