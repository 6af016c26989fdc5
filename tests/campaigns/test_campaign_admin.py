"""The campaign's page: one page for all, DST in the form, locks, preflight, and the four switches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import Campaign, CampaignChannel, CampaignReward
from portal.models import AuditEntry, Organization
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, rows, sign_in, url
from tests.factories import NOW, make_campaign, make_channel, make_endpoint, make_game, make_reward, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

FORM = "campaign_form"
EVENT = {"event_name": "boss", "event_path": "$.boss", "event_condition": "equals", "event_value": "dead"}


def add_page() -> str:
    return url("campaigns.campaign", "add") + "?whole=1"


def page(campaign: Campaign) -> str:
    return url("campaigns.campaign", "change", campaign.pk)


def dates(**values: str) -> dict[str, str]:
    sent = {}
    for name, value in values.items():
        day, _, rest = value.partition(" ")
        clock, _, occurrence = rest.partition(" ")
        sent |= {f"{name}_at_date": day, f"{name}_at_time": clock}
        if occurrence:
            sent[f"{name}_at_occurrence"] = occurrence
    return sent


def make_live(organization: Organization, **fields: Any) -> Campaign:
    game = organization.games.get()
    reward = make_reward(game, platform_ids={"kick": "R1"})
    return make_campaign(game, rewards=[reward], platform_ids={"kick": "C1"}, **fields)


def make_draft(organization: Organization, **fields: Any) -> Campaign:
    make_endpoint(organization.games.get())
    return make_live(
        organization,
        status=Campaign.Status.DRAFT,
        **{"starts_at": NOW + timedelta(days=3), "ends_at": NOW + timedelta(days=9), **fields},
    )


def test_c1_a_campaign_with_its_lists_is_made_on_one_page(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    rewards = [make_reward(game), make_reward(game)]
    channel = make_channel(organization)
    values = form_of(owner, add_page(), FORM) | {"game": game.pk, "name": "Autumn", "time_zone": "Europe/Berlin"}
    values |= dates(starts="2026-12-01 18:00", ends="2026-12-08 18:00") | {"announcement_days": "7", "grace_days": "14"}
    values = rows(
        "rewards",
        values,
        {"reward": rewards[0].pk, "rule": "watch", "minutes": "30", "position": "0"},
        {"reward": rewards[1].pk, "rule": "game_event", "minutes": "", "position": "1"} | EVENT,
    )
    values = rows("platforms", values, {"platform": "kick", "counted_by": "platform", "platform_campaign_id": "K1"})
    values = rows("platforms", values, {"platform": "twitch", "counted_by": "portal", "platform_campaign_id": ""})
    values = rows("channels", values, {"channel": channel.pk})
    values = rows("testers", values, {"platform": "kick", "platform_user_id": "18446744073709551615", "note": "me"})
    answer = owner.post(add_page(), values)
    assert answer.status_code == 302, errors_of(answer)
    campaign = Campaign.objects.get()
    assert campaign.organization == organization
    assert campaign.starts_at == datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert campaign.announces_at == datetime(2026, 11, 24, 17, tzinfo=UTC)
    assert campaign.closes_at == datetime(2026, 12, 22, 17, tzinfo=UTC)
    assert set(campaign.rewards.values_list("minutes", "event_name")) == {(30, ""), (None, "boss")}
    assert list(campaign.channels.values_list("channel", "listed_at", "removed_at")) == [(channel.pk, NOW, None)]
    assert {row.organization_id for row in campaign.platforms.all()} == {organization.pk}
    assert campaign.testers.get().platform_user_id == "18446744073709551615"


def test_c5_a_draft_may_be_incomplete_and_the_page_says_what_is_missing(
    owner: Client, organization: Organization
) -> None:
    values = form_of(owner, add_page(), FORM) | {"game": organization.games.get().pk, "name": "Later"}
    answer = owner.post(add_page(), values, follow=True)
    campaign = Campaign.objects.get()
    text = owner.get(page(campaign)).content.decode()
    assert answer.status_code == 200
    for said in ("The campaign has no reward.", "The campaign has no start.", "runs on no platform", 'href="#rewards"'):
        assert said in text
    assert "errors must be mended before publishing" in text


def test_c2_an_hour_that_does_not_exist_is_refused_with_the_nearest(owner: Client, organization: Organization) -> None:
    values = form_of(owner, add_page(), FORM) | {"game": organization.games.get().pk, "name": "Gap"}
    values |= {"time_zone": "Europe/Berlin"} | dates(starts="2027-03-28 02:30")
    (error,) = errors_of(owner.post(add_page(), values))
    assert "does not exist in Europe/Berlin" in error
    assert not Campaign.objects.exists()


def test_c2_an_hour_that_occurs_twice_is_asked_for(owner: Client, organization: Organization) -> None:
    values = form_of(owner, add_page(), FORM) | {"game": organization.games.get().pk, "name": "Twice"}
    values |= {"time_zone": "Europe/Berlin"} | dates(starts="2027-10-31 02:30")
    answer = owner.post(add_page(), values)
    assert "happens twice" in errors_of(answer)[0]
    assert 'name="starts_at_occurrence"' in answer.content.decode()
    assert owner.post(add_page(), values | dates(starts="2027-10-31 02:30 second")).status_code == 302
    assert Campaign.objects.get().starts_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_c2_another_zone_moves_the_moment(owner: Client, organization: Organization) -> None:
    start = datetime(2026, 12, 1, 12, tzinfo=UTC)
    draft = make_draft(organization, time_zone="UTC", starts_at=start, ends_at=start + timedelta(days=2))
    values = form_of(owner, page(draft), FORM) | {"time_zone": "Asia/Tokyo"}
    assert owner.post(page(draft), values).status_code == 302
    draft.refresh_from_db()
    assert draft.starts_at == datetime(2026, 12, 1, 3, tzinfo=UTC)


BAD_ROWS = [
    ("rewards", [{"rule": "watch", "minutes": ""}], "Enter the minutes"),
    ("rewards", [{"rule": "watch", "minutes": "0"}], "Enter the minutes"),
    ("rewards", [{"rule": "game_event", "event_name": ""}], "Say what happens, for viewers"),
    ("platforms", [{"platform": "kick", "counted_by": "platform"}] * 2, "listed already"),
    ("platforms", [{"platform": "portal", "counted_by": "platform"}], "does not count itself"),
    ("testers", [{"platform": "kick", "platform_user_id": "7"}] * 2, "listed already"),
]


@pytest.mark.parametrize(("prefix", "added", "said"), BAD_ROWS)
def test_c1_a_bad_row_is_refused_in_plain_words(
    owner: Client, organization: Organization, prefix: str, added: list[dict[str, str]], said: str
) -> None:
    draft = make_draft(organization)
    draft.platforms.all().delete()
    if prefix == "rewards":
        added = [{**row, "reward": make_reward(draft.game).pk, "position": "1"} for row in added]
    values = rows(prefix, form_of(owner, page(draft), FORM), *added)
    assert any(said in error for error in errors_of(owner.post(page(draft), values)))


def test_c1_thirteen_rewards_are_refused(owner: Client, organization: Organization) -> None:
    draft = make_draft(organization)
    added = [
        {"reward": make_reward(draft.game).pk, "rule": "watch", "minutes": "5", "position": str(n)} for n in range(12)
    ]
    values = rows("rewards", form_of(owner, page(draft), FORM), *added)
    assert any("at most 12" in error for error in errors_of(owner.post(page(draft), values)))


def test_r3_rewards_cannot_wait_for_each_other(owner: Client, organization: Organization) -> None:
    draft = make_draft(organization)
    first = draft.rewards.get()
    second = CampaignReward.objects.create(
        campaign=draft, reward=make_reward(draft.game), minutes=5, position=1, requires=first
    )
    values = form_of(owner, page(draft), FORM) | {"rewards-0-requires": second.pk}
    assert any("wait for each other" in error for error in errors_of(owner.post(page(draft), values)))
    elsewhere = make_campaign(draft.game, rewards=[make_reward(draft.game)]).rewards.get()
    values["rewards-0-requires"] = elsewhere.pk
    assert any("valid choice" in error for error in errors_of(owner.post(page(draft), values)))
    values |= {"rewards-0-requires": "", "rewards-0-DELETE": "on"}
    assert any("being removed" in error for error in errors_of(owner.post(page(draft), values)))


def test_r3_the_same_reward_twice_and_one_of_another_game_are_refused(
    owner: Client, organization: Organization
) -> None:
    draft = make_draft(organization)
    other = make_reward(make_game(organization))
    row = {"rule": "watch", "minutes": "5", "position": "1"}
    values = form_of(owner, page(draft), FORM)
    twice = rows("rewards", values, {**row, "reward": draft.rewards.get().reward_id})
    assert any("listed already" in error for error in errors_of(owner.post(page(draft), twice)))
    foreign = rows("rewards", values, {**row, "reward": other.pk})
    assert any("This is a reward of" in error for error in errors_of(owner.post(page(draft), foreign)))


def test_c1_one_platform_campaign_belongs_to_one_campaign(owner: Client, organization: Organization) -> None:
    live = make_live(organization)
    draft = make_campaign(live.game, status="draft")
    values = rows(
        "platforms",
        form_of(owner, page(draft), FORM),
        {"platform": "kick", "counted_by": "platform", "platform_campaign_id": "C1"},
    )
    assert any("Another campaign has this id" in error for error in errors_of(owner.post(page(draft), values)))
    also_live = make_campaign(live.game, platform_ids={"kick": "C2"})
    values = form_of(owner, page(also_live), FORM) | {"platforms-0-platform_campaign_id": "C1"}
    assert any("Another campaign has this id" in error for error in errors_of(owner.post(page(also_live), values)))


# Locks (C6).


def test_c6_a_live_campaign_shows_what_is_fixed_as_text(owner: Client, organization: Organization) -> None:
    live = make_live(organization)
    values = form_of(owner, page(live), FORM)
    assert not {"starts_at_date", "scope", "game", "time_zone", "rewards-0-minutes", "platforms-0-platform"} & {*values}
    assert {"name", "ends_at_date", "grace_days", "platforms-0-platform_campaign_id"} <= {*values}
    assert "are fixed" in owner.get(page(live)).content.decode()


def test_c6_a_live_campaign_takes_what_may_change(owner: Client, organization: Organization) -> None:
    live = make_live(organization, scope="allow_list")
    CampaignChannel.objects.create(campaign=live, channel=make_channel(organization), listed_at=NOW)
    values = (
        form_of(owner, page(live), FORM) | {"name": "New name", "grace_days": "20"} | dates(ends="2027-01-15 12:00")
    )
    values = rows("channels", values, {"channel": make_channel(organization).pk})
    values["channels-0-DELETE"] = "on"
    answer = owner.post(page(live), values)
    assert answer.status_code == 302, errors_of(answer)
    live.refresh_from_db()
    assert (live.name, live.closes_at) == ("New name", datetime(2027, 2, 4, 12, tzinfo=UTC))
    assert sorted(live.channels.values_list("removed_at", flat=True), key=str) == [NOW, None]
    entry = AuditEntry.objects.get(object_id=live.pk, action="changed")
    assert entry.after["name"] == "New name"


def test_c6_a_page_opened_before_the_start_and_saved_after_it_is_refused_and_loses_nothing(
    owner: Client, organization: Organization
) -> None:
    soon = make_live(organization, starts_at=NOW + timedelta(hours=1))
    values = form_of(owner, page(soon), FORM) | {"name": "Too late", "rewards-0-minutes": "99"}
    values |= dates(starts="2026-11-25 12:00")
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        answer = owner.post(page(soon), values)
    shown = errors_of(answer)
    assert any("fixed since the campaign went live" in error for error in shown)
    text = answer.content.decode()
    assert 'value="99"' in text
    assert "Too late" in text
    soon.refresh_from_db()
    assert (soon.starts_at, soon.rewards.get().minutes) == (NOW + timedelta(hours=1), 30)
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        texts_only = form_of(owner, page(soon), FORM) | {"name": "In time"}
        assert owner.post(page(soon), texts_only).status_code == 302


def test_c6_fields_posted_past_the_form_change_nothing(owner: Client, organization: Organization) -> None:
    live = make_live(organization)
    values = form_of(owner, page(live), FORM) | dates(starts="2026-11-25 12:00") | {"scope": "allow_list"}
    assert owner.post(page(live), values).status_code == 302
    assert errors_of(owner.post(page(live), values | {"_opened_as": "open", "time_zone": "UTC"}))
    live.refresh_from_db()
    assert (live.starts_at, live.scope) == (NOW - timedelta(days=1), "global")


def test_c3_a_published_campaign_keeps_its_dates(owner: Client, organization: Organization) -> None:
    soon = make_live(organization, starts_at=NOW + timedelta(hours=1))
    values = form_of(owner, page(soon), FORM) | {"ends_at_date": "", "ends_at_time": ""}
    assert "A published campaign needs this." in errors_of(owner.post(page(soon), values))


# The four switches (C3, C5, S1).


def deed(campaign: Campaign, name: str) -> str:
    return url("campaigns.campaign", name, campaign.pk)


def test_c5_publishing_asks_then_publishes(owner: Client, organization: Organization) -> None:
    draft = make_draft(organization)
    assert "Publish now" in owner.get(deed(draft, "publish")).content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"
    answer = owner.post(deed(draft, "publish"), follow=True)
    assert "is published" in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.status, draft.published_at) == ("published", NOW)


def test_c5_the_button_refuses_while_an_error_stands(owner: Client, organization: Organization) -> None:
    draft = make_draft(organization)
    draft.rewards.all().delete()
    asked = owner.get(deed(draft, "publish")).content.decode()
    assert "cannot be published yet" in asked
    assert "Publish now" not in asked
    refused = owner.post(deed(draft, "publish")).content.decode()
    assert "The campaign has no reward." in refused
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_c5_a_second_press_is_told_that_it_is_published_and_is_asked_nothing_more(
    owner: Client, organization: Organization
) -> None:
    draft = make_draft(organization)
    owner.post(deed(draft, "publish"))
    again = owner.post(deed(draft, "publish"), follow=True)
    assert again.redirect_chain == [(url("campaigns.campaign", "change", draft.pk), 302)]
    assert "The campaign is published already." in again.content.decode()


@pytest.mark.parametrize(
    ("name", "field", "value"), [("pause", "deliveries_paused", True), ("cancel", "status", "cancelled")]
)
def test_c3_pausing_and_cancelling_ask_for_a_reason(
    owner: Client, organization: Organization, name: str, field: str, value: Any
) -> None:
    live = make_live(organization)
    refused = owner.post(deed(live, name), {"reason": " "})
    assert refused.status_code == 200
    assert "autofocus" in refused.content.decode(), "the keys are where the reason is missing"
    live.refresh_from_db()
    assert getattr(live, field) != value
    assert owner.post(deed(live, name), {"reason": "leak"}).status_code == 302
    live.refresh_from_db()
    assert getattr(live, field) == value
    history = owner.get(url("campaigns.campaign", "history", live.pk)).content.decode()
    assert "leak" in history


@pytest.mark.parametrize("name", ["publish", "pause", "resume", "cancel"])
def test_s1_only_who_may_publish_reaches_the_switches(organization: Organization, name: str) -> None:
    live = make_live(organization)
    for role, allowed in [(Role.PRODUCER, 403), (Role.SUPPORT, 403), (Role.ANALYST, 403), (Role.OWNER, 200)]:
        client = sign_in(make_staff(organization, role))
        assert client.get(deed(live, name)).status_code == allowed
        if allowed == 403:
            assert client.post(deed(live, name), {"reason": "x"}).status_code == 403
    Organization.objects.filter(pk=organization.pk).update(producers_may_publish=True)
    assert sign_in(make_staff(organization, Role.PRODUCER)).get(deed(live, name)).status_code == 200


def test_f8_a_draft_may_be_deleted_and_a_published_campaign_not(owner: Client, organization: Organization) -> None:
    live, draft = make_live(organization), make_campaign(organization.games.get(), status="draft")
    answer = owner.post(url("campaigns.campaign", "delete", live.pk), {"post": "yes"}, follow=True)
    assert "was published, so it is kept" in answer.content.decode()
    assert owner.post(url("campaigns.campaign", "delete", draft.pk), {"post": "yes"}).status_code == 302
    assert list(Campaign.objects.all()) == [live]
    assert AuditEntry.objects.get(object_id=draft.pk).action == "deleted"


def test_c3_the_list_filters_by_phase_game_and_platform(owner: Client, organization: Organization) -> None:
    live, draft = make_live(organization), make_campaign(make_game(organization), status="draft")
    address = url("campaigns.campaign", "changelist")

    def listed(query: str) -> set[str]:
        return {row.pk for row in owner.get(f"{address}?{query}").context["cl"].result_list}

    assert listed("phase=live") == {live.pk}
    assert listed("phase=draft") == {draft.pk}
    assert listed(f"game__id__exact={draft.game_id}") == {draft.pk}
    assert listed("on_platform=kick") == {live.pk}
    assert listed("q=C1") == {live.pk}
    assert listed("phase=nonsense") == {live.pk, draft.pk}


def errors_in(answer: Any) -> list[str]:
    return [error for field_errors in answer.context["form"].errors.values() for error in field_errors]
