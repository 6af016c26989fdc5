"""The guide: a campaign made step by step, each saved, each with an address, without a script (C1 to C6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.admin.guide.steps import Step
from campaigns.models import Campaign, CampaignPlatform, Reward
from portal.models import AuditEntry, Organization
from portal.roles import Role
from tests.admin_pages import form_of, sign_in, url
from tests.campaigns.guide.pages import FORM, begin, make_draft, step, text_of
from tests.factories import (
    NOW,
    make_campaign,
    make_credential,
    make_endpoint,
    make_organization,
    make_reward,
    make_staff,
    png,
)
from tests.watching import make_source

pytestmark = pytest.mark.django_db


def test_c1_a_campaign_is_made_and_published_by_the_steps_alone(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    make_endpoint(game)
    make_source(game)
    make_credential(organization, "kick")
    values = form_of(owner, begin(), FORM)
    assert values["game"] == game.pk, "the only game is chosen"
    assert values["starts_at_date"] and values["ends_at_date"], "dates are proposed"
    answer = owner.post(begin(), {**values, "name": "Autumn"})
    campaign = Campaign.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, step(campaign, Step.WHERE))
    values = form_of(owner, step(campaign, Step.WHERE), FORM)
    answer = owner.post(step(campaign, Step.WHERE), values)
    assert answer["Location"] == step(campaign, Step.REWARDS)
    assert [row.counted_by for row in campaign.platforms.all()] == ["portal"], (
        "where heartbeats come, the portal counts"
    )
    values = form_of(owner, step(campaign, Step.REWARDS), FORM)
    values |= {
        "reward-name": "Dawn blade",
        "reward-alt_text": "A blade",
        "reward-external_id": "blade",
        "reward-image": SimpleUploadedFile("blade.png", png()),
        "rule-minutes": "30",
    }
    answer = owner.post(step(campaign, Step.REWARDS), values)
    assert answer.status_code == 302, text_of(answer)
    assert [str(row) for row in campaign.rewards.all()] == ["Dawn blade"]
    assert Reward.objects.get().image
    page = owner.get(step(campaign, Step.CHECK))
    assert "Nothing stands in the way" in text_of(page)
    owner.post(url("campaigns.campaign", "publish", campaign.pk))
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.PUBLISHED


def test_c1_adding_a_campaign_leads_to_the_guide_and_the_whole_page_stays(owner: Client) -> None:
    add = url("campaigns.campaign", "add")
    answer = owner.get(f"{add}?name=Autumn")
    assert answer["Location"] == f"{begin()}?name=Autumn"
    assert form_of(owner, answer["Location"], FORM)["name"] == "Autumn"
    assert owner.get(f"{add}?whole=1").status_code == 200


def test_c1_each_step_saves_the_draft_as_it_is_and_can_be_resumed(owner: Client, organization: Organization) -> None:
    values = form_of(owner, begin(), FORM) | {
        "name": "Half",
        "starts_at_date": "",
        "starts_at_time": "",
        "then": "stay",
    }
    owner.post(begin(), values)
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.starts_at) == ("draft", None)
    resumed = owner.get(url("campaigns.campaign", "steps", campaign.pk))
    assert resumed["Location"] == step(campaign, Step.BASICS), "the first step with something missing"
    for which in Step:
        shown = text_of(owner.get(step(campaign, which)))
        assert f"Step {list(Step).index(which) + 1} of 4" in shown
    assert "1 to mend" in shown, "the last step tells in which one something is missing"
    assert AuditEntry.objects.filter(object_id=campaign.pk, action="added").count() == 1


def test_c2_errors_stand_in_place_and_say_what_is_allowed(owner: Client, organization: Organization) -> None:
    values = form_of(owner, begin(), FORM) | {
        "name": "",
        "time_zone": "Europe/Berlin",
        "starts_at_date": "2026-03-29",
        "starts_at_time": "02:30",
        "grace_days": "400",
    }
    shown = text_of(owner.post(begin(), values))
    assert "Enter at most 365 days." in shown
    assert "02:30 on 29 Mar 2026 does not exist in Europe/Berlin" in shown
    assert not Campaign.objects.exists()


def test_what_is_to_be_mended_stands_at_the_top_with_links_to_the_fields(
    owner: Client, organization: Organization
) -> None:
    begun = form_of(owner, begin(), FORM) | {"name": "", "starts_at_date": "soon"}
    campaign = make_draft(organization)
    where = form_of(owner, step(campaign, Step.WHERE), FORM) | {"scope": "nowhere"}
    rewards = form_of(owner, step(campaign, Step.REWARDS), FORM) | {"reward-name": "", "rule-minutes": ""}
    for address, values, targets in (
        (begin(), begun, ("id_name", "id_starts_at_0")),
        (step(campaign, Step.WHERE), where, ("id_scope_0",)),
        (step(campaign, Step.REWARDS), rewards, ("id_rule-minutes", "id_reward-name")),
    ):
        assert 'id="mistakes"' not in text_of(owner.get(address))
        shown = text_of(owner.post(address, values))
        summary = shown[shown.index('id="mistakes"') : shown.index("</section>", shown.index('id="mistakes"'))]
        assert "autofocus" in summary and "Nothing is saved yet" in summary
        for target in targets:
            assert f'href="#{target}"' in summary and f'id="{target}"' in shown, target


def test_what_does_not_look_like_an_id_is_told_when_it_is_saved(owner: Client, organization: Organization) -> None:
    campaign = make_draft(organization)
    here = step(campaign, Step.WHERE)
    values = form_of(owner, here, FORM) | {"on_kick": "on", "counted_kick": "platform", "id_kick": "Moonrise opening"}
    assert "“Moonrise opening” does not look like an id of Kick" in text_of(owner.post(here, values, follow=True))
    here = step(campaign, Step.REWARDS)
    values = form_of(owner, here, FORM) | {"reward-name": "Blade", "reward-id_kick": "abc", "rule-minutes": "30"}
    assert "“abc” does not look like an id of Kick" in text_of(owner.post(here, values, follow=True))


def test_c2_times_are_told_in_the_zone_in_utc_and_in_the_persons_own_with_the_day_and_the_clock_change(
    organization: Organization,
) -> None:
    client = sign_in(make_staff(organization, time_zone="America/New_York"))
    asked = {
        "time_zone": "Europe/Berlin",
        "starts_at_date": "2026-10-20",
        "starts_at_time": "18:00",
        "ends_at_date": "2026-10-27",
        "ends_at_time": "18:00",
        "grace_days": "7",
    }
    shown = text_of(client.get(reverse("admin:campaigns_campaign_times"), asked))
    assert "Tuesday, 18:00 on 20 Oct 2026, Europe/Berlin (UTC+2)" in shown
    assert "Tuesday, 16:00 on 20 Oct 2026, UTC" in shown
    assert "Tuesday, 12:00 on 20 Oct 2026, America/New_York (UTC−4)" in shown
    assert "Tuesday, 17:00 on 27 Oct 2026, UTC" in shown
    assert "The clocks in Europe/Berlin change during the campaign" in shown
    assert "60 minutes longer" in shown
    assert "The clocks in your own zone, America/New_York, change at another time" in shown


def test_c1_platforms_with_a_credential_are_proposed_and_a_choice_is_kept(
    owner: Client, organization: Organization
) -> None:
    make_credential(organization, "kick")
    campaign = make_draft(organization)
    values = form_of(owner, step(campaign, Step.WHERE), FORM)
    assert values.get("on_kick") and "on_twitch" not in values
    assert values["counted_kick"] == "platform"
    owner.post(step(campaign, Step.WHERE), {**values, "id_kick": "C-7", "scope": "allow_list"})
    row = CampaignPlatform.objects.get()
    assert (row.platform, row.counted_by, row.platform_campaign_id) == ("kick", "platform", "C-7")
    del values["on_kick"]
    owner.post(step(campaign, Step.WHERE), values)
    assert not campaign.platforms.exists()


def test_c1_an_id_that_another_campaign_has_is_refused_in_place(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    make_campaign(game, platform_ids={"kick": "C-7"})
    campaign = make_draft(organization)
    values = form_of(owner, step(campaign, Step.WHERE), FORM) | {"on_kick": "on", "id_kick": "C-7"}
    assert "Another campaign has this id on this platform." in text_of(owner.post(step(campaign, Step.WHERE), values))


def test_c1_a_reward_that_exists_is_added_changed_and_removed(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    first, second = make_reward(game, name="First"), make_reward(game, name="Second")
    campaign = make_draft(organization)
    here = step(campaign, Step.REWARDS)
    values = form_of(owner, here, FORM)
    answer = owner.post(here, {**values, "rule-reward": first.pk, "rule-minutes": "30", "then": "another"})
    assert answer["Location"] == f"{here}?add=1"
    place = campaign.rewards.get()
    values = form_of(owner, f"{here}?add=1", FORM)
    owner.post(here, {**values, "rule-reward": second.pk, "rule-minutes": "60", "rule-requires": place.pk})
    assert list(campaign.rewards.order_by("position").values_list("reward__name", "minutes", "requires")) == [
        ("First", 30, None),
        ("Second", 60, place.pk),
    ]
    edit = f"{here}?edit={place.pk}"
    values = form_of(owner, edit, FORM)
    assert (values["rule-minutes"], values["reward-name"]) == ("30", "First")
    owner.post(edit, {**values, "rule-minutes": "45", "reward-alt_text": "A first thing"})
    place.refresh_from_db()
    first.refresh_from_db()
    assert (place.minutes, first.alt_text) == (45, "A first thing")
    owner.post(here, {"remove": place.pk})
    assert [str(row) for row in campaign.rewards.all()] == ["Second"]
    assert Reward.objects.filter(pk=first.pk).exists()


def test_r3_rewards_that_wait_for_each_other_are_refused(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    campaign = make_campaign(game, status=Campaign.Status.DRAFT, rewards=[make_reward(game), make_reward(game)])
    one, other = campaign.rewards.order_by("position", "pk")
    one.requires = other
    one.save()
    edit = f"{step(campaign, Step.REWARDS)}?edit={other.pk}"
    values = form_of(owner, edit, FORM) | {"rule-requires": one.pk}
    assert "These rewards wait for each other" in text_of(owner.post(edit, values))


def test_r2_a_wrong_image_is_refused_in_place_and_nothing_is_stored(owner: Client, organization: Organization) -> None:
    campaign = make_draft(organization)
    here = step(campaign, Step.REWARDS)
    values = form_of(owner, here, FORM) | {"reward-name": "Blade", "rule-minutes": "30"}
    shown = text_of(owner.post(here, {**values, "reward-image": SimpleUploadedFile("a.png", b"no picture")}))
    assert "PNG, JPEG, GIF or WebP" in shown
    assert not Reward.objects.exists() and not campaign.rewards.exists()


def test_c5_the_checklist_leads_to_where_each_point_is_mended(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    reward = make_reward(game, image=False)
    campaign = make_campaign(game, status=Campaign.Status.DRAFT, rewards=[reward], ends_at=None, scope="allow_list")
    shown = text_of(owner.get(step(campaign, Step.CHECK)))
    assert "must be mended before publishing" in shown
    assert f'{step(campaign, Step.BASICS)}#id_ends_at_0"' in shown
    assert f'{step(campaign, Step.WHERE)}#channels"' in shown
    assert f"{step(campaign, Step.REWARDS)}?edit={campaign.rewards.get().pk}&next=" in shown
    assert "Publish now" not in shown


def test_c6_what_is_live_has_its_own_page(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    campaign = make_campaign(game, starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(days=1))
    answer = owner.get(step(campaign, Step.REWARDS))
    assert answer["Location"] == url("campaigns.campaign", "change", campaign.pk)


def test_s1_the_guide_is_for_those_who_edit_and_unknown_to_strangers(organization: Organization) -> None:
    campaign = make_draft(organization)
    support = sign_in(make_staff(organization, Role.SUPPORT))
    assert support.get(begin()).status_code == 403
    assert support.get(step(campaign, Step.WHERE)).status_code == 403
    stranger = sign_in(make_staff(make_organization()))
    for which in Step:
        assert stranger.get(step(campaign, which)).status_code == 404


@pytest.mark.parametrize("which", list(Step))
def test_no_step_needs_over_twenty_queries_for_twelve_rewards(
    owner: Client, organization: Organization, which: Step, django_assert_max_num_queries: Any
) -> None:
    game = organization.games.get()
    make_endpoint(game)
    make_source(game)
    rewards = [make_reward(game, name=f"R{n}") for n in range(12)]
    campaign = make_campaign(game, status=Campaign.Status.DRAFT, rewards=rewards)
    CampaignPlatform.objects.create(campaign=campaign, platform="twitch", counted_by="portal")
    assert owner.get(begin()).status_code == 200, "the session is known from now on"
    with django_assert_max_num_queries(20):
        assert owner.get(step(campaign, which)).status_code == 200
