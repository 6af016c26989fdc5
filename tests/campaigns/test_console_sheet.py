"""The console sheet: what to type into a platform's console for a campaign, and what to bring back (C1, C2, R1, S1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.admin import console_sheet, console_values
from campaigns.models import Campaign, CampaignChannel, CampaignPlatform, CampaignReward, RewardPlatformId
from portal import platforms
from portal.platforms.console import CAMPAIGN, Console, Item
from portal.roles import Role
from portal.webhook_addresses import webhook_address
from tests.admin_pages import sign_in
from tests.factories import (
    NOW,
    make_campaign,
    make_category,
    make_channel,
    make_credential,
    make_game,
    make_organization,
    make_reward,
    make_staff,
)

pytestmark = pytest.mark.django_db


class Studio:
    """A campaign in Berlin's time on both platforms, with two rewards."""

    def __init__(self) -> None:
        self.organization = make_organization(slug="comet-forge")
        self.game = make_game(self.organization, name="Sky Harbour", slug="sky")
        make_category(self.game, "twitch", platform_category_id="493057")
        self.sword = make_reward(self.game, name="Golden Sword", external_id="sword", platform_ids={"kick": "K-SWORD"})
        self.shield = make_reward(self.game, name="Silver Shield", external_id="", image=False)
        self.campaign = make_campaign(
            self.game,
            rewards=[self.sword, self.shield],
            platform_ids={"twitch": "", "kick": "K-AUTUMN"},
            name="Autumn Drops",
            time_zone="Europe/Berlin",
            starts_at=datetime(2026, 10, 24, 16, 0, tzinfo=UTC),
            ends_at=datetime(2026, 10, 26, 17, 0, tzinfo=UTC),
            info_url="https://example.org/autumn",
            announcement_days=3,
        )

    def sheets(self, role: Role = Role.PRODUCER) -> dict[str, Any]:
        page = sign_in(make_staff(self.organization, role)).get(address(self.campaign))
        assert page.status_code == 200
        return {sheet.platform.key: sheet for sheet in page.context["sheets"]}


