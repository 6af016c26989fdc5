"""The pages of an allow-list: imported, reported, confirmed, searched, exported, restored (C7, S1)."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, CampaignChannel, Channel, ChannelImport
from campaigns.rules.channel_outcomes import Deed
from portal.models import User
from portal.roles import Role
from tests import factories as make
from tests.admin_pages import form_of, rows, sign_in, url
from tests.campaigns.channel_lists.lists import apply, begin, listed, resolved
from tests.doubles.platform_server import TwitchApi
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(owner: User) -> Client:
    return sign_in(owner)


def page(campaign: Campaign, name: str, *arguments: Any) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk, *arguments])


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


def fill(campaign: Campaign, count: int, platform: str = "twitch") -> None:
    """Put channels on the list, at once."""
    made = Channel.objects.bulk_create(
        Channel(
            organization=campaign.organization,
            platform=platform,
            platform_channel_id=str(n),
            login=f"user{n:05}",
            name=f"User {n}",
        )
        for n in range(1, count + 1)
    )
    CampaignChannel.objects.bulk_create(CampaignChannel(campaign=campaign, channel=one, listed_at=NOW) for one in made)


def test_c7_the_next_list_is_proposed_for_the_platform_of_the_one_before(
    campaign: Campaign, person: Client, twitch: TwitchApi
) -> None:
    first = campaign.platforms.order_by("pk").values_list("platform", flat=True)[0]
    assert person.get(page(campaign, "channel_import")).context["form"].initial == {"platform": first}
    other = "kick" if first == "twitch" else "twitch"
    person.post(page(campaign, "channel_import"), {"platform": other, "deed": "add", "text": "nova"})
    assert person.get(page(campaign, "channel_import")).context["form"].initial == {"platform": other}


def test_c7_a_file_is_imported_reported_and_applied_from_the_pages(
    campaign: Campaign, person: Client, twitch: TwitchApi, django_capture_on_commit_callbacks: Any
) -> None:
    twitch.users = {"1": "Nova", "2": "Star"}
    upload = SimpleUploadedFile("list.csv", b"login\nnova\nstar\nnova\nnobody\n", content_type="text/csv")
    with django_capture_on_commit_callbacks(execute=True):
        answer = person.post(
            page(campaign, "channel_import"), {"platform": "twitch", "deed": "add", "text": "", "file": upload}
        )
    one = campaign.channel_imports.get()
    report = page(campaign, "channel_report", one.pk)
    assert answer.url == report
    answer = person.get(report)
    assert "Added: 2. Taken off: 0. Unchanged: 0." in text_of(answer)
    assert "knows no such channel" in text_of(person.get(f"{report}?show=unknown"))
    assert "The same channel as in line 2." in text_of(person.get(f"{report}?show=duplicates"))
    seen = answer.context["form"].initial["seen"]
    assert "This field is required" in text_of(person.post(report, {"seen": seen, "apply": "1", "reason": ""}))
    answer = person.post(report, {"seen": seen, "apply": "1", "reason": "Season two"}, follow=True)
    assert "2 channels were added, 0 were taken off. This is version 1 of the list." in text_of(answer)
    assert listed(campaign) == ["1", "2"]
    assert "This list was applied" in text_of(person.get(report))


def test_c7_while_a_list_is_looked_up_its_page_says_how_far_and_why_it_waits(
    campaign: Campaign, person: Client, twitch: TwitchApi
) -> None:
    one = begin(campaign, "nova\nstar")
    report = page(campaign, "channel_report", one.pk)
    answer = person.get(report)
    assert "0 of 2 looked up at Twitch" in text_of(answer)
    assert f'content="3; url={report}"' in answer.content.decode(), "without scripts, wherever on the page one is"
    part = person.get(report, {"live": "1"})
    assert "0 of 2 looked up at Twitch" in text_of(part)
    assert "data-live-next" not in part.content.decode()
    ChannelImport.objects.update(problem="status:429", failures=1)
    assert "The platform asked for a pause." in text_of(person.get(report))
    assert person.post(report, {"drop": "1"}).url == page(campaign, "channels")
    assert "This list was dropped" in text_of(person.get(report))
    assert f'data-live-next="{report}"' in person.get(report, {"live": "1"}).content.decode(), "who watched is led on"


def test_c7_a_list_changed_meanwhile_has_its_difference_shown_again(
    campaign: Campaign, person: Client, twitch: TwitchApi, owner: User
) -> None:
    twitch.users = {"1": "Nova", "2": "Star"}
    one = resolved(campaign, "nova\nstar")
    report = page(campaign, "channel_report", one.pk)
    seen = person.get(report).context["form"].initial["seen"]
    apply(resolved(campaign, "nova"), owner)
    answer = person.post(report, {"seen": seen, "apply": "1", "reason": "Both of them"})
    assert "Somebody changed the list meanwhile." in text_of(answer)
    assert "Added: 1. Taken off: 0. Unchanged: 1." in text_of(answer)
    form = answer.context["form"]
    assert form.initial["reason"] == "Both of them"
    person.post(report, {"seen": form.initial["seen"], "apply": "1", "reason": "Both of them"})
    assert listed(campaign) == ["1", "2"]


def test_c7_what_was_not_found_is_a_csv_that_can_be_mended_and_imported(
    campaign: Campaign, person: Client, twitch: TwitchApi
) -> None:
    twitch.users = {"1": "Nova"}
    one = resolved(campaign, "nova\nnobody\n77\nhttps://kick.com/star\n=cmd,oops")
    answer = person.get(page(campaign, "channel_unknown", one.pk))
    lines = list(csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))
    assert [line[:3] for line in lines] == [
        ["line", "id", "login"],
        ["2", "", "nobody"],
        ["3", "77", ""],
        ["4", "", "https://kick.com/star"],
        ["5", "", "oops"],
    ]
    text = "\n".join(",".join(line[:4]) for line in lines).replace("nobody", "nova")
    again = resolved(campaign, text)
    assert again.found_count == 1


def test_c7_the_list_is_searched_paged_and_exported_and_the_export_is_imported_again(
    campaign: Campaign, person: Client
) -> None:
    fill(campaign, 250)
    address = page(campaign, "channels")
    assert "250 channels" in text_of(person.get(address))
    assert "Page 3 of 3" in text_of(person.get(f"{address}?page=3"))
    found = text_of(person.get(f"{address}?q=USER00017"))
    assert "1 of 250 channels" in found
    export = page(campaign, "channel_export")
    sent = b"".join(person.get(export).streaming_content).decode()
    assert sent.splitlines()[1] == f"1,user00001,User 1,twitch,{NOW:%Y-%m-%d %H:%M:%S}"
    again = resolved(campaign, sent, deed=Deed.REPLACE)
    assert (again.found_count, again.unknown_count) == (250, 0)
    logins = b"".join(person.get(f"{export}?as=logins&platform=twitch").streaming_content).decode()
    assert logins.splitlines()[:2] == ["user00001", "user00002"]
    assert b"".join(person.get(f"{export}?as=ids&platform=kick").streaming_content) == b""
    assert person.get(f"{export}?as=xml").status_code == 404


def test_c7_ticked_channels_are_taken_off_after_a_look_at_the_difference(campaign: Campaign, person: Client) -> None:
    fill(campaign, 3)
    first = Channel.objects.get(platform_channel_id="1")
    answer = person.post(page(campaign, "channels"), {"channel": [first.pk, "someone elses"]}, follow=True)
    assert "Added: 0. Taken off: 1. Unchanged: 2." in text_of(answer)
    assert "Tick the channels" in text_of(person.post(page(campaign, "channels"), {}, follow=True))


def test_c7_a_version_is_looked_at_compared_and_restored_from_the_pages(
    campaign: Campaign, person: Client, owner: User
) -> None:
    for deed, text in ((Deed.ADD, "1,one\n2,two"), (Deed.REPLACE, "2\n3,three")):
        apply(resolved(campaign, text, deed=deed, platform="kick"), owner)
    versions = text_of(person.get(page(campaign, "channel_versions")))
    assert "Version 2" in versions and "Season two" in versions
    compared = page(campaign, "channel_compare")
    assert "three" in text_of(person.get(f"{compared}?from=1&to=2"))
    assert "one" in text_of(person.get(f"{compared}?from=1&to=2&show=removed"))
    assert "two" in text_of(person.get(f"{compared}?from=0&to=1&q=two"))
    assert person.get(f"{compared}?from=1&to=9").status_code == 404
    assert person.get(f"{compared}?from=x&to=9").status_code == 302
    assert "On the list then (2)" in text_of(person.get(page(campaign, "channel_version", 1)))
    answer = person.post(page(campaign, "channel_restore", 1), follow=True)
    assert "Version 1 is to be restored" in text_of(answer)
    assert "Added: 1. Taken off: 1. Unchanged: 1." in text_of(answer)


@pytest.mark.parametrize("name", ["channels", "channel_export", "channel_import", "channel_versions"])
def test_s1_another_organizations_list_does_not_exist(campaign: Campaign, name: str) -> None:
    stranger = sign_in(make.make_staff(make.make_organization()))
    assert stranger.get(page(campaign, name)).status_code == 404


def test_s1_an_analyst_reads_the_list_and_changes_nothing(campaign: Campaign) -> None:
    fill(campaign, 2)
    one = begin(campaign, "7")
    analyst = sign_in(make.make_staff(campaign.organization, Role.ANALYST))
    shown = analyst.get(page(campaign, "channels"))
    assert shown.status_code == 200
    assert "Import a list" not in text_of(shown)
    assert analyst.get(page(campaign, "channel_versions")).status_code == 200
    for address in (page(campaign, "channel_import"), page(campaign, "channel_report", one.pk)):
        assert analyst.get(address).status_code == 403
    key = Channel.objects.values_list("pk", flat=True)[0]
    assert analyst.post(page(campaign, "channels"), {"channel": key}).status_code == 403


def test_c6_the_list_of_a_campaign_that_is_over_is_only_read(campaign: Campaign, person: Client) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.CANCELLED, cancelled_at=NOW)
    assert "Import a list" not in text_of(person.get(page(campaign, "channels")))
    assert person.get(page(campaign, "channel_import")).status_code == 403


def test_c7_an_import_of_another_campaign_is_unknown_here(campaign: Campaign, person: Client) -> None:
    other = make.make_campaign(campaign.game)
    one = begin(other, "7")
    assert person.get(page(campaign, "channel_report", one.pk)).status_code == 404


def test_c7_a_long_list_is_not_on_the_campaigns_page_and_one_can_be_added_there(
    campaign: Campaign, person: Client
) -> None:
    fill(campaign, 60)
    change = url("campaigns.campaign", "change", campaign.pk)
    shown = person.get(change).content.decode()
    assert "60 channels are on the list." in shown
    assert "user00059" not in shown
    new = make.make_channel(campaign.organization, "twitch", platform_channel_id="999999")
    posted = rows("channels", form_of(person, change, "campaign_form"), {"channel": new.pk})
    assert person.post(change, posted).status_code == 302
    assert campaign.channels.filter(removed_at=None).count() == 61
    assert list(campaign.channel_versions.values_list("source", "listed")) == [("found", 60), ("edit", 61)]


@pytest.mark.parametrize("name", ["channels", "channel_versions", "channel_report", "channel_version"])
def test_every_page_of_a_list_asks_as_much_for_one_channel_as_for_many(
    campaign: Campaign, person: Client, name: str, django_assert_max_num_queries: Any, owner: User
) -> None:
    asked = []
    for count in (1, 60):
        Channel.objects.all().update(platform="chzzk")
        fill(campaign, count)
        apply(resolved(campaign, f"{count + 1000}", platform="kick"), owner)
        one = resolved(campaign, "\n".join(str(n) for n in range(1, count + 3)), deed=Deed.REPLACE)
        arguments = {"channel_report": [one.pk], "channel_version": [1]}.get(name, [])
        person.get(page(campaign, name, *arguments))
        with django_assert_max_num_queries(20) as counted:
            assert person.get(page(campaign, name, *arguments)).status_code == 200
        asked.append(len(counted))
    assert len(set(asked)) == 1


def test_the_campaigns_page_asks_no_more_for_a_long_list_than_for_none(
    campaign: Campaign, person: Client, django_assert_max_num_queries: Any
) -> None:
    address = page(campaign, "change")
    person.get(address)
    with django_assert_max_num_queries(30) as counted:
        person.get(address)
    fill(campaign, 300)
    with django_assert_max_num_queries(len(counted)):
        assert person.get(address).status_code == 200
