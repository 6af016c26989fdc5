"""The preview of a campaign's page: every state, nothing written, and links that end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignPlatform, EarnedReward, Viewer
from fulfillment.models import CampaignPreview, Claim
from fulfillment.previews.links import find_campaign_of, make_link, revoke_link
from fulfillment.rules.previewing import View
from linking.models import Link, Player
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_credential,
    make_game,
    make_organization,
    make_reward,
    make_staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

SAYS = {
    View.ANNOUNCED: "Coming up",
    View.SIGNED_OUT: "Take part",
    View.UNLINKED: "Earned, link needed",
    View.IN_PROGRESS: "Earned, ready to claim",
    View.CLAIMED: "Delivered",
    View.FAILED: "Not delivered yet",
    View.GRACE: "Ended, still claimable",
    View.ENDED: "Closed",
}


@pytest.fixture
def campaign() -> Campaign:
    """A draft that the portal counts on Twitch, with two rewards."""
    game = make_game()
    make_credential(game.organization, "twitch")
    rewards = [make_reward(game, name="Banner"), make_reward(game, name="Blade")]
    draft = make_campaign(
        game,
        status=Campaign.Status.DRAFT,
        rewards=rewards,
        starts_at=NOW + timedelta(days=9),
        ends_at=NOW + timedelta(days=16),
        announcement_days=3,
    )
    CampaignPlatform.objects.create(campaign=draft, platform="twitch", counted_by="portal")
    return draft


def frame(campaign: Campaign, view: View) -> str:
    return url("campaigns.campaign", "preview_page", campaign.pk, view.value)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("view", list(View))
def test_the_page_is_shown_in_every_state_and_no_row_is_written(campaign: Campaign, view: View) -> None:
    staff = sign_in(make_staff(campaign.organization))
    staff.get(url("campaigns.campaign", "preview", campaign.pk))
    before = Campaign.objects.values().get()
    with CaptureQueriesContext(connection) as queries:
        answer = staff.get(frame(campaign, view))
    assert answer.status_code == 200
    assert SAYS[view] in text_of(answer)
    assert "Preview" in text_of(answer)
    written = [one["sql"] for one in queries.captured_queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written == []
    assert len(queries) <= 20
    assert Campaign.objects.values().get() == before
    for model in (Claim, Viewer, Player, Link, EarnedReward):
        assert not model._default_manager.exists()


def test_nothing_on_a_preview_can_do_anything_or_lead_away(campaign: Campaign) -> None:
    answer = sign_in(make_staff(campaign.organization)).get(frame(campaign, View.IN_PROGRESS))
    assert "form-action 'none'" in answer["Content-Security-Policy"]
    assert "frame-ancestors 'self';" in answer["Content-Security-Policy"] + ";"
    assert re.findall(r'<a\b[^>]*href="(/[^"]*)"', answer.content.decode()) == []


def test_where_the_platform_counts_the_page_says_so_and_the_claim_is_in_the_inventory(campaign: Campaign) -> None:
    campaign.platforms.update(counted_by="platform")
    staff = sign_in(make_staff(campaign.organization))
    assert "Twitch counts your time itself" in text_of(staff.get(frame(campaign, View.IN_PROGRESS)))
    shown = text_of(staff.get(frame(campaign, View.FAILED)))
    assert "And in their inventory" in shown and "Not delivered yet" in shown


def test_a_draft_without_dates_and_rewards_is_shown_with_made_up_dates(campaign: Campaign) -> None:
    bare = make_campaign(campaign.game, status=Campaign.Status.DRAFT, starts_at=None, ends_at=None)
    staff = sign_in(make_staff(campaign.organization))
    for view in View:
        answer = staff.get(frame(bare, view))
        assert answer.status_code == (404 if view is View.ANNOUNCED else 200), view
    assert "these dates are made up too" in text_of(staff.get(frame(bare, View.GRACE)))


def test_a_link_shows_the_draft_to_anybody_until_it_expires_or_is_taken_back(campaign: Campaign) -> None:
    link, token = make_link(campaign, days=7, actor=None, now=NOW)
    assert token not in str(CampaignPreview.objects.values().get())
    answer = Client().get(f"/preview/{token}/")
    assert answer.status_code == 200 and campaign.name in text_of(answer)
    assert answer["X-Robots-Tag"] == "noindex, nofollow" and answer["Referrer-Policy"] == "no-referrer"
    for view in View:
        assert f'href="/preview/{token}/{view.value}/"' in answer.content.decode()
    assert find_campaign_of(token, now=NOW + timedelta(days=7, seconds=-1)) == campaign.pk
    assert find_campaign_of(token, now=NOW + timedelta(days=7)) is None
    assert revoke_link(link.pk, campaign=campaign, actor=None, now=NOW)
    gone = Client().get(f"/preview/{token}/")
    assert gone.status_code == 404 and "Ask whoever sent it for a new one." in text_of(gone)
    assert "Ask whoever sent it for a new one." in text_of(Client().get("/preview/never-made/"))
    assert not revoke_link(link.pk, campaign=campaign, actor=None, now=NOW)


def test_a_link_tells_nothing_of_other_campaigns_and_of_who_made_it(campaign: Campaign) -> None:
    make_campaign(campaign.game, status=Campaign.Status.DRAFT, name="Very secret")
    maker = make_staff(campaign.organization, username="maker-of-links")
    channel = make_channel(campaign.organization, "twitch", login="northwind_one")
    campaign.channels.create(channel=channel, listed_at=NOW)
    _link, token = make_link(campaign, days=1, actor=maker, now=NOW)
    for view in View:
        shown = text_of(Client().get(f"/preview/{token}/{view.value}/"))
        assert "Very secret" not in shown and "maker-of-links" not in shown


def test_s4_guesses_are_limited(campaign: Campaign) -> None:
    client = Client()
    statuses = [client.get(f"/preview/guess-{number}/").status_code for number in range(121)]
    assert statuses[0] == 404 and statuses[-1] == 429


def test_s5_links_are_made_listed_and_taken_back_on_the_page(campaign: Campaign) -> None:
    staff = sign_in(make_staff(campaign.organization, username="petra"))
    here = url("campaigns.campaign", "preview", campaign.pk)
    made = staff.post(here, {"days": "30"}, follow=True)
    token = re.search(r"/preview/([\w-]{43})/", made.content.decode())
    assert token is not None and Client().get(f"/preview/{token[1]}/").status_code == 200
    link = CampaignPreview.objects.get()
    assert link.expires_at == NOW + timedelta(days=30)
    listed = text_of(staff.get(here))
    assert "petra" in listed and "works" in listed and token[1] not in listed
    staff.post(url("campaigns.campaign", "preview_take_back", campaign.pk, link.pk))
    assert Client().get(f"/preview/{token[1]}/").status_code == 404
    actions = AuditEntry.objects.filter(object_id=campaign.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["made a preview link", "took back a preview link"]
    assert staff.post(here, {"days": "3650"}).status_code == 200 and CampaignPreview.objects.count() == 1


def test_s2_loading_the_page_of_a_new_link_again_makes_no_second_and_shows_none(campaign: Campaign) -> None:
    staff = sign_in(make_staff(campaign.organization))
    here = f"{url('campaigns.campaign', 'preview', campaign.pk)}?state=ended&width=phone"
    made = staff.post(here, {"days": "7"})
    assert (made.status_code, made.headers["Location"]) == (302, here)
    assert "it is not shown again" not in text_of(sign_in(make_staff(campaign.organization)).get(here))
    assert "made-link" not in staff.head(here).content.decode()
    shown = staff.get(here)
    assert re.search(r"/preview/[\w-]{43}/", shown.content.decode())
    assert shown.context["is_phone"] and "no-store" in shown.headers["Cache-Control"]
    assert not re.search(r"/preview/[\w-]{43}/", staff.get(here).content.decode())
    assert CampaignPreview.objects.count() == 1


def test_s1_who_may_not_edit_sees_the_preview_and_makes_no_link(campaign: Campaign) -> None:
    here = url("campaigns.campaign", "preview", campaign.pk)
    analyst = sign_in(make_staff(campaign.organization, Role.ANALYST))
    assert analyst.get(here).status_code == 200
    assert analyst.post(here, {"days": "7"}).status_code == 403
    stranger = sign_in(make_staff(make_organization()))
    assert stranger.get(here).status_code == 404
    assert stranger.get(frame(campaign, View.GRACE)).status_code == 404
    assert Client().get(frame(campaign, View.GRACE)).status_code == 302


def test_the_links_of_one_campaign_are_not_taken_back_through_another(campaign: Campaign) -> None:
    other = make_campaign(campaign.game, status=Campaign.Status.DRAFT)
    link, token = make_link(campaign, days=1, actor=None, now=NOW)
    assert not revoke_link(link.pk, campaign=other, actor=None, now=NOW)
    assert find_campaign_of(token, now=NOW) == campaign.pk


def test_a_draft_with_links_can_be_deleted(campaign: Campaign) -> None:
    make_link(campaign, days=1, actor=None, now=NOW)
    staff = sign_in(make_staff(campaign.organization))
    staff.post(url("campaigns.campaign", "delete", campaign.pk), {"post": "yes"})
    assert not Campaign.objects.exists() and not CampaignPreview.objects.exists()
