"""The overview of a campaign in the admin: who may see it, what it says where something is not known, pages, CSV, live."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import (
    Campaign,
    CampaignFigures,
    CampaignHour,
    CampaignPlatform,
    Channel,
    ChannelFigures,
    RewardFigures,
)
from campaigns.watch.arrays import pack_minutes
from campaigns.watch.figures import minute_number
from fulfillment.models import ClaimCount, ClaimQuarter
from portal.roles import Role
from tests import factories as make
from tests.admin_pages import sign_in, url
from tests.fulfillment.test_resolve import World
from tests.portal.test_charts import Table
from tests.watching import make_counted_campaign

pytestmark = pytest.mark.django_db


class Stage:
    """A campaign that the portal counts, live since two hours, and somebody who looks."""

    def __init__(self, *, role: Role = Role.ANALYST, rewards: int = 1, **fields: Any) -> None:
        self.now = timezone.now()
        self.organization = make.make_organization()
        self.game = make.make_game(self.organization)
        started = {"starts_at": self.now - timedelta(hours=2), **fields}
        self.campaign = make_counted_campaign(
            self.game, now=self.now, minutes=range(30, 30 * (rewards + 1), 30), **started
        )
        self.client: Client = sign_in(make.make_staff(self.organization, role))

    def fill(self, *, hours: int = 1, channels: int = 1, live: bool = True) -> None:
        """Write figures as counting does."""
        minute = minute_number(self.now) - (1 if live else 30)
        for number in range(hours):
            hour = (minute // 60) - number
            viewers = [0] * 60
            viewers[minute % 60 if not number else 30] = 1234
            CampaignHour.objects.create(
                campaign=self.campaign, hour=hour, watched_minutes=1234, per_minute=pack_minutes(viewers)
            )
        CampaignFigures.objects.create(campaign=self.campaign, watched_minutes=1234 * hours, viewers=987)
        for row in self.campaign.rewards.all():
            RewardFigures.objects.create(campaign_reward=row, earned=55)
            ClaimCount.objects.create(campaign=self.campaign, campaign_reward=row.pk, state="delivered", claims=44)
        quarter = int(self.now.timestamp()) // 900
        ClaimQuarter.objects.create(campaign=self.campaign, quarter=quarter, claims=44 * self.campaign.rewards.count())
        made = Channel.objects.bulk_create(
            Channel(organization=self.organization, platform="kick", platform_channel_id=f"c{n}", name=f"streamer {n}")
            for n in range(channels)
        )
        ChannelFigures.objects.bulk_create(
            ChannelFigures(
                campaign=self.campaign,
                channel=channel,
                reported_minutes=5000 - n,
                heartbeats=7,
                peak_viewers=1234,
                last_minute=minute if n % 2 == 0 else minute - 60,
                last_viewers=321,
            )
            for n, channel in enumerate(made)
        )

    def page(self, query: str = "") -> str:
        answer = self.client.get(url("campaigns.campaign", "overview", self.campaign.pk) + query)
        assert answer.status_code == 200
        return answer.content.decode()

    def csv(self, table: str, query: str = "") -> list[list[str]]:
        answer = self.client.get(url("campaigns.campaign", f"overview_{table}", self.campaign.pk) + query)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        text = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
        return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def figures(html: str) -> dict[str, str]:
    """Return the big figures with their notes, by label."""
    listed = re.search(r'<dl class="drops-big">(.*?)</dl>', html, re.DOTALL)
    assert listed
    return {
        words(label): words(value) for label, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", listed[1], re.DOTALL)
    }


@pytest.mark.parametrize("role", list(Role))
def test_s1_every_member_may_see_the_overview(role: Role) -> None:
    stage = Stage(role=role)
    assert stage.campaign.name in stage.page()
    assert (
        url("campaigns.campaign", "overview", stage.campaign.pk)
        in stage.client.get(url("campaigns.campaign", "change", stage.campaign.pk)).content.decode()
    )


@pytest.mark.parametrize("page", ["overview", "overview_time", "overview_rewards", "overview_channels"])
def test_s1_to_a_stranger_the_campaign_does_not_exist_and_who_is_no_staff_must_sign_in(page: str) -> None:
    stage = Stage()
    stranger = sign_in(make.make_staff(make.make_organization()))
    address = url("campaigns.campaign", page, stage.campaign.pk)
    assert stranger.get(address).status_code == 404
    assert stranger.get(url("campaigns.campaign", page, "01J00000000000000000000000")).status_code == 404
    assert Client().get(address).status_code == 302
    assert sign_in(make.make_user()).get(address).status_code in (302, 403)
    assert stage.client.post(address).status_code == 405


def test_figures_are_shown_to_the_minute() -> None:
    stage = Stage()
    stage.fill()
    shown = figures(stage.page())
    assert shown["Watched minutes"] == "1,234 20 hours"
    assert shown["Claimed rewards"] == "44 44 delivered"
    assert shown["Unique viewers"] == "987"
    assert shown["Live viewers now"].startswith("1,234 at ")
    assert shown["Live viewers now"].endswith(", on 1 channel")
    assert shown["Most viewers in a minute"].startswith("1,234 ")


def test_nobody_live_is_zero_with_the_time_of_the_last_heartbeat() -> None:
    stage = Stage()
    assert figures(stage.page())["Live viewers now"] == "0 no heartbeat yet"
    assert "No heartbeat was counted in this campaign yet." in stage.page()
    stage.fill(live=False)
    assert re.fullmatch(
        r"0 last heartbeat at \d{4}-\d\d-\d\d \d\d:\d\d, UTC", figures(stage.page())["Live viewers now"]
    )
    assert "No heartbeat was counted" not in stage.page()


def test_what_a_platform_counts_is_said_to_be_not_known_and_never_zero() -> None:
    stage = Stage()
    CampaignPlatform.objects.update(counted_by="platform", platform_campaign_id="there")
    html = stage.page()
    shown = figures(html)
    for label in ("Watched minutes", "Unique viewers", "Live viewers now"):
        assert shown[label] == "not known"
    assert "Kick counts the minutes and viewers of this campaign itself" in words(html)
    assert 'id="minutes"' not in html and 'id="viewers"' not in html and 'id="claims"' in html
    (row,) = [row for row in Table(html).rows if row[0] == stage.campaign.rewards.get().reward.name]
    assert row[2:4] == ["not known", "0"]
    assert "Which channels were watched is not known here" in words(html)
    assert stage.csv("rewards")[1][4] == "not known"
    assert stage.csv("channels")[1:] == []
    assert {cell for row in stage.csv("time")[1:] for cell in row[4:]} == {"not known"}


def test_a_campaign_on_both_kinds_says_which_part_is_known() -> None:
    stage = Stage()
    stage.fill()
    CampaignPlatform.objects.create(campaign=stage.campaign, platform="twitch", platform_campaign_id="t")
    html = stage.page()
    assert figures(html)["Unique viewers"] == "987 On Kick; not known: Twitch"
    assert "The portal counts minutes and viewers on Kick. Twitch counts itself" in words(html)


def test_a_campaign_without_platforms_says_so() -> None:
    stage = Stage()
    CampaignPlatform.objects.all().delete()
    assert "No platform is chosen for this campaign yet" in stage.page()


def test_c8_a_test_campaign_is_marked_as_one() -> None:
    assert "test mode" in Stage(test_mode=True).page()
    assert "test mode" not in Stage().page()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "draft", "starts_at": None, "ends_at": None}, "Nothing yet: the campaign has no start."),
        ({"status": "draft"}, "Nothing yet: the campaign is not published."),
        ({"starts_at": timezone.now() + timedelta(days=2)}, "Nothing yet: the campaign starts at "),
        ({}, "No minute was counted yet."),
        ({}, "Nothing was claimed yet."),
    ],
)
def test_where_nothing_is_there_yet_it_says_why(fields: dict[str, Any], told: str) -> None:
    assert told in Stage(**fields).page()


def test_tables_have_the_figures_that_are_drawn() -> None:
    stage = Stage(rewards=2)
    stage.fill(channels=2)
    html = stage.page()
    rows = Table(html).rows
    local = f"{stage.now - timedelta(minutes=1):%Y-%m-%d %H}:00"
    assert any(row[0].startswith(local) and row[1] == "1,234" for row in rows if row)
    names = [row.reward.name for row in stage.campaign.rewards.select_related("reward").order_by("position")]
    assert [row for row in rows if row and row[0] in names] == [
        [name, f"watch {30 * place} minutes", "55", "44", "44", "0", "0", "0", "0"]
        for place, name in enumerate(names, start=1)
    ]
    channels = [[cell.strip() for cell in row] for row in rows if "streamer" in row[0]]
    assert [(row[0], row[1], row[2], row[3]) for row in channels] == [
        ("1. streamer 0 Kick", "5,000", "1,234", "live 321"),
        ("2. streamer 1 Kick", "4,999", "1,234", "not live"),
    ]


def test_times_are_in_the_campaigns_zone_or_in_utc_as_asked() -> None:
    stage = Stage(time_zone="Asia/Kolkata")
    stage.fill()
    html = stage.page()
    assert "Hour from, in Asia/Kolkata" in html
    assert re.search(r'<a href="[^"]*" aria-current="true">Asia/Kolkata</a>', html)
    asked = stage.page("?zone=utc")
    assert "Hour from, in UTC" in asked
    assert "overview/time.csv?zone=utc" in asked
    assert 'id="zones"' not in Stage(time_zone="UTC").page()


def test_channels_come_fifty_to_a_page() -> None:
    stage = Stage()
    stage.fill(channels=120)
    first, last = stage.page(), stage.page("?page=3&zone=utc")
    assert first.count("streamer ") == 50 and last.count("streamer ") == 20
    assert "Page 1 of 3, 120 channels" in words(first)
    assert re.search(r'href="[^"]*\?page=2#channels" rel="next"', first)
    assert re.search(r'href="[^"]*\?zone=utc&amp;page=2#channels" rel="prev"', last)
    assert "101." in last
    for odd in ("0", "999", "x"):
        assert "streamer " in stage.page(f"?page={odd}")
    live = stage.page("?channels=live")
    assert "Page 1 of 2, 60 channels" in words(live)
    assert "not live" not in live


def test_names_that_people_entered_are_escaped() -> None:
    stage = Stage(name="<b>Bold</b>")
    stage.fill()
    Channel.objects.update(name="<img src=x>")
    html = stage.page()
    assert "<img src=x>" not in html and "<b>Bold" not in html
    assert "&lt;img src=x&gt;" in html


def test_the_part_that_changes_is_asked_for_alone_and_only_sent_if_it_changed() -> None:
    stage = Stage()
    stage.fill()
    html = stage.page()
    (address,) = re.findall(r'data-live-from="([^"]+)"', html)
    address = address.replace("&amp;", "&")
    part = stage.client.get(address)
    assert b"<html" not in part.content and b'id="figures" data-live' in part.content
    # Within the same minute nothing differs.
    again = stage.client.get(address, headers={"If-None-Match": part["ETag"]})
    if again.status_code != 304:
        again = stage.client.get(address, headers={"If-None-Match": again["ETag"]})
    assert again.status_code == 304
    CampaignFigures.objects.update(viewers=988)
    changed = stage.client.get(address, headers={"If-None-Match": part["ETag"]})
    assert changed.status_code == 200 and b"988" in changed.content


def test_whoever_wants_to_read_in_peace_can_stop_the_updates() -> None:
    stage = Stage()
    assert "portal/live.js" in stage.page()
    still = stage.page("?still=1&zone=utc")
    assert "portal/live.js" not in still and "data-live-from" not in still
    assert 'href="?' not in still and "Keep up to date" in still


def test_a_campaign_that_is_over_does_not_update_itself() -> None:
    now = timezone.now()
    stage = Stage(starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=5), grace_days=1)
    assert "data-live-from" not in stage.page()
    assert 'id="last-hour"' not in stage.page()


def test_the_csv_has_the_tables_with_plain_numbers_and_the_zone() -> None:
    stage = Stage(time_zone="Asia/Kolkata")
    stage.fill(channels=60)
    head, *rows = stage.csv("time")
    assert head[0] == "from (Asia/Kolkata)" and head[1:3] == ["from (UTC)", "to (UTC)"]
    assert sum(int(row[3]) for row in rows) == 44
    assert "1234" in {row[4] for row in rows}
    assert "nobody reported" in {row[4] for row in rows}
    assert stage.csv("time", "?zone=utc")[0][0] == "from (UTC)"
    assert stage.csv("rewards")[1][4:7] == ["55", "44", "44"]
    head, *rows = stage.csv("channels")
    assert len(rows) == 60  # all, not only a page
    assert rows[0][:6] == ["Kick", "streamer 0", "c0", "5000", "1234", "7"]


def test_no_name_in_the_csv_is_taken_for_a_formula() -> None:
    stage = Stage()
    stage.fill()
    Channel.objects.update(name='=HYPERLINK("http://evil.example")', platform_channel_id="+1")
    reward = stage.campaign.rewards.get().reward
    reward.name = "@SUM(A1:A9)"
    reward.save()
    cells = [cell for table in ("rewards", "channels") for row in stage.csv(table) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert "'@SUM(A1:A9)" in cells


def queries_of(stage: Stage, pages: Sequence[str]) -> list[int]:
    counts = []
    for page in pages:
        with CaptureQueriesContext(connection) as captured:
            answer = stage.client.get(url("campaigns.campaign", page, stage.campaign.pk))
            if answer.streaming:
                b"".join(answer.streaming_content)  # type: ignore[arg-type]
        counts.append(len(captured))
    return counts


def test_the_queries_are_as_many_for_twenty_channels_rewards_and_hours_as_for_one() -> None:
    little, much = Stage(), Stage(rewards=12, starts_at=timezone.now() - timedelta(hours=30))
    little.fill()
    much.fill(hours=20, channels=20)
    pages = ["overview", "overview_time", "overview_rewards", "overview_channels"]
    queries_of(little, pages), queries_of(much, pages)  # whatever is looked up once
    assert queries_of(little, pages) == queries_of(much, pages)


def test_the_campaigns_own_page_shows_the_same_claims() -> None:
    stage = Stage()
    stage.fill()
    html = stage.client.get(url("campaigns.campaign", "change", stage.campaign.pk)).content.decode()
    assert re.search(r"<dt>Delivered</dt><dd><a [^>]*>44</a></dd>", html)


def test_waiting_heartbeats_that_nobody_counts_are_told() -> None:
    from tests.watching import beat, make_source

    stage = Stage()
    assert "Minutes and viewers lag behind." not in stage.page()
    minute = (stage.now - timedelta(minutes=10)).replace(second=0, microsecond=0)
    beat(make_source(stage.game), viewers=["u"], minute=minute)
    assert "Minutes and viewers lag behind." in stage.page()


def test_a_claim_of_a_reward_that_the_campaign_does_not_have_has_its_row() -> None:
    world = World()
    ClaimCount.objects.create(campaign=world.campaign, campaign_reward="", state="quarantined", claims=3)
    client = sign_in(make.make_staff(world.organization))
    html = client.get(url("campaigns.campaign", "overview", world.campaign.pk)).content.decode()
    assert ["not a reward of this campaign", "–", "not known", "3", "0", "0", "0", "3", "0"] in Table(html).rows
    assert Campaign.objects.count() == 1
