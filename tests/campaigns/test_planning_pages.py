"""The pages for planning: timeline, clone, file (C3, C5, C9): what they show and do, to whom, and in how many queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.files.exporting import document_of
from campaigns.models import Campaign, CampaignChannel, CampaignFile, Channel
from campaigns.rules.campaign_written import written
from campaigns.rules.document_text import as_json
from portal.models import Organization
from portal.roles import Role
from tests.admin_pages import FormReader, sign_in
from tests.factories import NOW, make_campaign, make_channel, make_game, make_organization, make_reward, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

TIMELINE = "/admin/timeline/"


@pytest.fixture
def organization() -> Organization:
    return make_game(name="Starfall").organization


@pytest.fixture
def producer(organization: Organization) -> Client:
    return sign_in(make_staff(organization, Role.PRODUCER, time_zone="Europe/Berlin"))


@pytest.fixture
def source(organization: Organization) -> Campaign:
    game = organization.games.get()
    crown = make_reward(game, name="Crown", platform_ids={"kick": "R1"})
    return make_campaign(game, name="Week 1", rewards=[crown], platform_ids={"kick": "K1"}, time_zone="Europe/Berlin")


def page(campaign: Campaign, name: str) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


# The timeline.


def test_c5_the_timeline_tells_each_campaign_and_what_it_shares(producer: Client, source: Campaign) -> None:
    other = make_campaign(
        source.game,
        name="Finale",
        status=Campaign.Status.DRAFT,
        starts_at=NOW + timedelta(days=2),
        ends_at=NOW + timedelta(days=4),
        announces_at=NOW,
        closes_at=NOW + timedelta(days=18),
        rewards=[source.rewards.get().reward],
    )
    other.platforms.create(platform="kick")
    text = text_of(producer.get(TIMELINE))
    assert page(source, "change") in text
    told = (
        "“Finale”, 2026-11-22 13:00 to 2026-11-24 13:00, on Kick: the same game (Starfall) and the same reward (Crown)."
    )
    assert told in text
    assert "drops-plan-draft" in text
    assert "drops-plan-now" in text
    assert "cannot be told apart" in text


def test_c7_channels_of_both_lists_are_counted_on_the_timeline(producer: Client, organization: Organization) -> None:
    channels = [make_channel(organization) for _number in range(3)]
    channels.append(make_channel(organization, "twitch"))  # on neither campaign's platforms
    for name in ("One", "Two"):
        campaign = make_campaign(
            organization.games.get(), name=name, scope=Campaign.Scope.ALLOW_LIST, platform_ids={"kick": name}
        )
        CampaignChannel.objects.bulk_create(
            CampaignChannel(campaign=campaign, channel=channel, listed_at=NOW) for channel in channels
        )
    assert "3 channels on both lists" in text_of(producer.get(TIMELINE))


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("range=month", True),
        ("range=quarter&zone=campaign", True),
        ("zone=utc", True),
        ("day=2027-06-01", False),
        ("day=0001-01-01", False),
        ("day=9999-12-31", False),
        ("day=x&range=x&zone=x&phase=x", False),
        ("platform=kick&phase=live", True),
        ("platform=twitch", False),
        ("phase=draft", False),
        ("game=nobody", False),
    ],
)
def test_c3_the_timeline_shows_the_time_zone_and_part_that_is_asked_for(
    producer: Client, source: Campaign, query: str, is_there: bool
) -> None:
    assert (page(source, "change") in text_of(producer.get(f"{TIMELINE}?{query}"))) is is_there


def test_s1_the_timeline_has_nothing_of_another_organization(producer: Client, source: Campaign) -> None:
    stranger = make_campaign(make_game(make_organization()), name="Foreign")
    text = text_of(producer.get(TIMELINE))
    assert stranger.name not in text
    assert stranger.game.name not in text


def test_the_timeline_of_200_campaigns_takes_as_many_queries_as_that_of_one_and_at_most_20(
    producer: Client, source: Campaign
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            text_of(producer.get(TIMELINE))
        return len(caught)

    producer.get(TIMELINE)
    source.scope = Campaign.Scope.ALLOW_LIST
    source.save()
    few = make_campaign(source.game, scope=Campaign.Scope.ALLOW_LIST, platform_ids={"kick": "K2"})
    Channel.objects.bulk_create(
        Channel(organization=source.organization, platform="kick", platform_channel_id=f"c{n}") for n in range(200)
    )
    for campaign in (source, few):
        CampaignChannel.objects.bulk_create(
            CampaignChannel(campaign=campaign, channel=channel, listed_at=NOW) for channel in Channel.objects.all()
        )
    at_first = queries()
    for _number in range(198):
        make_campaign(source.game, rewards=[source.rewards.get().reward])
    assert queries() == at_first
    assert at_first <= 20


# Cloning.


def fields_of(answer: Any) -> dict[str, str]:
    reader = FormReader("clone-form")
    reader.feed(text_of(answer))
    return reader.values


def test_c9_the_new_dates_are_shown_then_made_and_sending_it_again_makes_no_more(
    producer: Client, source: Campaign
) -> None:
    values = fields_of(producer.get(page(source, "clone")))
    assert values["name"] == "Week 2"
    shown = producer.post(page(source, "clone"), {**values, "copies": "3"})
    text = text_of(shown)
    assert "3 drafts would be made" in text
    assert "Week 4" in text
    assert "Europe/Berlin" in text
    assert Campaign.objects.count() == 1
    confirmed = {**fields_of(shown), "confirmed": "1"}
    for _time in range(2):
        assert producer.post(page(source, "clone"), confirmed).status_code == 302
    assert sorted(Campaign.objects.values_list("name", flat=True)) == ["Week 1", "Week 2", "Week 3", "Week 4"]


def test_c9_what_was_not_shown_is_not_made(producer: Client, source: Campaign) -> None:
    values = fields_of(producer.get(page(source, "clone")))
    text = text_of(producer.post(page(source, "clone"), {**values, "copies": "3", "confirmed": "1"}))
    assert "the entries changed since these dates were shown" in text
    assert Campaign.objects.count() == 1


def test_c2_an_hour_that_happens_twice_is_asked_for(producer: Client, source: Campaign) -> None:
    Campaign.objects.filter(pk=source.pk).update(
        starts_at=NOW.replace(month=10, day=18, hour=0, minute=30), announces_at=NOW.replace(month=10, day=18, hour=0)
    )
    asked = producer.get(page(source, "clone"))
    assert "choose first (UTC+2) or second (UTC+1)" in text_of(asked)
    values = fields_of(asked)
    assert values["occurrence"] == ""
    producer.post(page(source, "clone"), {**values, "confirmed": "1"})
    assert Campaign.objects.count() == 1
    chosen = fields_of(producer.post(page(source, "clone"), {**values, "occurrence": "second"}))
    assert producer.post(page(source, "clone"), {**chosen, "confirmed": "1"}).status_code == 302
    assert Campaign.objects.get(name="Week 2").starts_at == NOW.replace(month=10, day=25, hour=1, minute=30)


def test_c2_a_copy_during_which_the_clocks_change_says_so_before_it_is_made(producer: Client, source: Campaign) -> None:
    values = fields_of(producer.get(page(source, "clone")))
    start = NOW.replace(month=3, day=20)
    Campaign.objects.filter(pk=source.pk).update(starts_at=start, announces_at=start, ends_at=start.replace(day=25))
    asked = text_of(producer.post(page(source, "clone"), {**values, "shift": "5", "unit": "days", "copies": "2"}))
    assert asked.count("The clocks in Europe/Berlin change during the campaign") == 1


@pytest.mark.parametrize(
    "wrong", [{"copies": "13"}, {"shift": "-1"}, {"key": "x"}, {"unit": "years"}, {"name": ""}], ids=str
)
def test_c9_what_cannot_be_cloned_is_told_on_the_page(
    producer: Client, source: Campaign, wrong: dict[str, str]
) -> None:
    values = fields_of(producer.get(page(source, "clone"))) | wrong | {"confirmed": "1"}
    assert producer.post(page(source, "clone"), values).status_code == 200
    assert Campaign.objects.count() == 1


# Files.


def upload(client: Client, data: bytes, **values: str) -> Any:
    file = SimpleUploadedFile("campaign.json", data)
    return client.post(reverse("admin:campaigns_campaign_import"), {"file": file, **values}, follow=True)


def test_c9_a_file_is_written_looked_at_and_made_once(producer: Client, source: Campaign) -> None:
    assert "testers" in text_of(producer.get(page(source, "export")))
    for way in ("json", "yaml"):
        data = producer.get(page(source, "export"), {"as": way})
        assert data["Content-Disposition"] == f'attachment; filename="week-1.{way}"'
        looked = upload(producer, data.content)
        assert "Reused: the same external id" in text_of(looked)
        address = looked.redirect_chain[-1][0]
        for _time in range(2):
            assert producer.post(address).status_code == 302
    assert Campaign.objects.filter(name="Week 1", status="draft").count() == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "this is no JSON"),
        (b"\xff", "not UTF-8"),
        (b"{}", "“format” is missing"),
        (b"x" * 9_000_000, "larger than 8 MiB"),
    ],
    ids=["cut", "bytes", "empty", "large"],
)
def test_c9_a_bad_file_is_refused_in_words_and_not_kept(
    producer: Client, source: Campaign, data: bytes, said: str
) -> None:
    assert said in text_of(upload(producer, data))
    assert CampaignFile.objects.count() == 0


def test_c9_a_file_of_an_unknown_game_asks_for_the_game(producer: Client, source: Campaign) -> None:
    value = written(document_of(source))
    value["campaign"]["game"] = {"name": "Elsewhere", "slug": "elsewhere"}
    data = as_json(value).encode()
    assert "There is no game “Elsewhere” here." in text_of(upload(producer, data))
    assert "What is done with it" in text_of(upload(producer, data, game=source.game_id))


def test_c9_what_is_refused_is_shown_and_cannot_be_made(producer: Client, source: Campaign) -> None:
    value = written(document_of(source))
    value["campaign"]["platforms"] = [{"platform": "vhs"}]
    looked = upload(producer, as_json(value).encode())
    assert "campaign.platforms[1]: This portal knows no platform “vhs”." in text_of(looked)
    assert "This portal knows no platform" in text_of(producer.post(looked.redirect_chain[-1][0]))
    assert Campaign.objects.count() == 1


# Who may.


def test_s1_support_sees_timeline_and_file_but_clones_and_imports_nothing(
    organization: Organization, source: Campaign
) -> None:
    client = sign_in(make_staff(organization, Role.SUPPORT))
    statuses = {
        address: client.get(address).status_code
        for address in (
            TIMELINE,
            page(source, "export"),
            page(source, "clone"),
            reverse("admin:campaigns_campaign_import"),
            reverse("admin:campaigns_campaign_import_look", args=["X" * 26]),
        )
    }
    assert list(statuses.values()) == [200, 200, 403, 403, 403]


def test_s1_strangers_meet_nothing_of_it(source: Campaign, producer: Client) -> None:
    upload(producer, as_json(written(document_of(source))).encode())
    look = reverse("admin:campaigns_campaign_import_look", args=[CampaignFile.objects.get().pk])
    stranger = sign_in(make_staff(make_organization()))
    assert [stranger.get(one).status_code for one in (page(source, "export"), page(source, "clone"), look)] == [404] * 3
    colleague = sign_in(make_staff(source.organization))
    assert colleague.get(look).status_code == 404


def test_c9_the_campaign_and_the_list_lead_to_these_pages(producer: Client, source: Campaign) -> None:
    campaign = text_of(producer.get(page(source, "change")))
    assert page(source, "clone") in campaign
    assert page(source, "export") in campaign
    listed = text_of(producer.get(reverse("admin:campaigns_campaign_changelist")))
    assert reverse("admin:campaigns_campaign_import") in listed
    assert TIMELINE in listed


def test_the_head_of_each_page_says_where_one_is(producer: Client, source: Campaign) -> None:
    def head_of(address: str) -> str:
        text = text_of(producer.get(address))
        return text[text.index("<h1") : text.index("</h1>")]

    head = head_of(TIMELINE)
    assert "Timeline" in head
    assert reverse("admin:campaigns_campaign_changelist") not in head
    for name in ("clone", "export", "overview"):
        assert page(source, "change") in head_of(page(source, name)), name
