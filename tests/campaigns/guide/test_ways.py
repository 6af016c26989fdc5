"""What the guide proposes and tells, and the ways out of it and back (C1 to C5)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.admin.guide.steps import Step
from campaigns.models import GameCategory
from portal.ids import new_ulid
from portal.models import Organization
from tests.admin_pages import form_of, url
from tests.campaigns.guide.pages import FORM, begin, make_draft, step, text_of
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_credential,
    make_endpoint,
    make_game,
    make_reward,
)

pytestmark = pytest.mark.django_db


def test_the_zone_of_the_newest_campaign_is_proposed(owner: Client, organization: Organization) -> None:
    assert form_of(owner, begin(), FORM)["time_zone"] == "UTC"
    make_draft(organization, time_zone="Europe/Berlin")
    make_draft(organization, time_zone="Asia/Tokyo")
    make_campaign(make_game(), time_zone="Europe/Paris")
    assert form_of(owner, begin(), FORM)["time_zone"] == "Asia/Tokyo"


def test_only_platforms_are_proposed_on_which_the_game_has_a_category(
    owner: Client, organization: Organization
) -> None:
    game = organization.games.get()
    for platform in ("twitch", "kick"):
        make_credential(organization, platform)
    where = step(make_draft(organization), Step.WHERE)
    assert {"on_twitch", "on_kick"} <= form_of(owner, where, FORM).keys(), (
        "nothing is known of a game without categories"
    )
    GameCategory.objects.create(game=game, platform="kick", platform_category_id="4077")
    proposed = form_of(owner, where, FORM)
    assert "on_kick" in proposed and "on_twitch" not in proposed


def test_who_counts_says_which_platform_sends_no_heartbeats(owner: Client, organization: Organization) -> None:
    shown = text_of(owner.get(step(make_draft(organization), Step.WHERE)))
    assert "from heartbeats of your own programs: Kick sends none" in shown
    assert "Twitch sends none" not in shown


def test_what_publishing_needs_is_not_called_optional_and_missing_ids_stand_in_the_list(
    owner: Client, organization: Organization
) -> None:
    game = organization.games.get()
    rewards = [make_reward(game, name="With"), make_reward(game, name="Without")]
    rewards[0].platform_ids.create(platform="kick", platform_reward_id=new_ulid())
    here = step(make_draft(organization, rewards=rewards, platform_ids={"kick": new_ulid()}), Step.REWARDS)
    shown = text_of(owner.get(f"{here}?add=1"))
    assert 'Reward id on Kick <span class="drops-name-plain">(needed before publishing)' in shown
    assert 'Image <span class="drops-name-plain">(needed before publishing)' in shown
    assert shown.count("its id on Kick is missing") == 1
    assert shown.index("Without") < shown.index("its id on Kick is missing")


def test_the_ways_out_of_the_check_lead_back_to_it(owner: Client, organization: Organization) -> None:
    draft = make_draft(organization, rewards=[make_reward(organization.games.get(), image=False)])
    check = step(draft, Step.CHECK)
    back = urlencode({"next": check})
    shown = text_of(owner.get(check))
    endpoint = f"{reverse('admin:fulfillment_endpoint_add')}?game={draft.game_id}&{back}"
    assert f'href="{endpoint}"' in shown
    assert form_of(owner, endpoint, "endpoint_form")["game"] == draft.game_id
    for page in ("preview", "channels", "console_sheet", "export", "overview"):
        address = f"{url('campaigns.campaign', page, draft.pk)}?{back}"
        assert f'href="{address}"' in shown
        assert f'href="{check}"' in text_of(owner.get(address)), page
    edit = f"{step(draft, Step.REWARDS)}?edit={draft.rewards.get().pk}&{back}"
    assert f'href="{edit}#the-reward"' in shown
    assert owner.post(edit, form_of(owner, edit, FORM))["Location"] == check


def test_c8_a_test_without_testers_is_told_of_and_leads_to_their_list(
    owner: Client, organization: Organization
) -> None:
    draft = make_draft(organization, test_mode=True, platform_ids={"kick": new_ulid()})
    check = step(draft, Step.CHECK)
    lists = f"{url('campaigns.campaign', 'change', draft.pk)}?{urlencode({'next': check})}#testers"
    shown = text_of(owner.get(check))
    assert f'href="{lists}"' in shown
    assert "nobody takes part" in shown
    draft.testers.create(platform="kick", platform_user_id="7")
    assert "nobody takes part" not in text_of(owner.get(check))


def test_what_is_saved_on_the_way_leads_on_to_where_one_came_from_and_nowhere_else(
    owner: Client, organization: Organization
) -> None:
    reward = make_reward(organization.games.get())
    page = url("campaigns.reward", "change", reward.pk)
    for wanted, led in (
        ("/admin/campaigns/campaign/", "/admin/campaigns/campaign/"),
        ("https://elsewhere.example/", url("campaigns.reward", "changelist")),
        ("//elsewhere.example/", url("campaigns.reward", "changelist")),
        ("javascript:alert(1)", url("campaigns.reward", "changelist")),
    ):
        address = f"{page}?{urlencode({'next': wanted})}"
        assert owner.post(address, form_of(owner, address, "reward_form"))["Location"] == led, wanted


def test_listing_channels_leads_back_to_the_step_and_a_draft_needs_no_reason(
    owner: Client, organization: Organization
) -> None:
    draft = make_draft(organization, platform_ids={"twitch": ""})
    where = step(draft, Step.WHERE)
    values = form_of(owner, where, FORM) | {"scope": "allow_list", "then": "channels"}
    listed = owner.post(where, values)["Location"]
    assert listed.endswith(urlencode({"next": where}))
    draft.channels.create(channel=make_channel(organization, platform="twitch"), listed_at=NOW)
    draft.channels.create(channel=make_channel(organization, platform="twitch"), listed_at=NOW)
    shown = owner.post(listed, {"channel": draft.channels.first().channel_id})  # type: ignore[union-attr]
    report = shown["Location"]
    assert report.endswith(urlencode({"next": where}))
    page = owner.get(report)
    assert text_of(page).count("(optional)") == 1
    answer = owner.post(report, {"seen": page.context["form"].initial["seen"], "reason": ""})
    assert answer["Location"] == listed
    assert draft.channels.filter(removed_at=None).count() == 1
    assert f'href="{where}"' in text_of(owner.get(listed))


def test_points_that_do_not_concern_a_campaign_are_none_of_its_list(owner: Client, organization: Organization) -> None:
    draft = make_draft(organization, platform_ids={"kick": new_ulid()})
    shown = text_of(owner.get(step(draft, Step.CHECK)))
    for name in ("Heartbeats, where the portal counts", "Enough codes", "Web addresses"):
        assert name not in shown
    draft.platforms.update(counted_by="portal")
    assert "Heartbeats, where the portal counts" in text_of(owner.get(step(draft, Step.CHECK)))


@pytest.mark.parametrize(("days", "seen"), [(0, "12:00 on 23 Nov 2026"), (2, "12:00 on 21 Nov 2026")])
def test_what_is_published_tells_from_when_and_where_viewers_see_it(
    owner: Client, organization: Organization, days: int, seen: str
) -> None:
    game = organization.games.get()
    make_endpoint(game)
    reward = make_reward(game, platform_ids={"kick": new_ulid()})
    times = {"starts_at": NOW + timedelta(days=3), "ends_at": NOW + timedelta(days=9)}
    campaign = make_draft(
        organization, rewards=[reward], platform_ids={"kick": new_ulid()}, announcement_days=days, **times
    )
    answer = owner.post(url("campaigns.campaign", "publish", campaign.pk), follow=True)
    shown = text_of(answer)
    assert f"Viewers see it from</dt><dd>{seen}" in shown
    assert f"{reverse('campaign', args=[campaign.pk])}</a>" in shown


def test_c8_a_published_test_tells_from_when_and_where_its_testers_see_it(
    owner: Client, organization: Organization
) -> None:
    times = {"starts_at": NOW + timedelta(days=3), "ends_at": NOW + timedelta(days=9)}
    campaign = make_campaign(organization.games.get(), test_mode=True, announces_at=times["starts_at"], **times)
    shown = text_of(owner.get(url("campaigns.campaign", "change", campaign.pk)))
    assert "Testers see it from</dt><dd>12:00 on 23 Nov 2026" in shown
    assert "Testers find it at" in shown
    assert "Published for its testers alone" in shown
    assert "Its testers see it from" not in text_of(owner.get(step(campaign, Step.CHECK)))
    draft = make_draft(organization, test_mode=True, announces_at=times["starts_at"], **times)
    assert "Its testers see it from 12:00 on 23 Nov 2026" in text_of(owner.get(step(draft, Step.CHECK)))