def address(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_console_sheet", args=[campaign.pk])


def texts(values: list[Any]) -> dict[str, str]:
    return {value.label: value.text for value in values}


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_the_values_come_in_the_order_and_the_words_of_each_console(studio: Studio) -> None:
    sheets = studio.sheets()
    assert list(sheets) == ["twitch", "kick"]
    twitch, kick = (list(texts(sheets[key].campaign)) for key in ("twitch", "kick"))
    assert twitch[:5] == ["Name", "Description", "Category: Sky Harbour", "Details URL", "Account link URL"]
    assert kick[:3] == ["Name", "Category", "Info URL"]
    assert kick[-4:] == [
        "Rule “watch to redeem”: minutes of each reward",
        "Grace period, in days",
        "Announcement period, in days",
        "White-listed channels",
    ]
    assert texts(sheets["kick"].campaign)["Announcement period, in days"] == "3"
    assert texts(sheets["twitch"].only_here)["Grace days after the end"] == "14"


def test_c2_start_and_end_are_told_in_the_campaign_s_zone_in_utc_and_in_what_the_console_may_take(
    studio: Studio,
) -> None:
    times = texts(studio.sheets()["twitch"].campaign)
    assert times["Start in Europe/Berlin (UTC+2)"] == "2026-10-24 18:00"
    assert times["Start in UTC"] == "2026-10-24 16:00"
    assert times["Start in America/Los_Angeles (UTC−7)"] == "2026-10-24 09:00"
    assert times["End in Europe/Berlin (UTC+1)"] == "2026-10-26 18:00"
    assert not any("Los_Angeles" in label for label in texts(studio.sheets(Role.OWNER)["kick"].campaign))


def test_c1_the_connection_page_is_the_portal_s_link_page_unless_another_is_entered(studio: Studio) -> None:
    assert texts(studio.sheets()["twitch"].campaign)["Account link URL"].endswith("/connect/comet-forge/sky/")
    Campaign.objects.update(connection_url="https://example.org/link")
    assert texts(studio.sheets(Role.OWNER)["twitch"].campaign)["Account link URL"] == "https://example.org/link"


def test_s1_the_webhook_address_is_shown_to_owners_only(studio: Studio) -> None:
    credential = make_credential(studio.organization, "kick", client_id="kick-client")
    for role in Role:
        (webhook,) = (v for v in studio.sheets(role)["kick"].organization if v.label == "Webhook URL")
        owner = role is Role.OWNER
        assert (webhook.text == webhook_address(credential)) == owner
        assert owner or "an owner sees it" in webhook.missing
    assert texts(studio.sheets(Role.ANALYST)["kick"].organization)["Client ID of your app"] == "kick-client"


def test_r1_a_reward_has_its_image_to_download_and_what_is_missing_with_the_place_to_mend_it(studio: Studio) -> None:
    sword, shield = studio.sheets()["kick"].rewards
    assert sword.image_url == studio.sword.image.url
    assert texts(sword.values)["External id"] == "sword"
    assert shield.image_url == ""
    missing = {value.label: value for value in shield.values if not value.text}
    assert set(missing) == {"Image", "Category", "External id"}
    assert missing["Image"].url == reverse("admin:campaigns_reward_change", args=[studio.shield.pk])
    assert missing["Category"].url == reverse("admin:campaigns_game_change", args=[studio.game.pk])


def test_r3_the_rules_are_told_in_a_line_each_and_what_only_the_portal_counts_is_said(studio: Studio) -> None:
    first = studio.campaign.rewards.get(reward=studio.sword)
    CampaignReward.objects.filter(reward=studio.shield).update(requires=first)
    label = "Drops: minutes to watch for each benefit"
    assert texts(studio.sheets()["twitch"].campaign)[label] == (
        "Golden Sword: 30\nSilver Shield: 60, only after Golden Sword"
    )
    CampaignReward.objects.filter(reward=studio.sword).update(
        rule="game_event",
        minutes=None,
        event_name="boss",
        event_path="$.boss",
        event_condition="equals",
        event_value='"dead"',
    )
    shown = texts(studio.sheets(Role.OWNER)["twitch"].campaign)[label]
    assert 'game event “boss”: $.boss is "dead"; only the portal counts that' in shown


def test_c7_listed_channels_come_as_logins_and_as_ids_one_a_line(studio: Studio) -> None:
    everyone = {v.label: v for v in studio.sheets()["kick"].campaign}["White-listed channels"]
    assert everyone.text == "" and "Leave the list in the console empty" in everyone.missing
    Campaign.objects.update(scope=Campaign.Scope.ALLOW_LIST)
    nobody = {v.label: v for v in studio.sheets(Role.OWNER)["kick"].campaign}["White-listed channels"]
    assert "no channel on this platform" in nobody.missing
    for platform, login, number, removed in (
        ("kick", "beta", "2", None),
        ("kick", "alpha", "1", None),
        ("kick", "", "3", None),
        ("kick", "gone", "4", NOW),
        ("twitch", "other", "5", None),
    ):
        channel = make_channel(studio.organization, platform, login=login, platform_channel_id=number)
        CampaignChannel.objects.create(
            campaign=studio.campaign, channel=channel, listed_at=studio.campaign.starts_at, removed_at=removed
        )
    sheets = studio.sheets(Role.SUPPORT)
    shown = {value.label: value for value in sheets["kick"].campaign}
    assert shown["White-listed channels: logins"].text == "alpha\nbeta"
    assert "Of 1 no login is known" in shown["White-listed channels: logins"].hint
    assert set(shown["White-listed channels: ids"].text.split()) == {"1", "2", "3"}
    assert texts(sheets["twitch"].campaign)["Allowed channels: logins"] == "other"


def test_c5_the_ids_to_bring_back_say_what_is_missing_and_where_it_is_entered(studio: Studio) -> None:
    sheets = studio.sheets()
    twitch, kick = sheets["twitch"], sheets["kick"]
    assert (twitch.missing, kick.missing) == (3, 1)
    assert texts(kick.back) == {
        "Id of the campaign": "K-AUTUMN",
        "Id of the reward “Golden Sword”": "K-SWORD",
        "Id of the reward “Silver Shield”": "",
    }
    assert "Id of the benefit “Golden Sword”" in texts(twitch.back)
    campaign, _sword, shield = kick.back
    page = reverse("admin:campaigns_campaign_change", args=[studio.campaign.pk])
    assert campaign.url == f"{page}#platforms"
    assert shield.url.startswith(reverse("admin:campaigns_reward_change", args=[studio.shield.pk]))
    assert shield.missing and "26 letters" in shield.hint


def test_c1_where_the_portal_counts_there_is_nothing_to_type(studio: Studio) -> None:
    CampaignPlatform.objects.filter(platform="twitch").update(counted_by="portal")
    client = sign_in(make_staff(studio.organization, Role.ANALYST))
    page = client.get(address(studio.campaign))
    assert [sheet.platform.key for sheet in page.context["sheets"]] == ["kick"]
    assert page.context["by_portal"] == ["Twitch"]
    CampaignPlatform.objects.all().delete()
    assert "There is nothing to type into a console." in client.get(address(studio.campaign)).content.decode()


def test_s1_another_organization_s_campaign_is_unknown(studio: Studio) -> None:
    stranger = Studio.__new__(Studio)
    stranger.organization = make_organization()
    client = sign_in(make_staff(stranger.organization, Role.OWNER))
    assert client.get(address(studio.campaign)).status_code == 404


def test_the_campaign_s_page_leads_to_the_sheet_and_every_value_can_be_copied_and_selected(studio: Studio) -> None:
    client = sign_in(make_staff(studio.organization, Role.PRODUCER))
    page = client.get(reverse("admin:campaigns_campaign_change", args=[studio.campaign.pk]))
    assert address(studio.campaign) in page.content.decode()
    page = client.get(address(studio.campaign))
    text = page.content.decode()
    shown = [
        value
        for sheet in page.context["sheets"]
        for values in (
            sheet.organization,
            sheet.campaign,
            sheet.only_here,
            sheet.back,
            *(r.values for r in sheet.rewards),
        )
        for value in values
    ]
    assert len({value.id for value in shown}) == len(shown)
    for value in shown:
        assert (f'id="{value.id}"' in text) == (f'data-copies="{value.id}"' in text) == bool(value.text)
        assert value.text or value.missing


def test_a_platform_that_describes_no_console_gets_all_there_is_to_say(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        platforms.registry,
        "kick",
        platforms.Platform(key="kick", name="K", vocabulary=platforms.get("kick").vocabulary),
    )
    sheet = studio.sheets()["kick"]
    labels = [label.split(" in ")[0] for label in texts(sheet.campaign)]
    assert list(dict.fromkeys(labels))[:3] == ["Name", "Description", "Category"]
    assert sheet.only_here == [] and len(dict.fromkeys(labels)) == len(CAMPAIGN)
    assert not Console().leaves_out(Item.WEBHOOK)


def test_c7_of_a_very_long_list_nothing_is_shown_and_the_file_is_led_to(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_sheet, "CHANNELS_SHOWN", 2)
    monkeypatch.setattr(console_values, "CHANNELS_SHOWN", 2)
    Campaign.objects.filter(pk=studio.campaign.pk).update(scope=Campaign.Scope.ALLOW_LIST)
    for number in range(3):
        channel = make_channel(studio.organization, "kick", login=f"streamer{number}")
        CampaignChannel.objects.create(campaign=studio.campaign, channel=channel, listed_at=NOW)
    shown = {value.label: value for value in studio.sheets()["kick"].campaign}["White-listed channels"]
    assert "More than 2 channels" in shown.missing
    assert shown.text == ""
    assert shown.url == reverse("admin:campaigns_campaign_channels", args=[studio.campaign.pk])


def test_twenty_rewards_and_channels_cost_as_many_queries_as_one(studio: Studio) -> None:
    client = sign_in(make_staff(studio.organization, Role.OWNER))
    Campaign.objects.update(scope=Campaign.Scope.ALLOW_LIST)

    def queries() -> int:
        client.get(address(studio.campaign))
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address(studio.campaign)).status_code == 200
        return len(caught)

    one = queries()
    for number in range(20):
        reward = make_reward(studio.game, image=False)
        RewardPlatformId.objects.create(reward=reward, platform="kick", platform_reward_id=f"K-{number}")
        CampaignReward.objects.create(campaign=studio.campaign, reward=reward, position=number, minutes=5)
        channel = make_channel(studio.organization)
        CampaignChannel.objects.create(campaign=studio.campaign, channel=channel, listed_at=NOW)
    assert queries() == one
