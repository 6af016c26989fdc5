"""The pages of unmapped claims: what is unknown, the ways out, the count first, and who may (F2, S1)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import CampaignPlatform, CampaignReward, RewardPlatformId
from fulfillment.models import BulkOperation, Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import make_campaign, make_category, make_game, make_reward
from tests.fulfillment.admin.story import Studio

GROUPS = reverse("admin:drift")


def unknown(studio: Studio, code: Code = Code.REWARD_UNKNOWN, **fields: Any) -> Claim:
    values = {"platform_reward_id": "kick-cloak", "platform_campaign_id": "kick-autumn", **fields}
    return studio.claim(State.QUARANTINED, code.value, **values)


def asked(page: str = "drift_map", **values: str) -> str:
    given = {"platform": "kick", "code": "reward_unknown", "reward": "kick-cloak", **values}
    return f"{reverse(f'admin:{page}')}?" + "&".join(f"{name}={value}" for name, value in given.items())


def producer(studio: Studio) -> Client:
    return sign_in(studio.members[Role.PRODUCER])


def way(page: Any, name: str) -> Any:
    return next(shown for shown in page.context["ways"] if shown.way == name)


def test_the_list_says_in_words_that_there_is_nothing_to_map(studio: Studio) -> None:
    assert "Nothing is to be mapped." in producer(studio).get(GROUPS).content.decode()


def test_f2_the_list_shows_each_unknown_id_with_count_times_and_a_way_on(studio: Studio, elsewhere: Studio) -> None:
    category = studio.game.categories.get().platform_category_id
    first = unknown(studio, external_id="item-cloak", platform_category_id=category)
    unknown(studio)
    unknown(elsewhere, platform_reward_id="theirs")
    page = producer(studio).get(GROUPS)
    (row,) = page.context["rows"]
    assert (row["id"], row["claims"], row["external_id"], row["game"]) == (
        "kick-cloak",
        "2",
        "item-cloak",
        studio.game.name,
    )
    text = page.content.decode()
    assert reverse("admin:fulfillment_claim_change", args=[first.pk]) in text
    assert asked().replace("&", "&amp;") in text
    assert "theirs" not in text


@pytest.mark.parametrize("role", list(Role))
def test_s1_analysts_see_counts_only_and_support_may_map_but_not_assign(studio: Studio, role: Role) -> None:
    claim = unknown(studio)
    client = sign_in(studio.members[role])
    page = client.get(GROUPS)
    assert [row["claims"] for row in page.context["rows"]] == ["1"]
    maps = role is not Role.ANALYST
    assert (claim.pk in page.content.decode()) == maps
    assert (client.get(asked()).status_code == 200) == maps
    target = {"target": studio.reward.pk}
    assert (client.get(asked("drift_confirm", way="map_reward", **target)).status_code == 200) == maps
    assigns = role in (Role.OWNER, Role.PRODUCER)
    assert (client.get(asked("drift_confirm", way="assign_reward", **target)).status_code == 200) == assigns
    posted = client.post(asked("drift_confirm", way="assign_reward", **target), {"reason": "x"})
    assert (posted.status_code == 302) == assigns == BulkOperation.objects.exists()


def test_s1_what_is_another_organization_s_is_unknown(studio: Studio, elsewhere: Studio) -> None:
    unknown(studio)
    client = producer(studio)
    for target in (elsewhere.reward.pk, "nothing"):
        assert client.get(asked("drift_confirm", way="map_reward", target=target)).status_code == 404
    for wrong in ({"code": "late"}, {"code": "nonsense"}, {"platform": "elsewhere"}):
        assert client.get(asked(**wrong)).status_code == 404
    fits_not = asked("drift_confirm", way="map_campaign", target=studio.campaign.pk)
    assert client.get(fits_not).status_code == 404
    unknown(elsewhere, platform_reward_id="theirs")
    assert client.get(asked(reward="theirs")).context["group"] is None


def test_r1_the_reward_with_the_same_external_id_is_suggested_and_comes_first(studio: Studio) -> None:
    make_reward(studio.game, name="Another")
    unknown(studio, external_id="item-cloak")
    options = way(producer(studio).get(asked()), "map_reward").options
    assert options[0].value == studio.reward.pk
    assert "suggested: same external id" in options[0].text
    assert "suggested" not in options[1].text


def test_r1_rewards_that_cannot_take_the_id_are_listed_with_the_reason(studio: Studio) -> None:
    taken = make_reward(studio.game, name="Taken", platform_ids={"kick": "kick-other"})
    unknown(studio)
    shown = way(producer(studio).get(asked()), "map_reward")
    assert [option.value for option in shown.options] == [studio.reward.pk]
    (refused,) = shown.impossible
    assert refused.url == reverse("admin:campaigns_reward_change", args=[taken.pk])
    assert "has the id kick-other on Kick already" in refused.problem


def test_f2_only_rewards_of_the_game_that_the_category_is_of_are_offered(studio: Studio) -> None:
    other = make_game(studio.organization)
    theirs = make_reward(other)
    category = make_category(other).platform_category_id
    unknown(studio, platform_category_id=category)
    client = producer(studio)
    assert [o.value for o in way(client.get(asked()), "map_reward").options] == [theirs.pk]
    # A campaign of the first game that counts streams of the other one gives the first one's rewards.
    studio.campaign.further_games.create(game=other)
    assert {o.value for o in way(client.get(asked()), "map_reward").options} == {theirs.pk, studio.reward.pk}


def test_f2_the_count_comes_first_and_confirmed_the_id_is_entered(studio: Studio) -> None:
    CampaignPlatform.objects.create(campaign=studio.campaign, platform="kick", platform_campaign_id="kick-autumn")
    for _ in range(2):
        unknown(studio)
    client = producer(studio)
    address = asked("drift_confirm", way="map_reward", target=studio.reward.pk)
    page = client.get(address)
    told = [(count, str(text), why) for count, text, why in page.context["lines"]]
    assert told == [
        (0, "would go to the game", ""),
        (2, "would wait for the viewer", "no game account linked"),
        (0, "would be held for you to release", ""),
    ]
    assert page.context["all_looked_at"]
    assert not RewardPlatformId.objects.exists()
    answer = client.post(address, {"reason": ""}, follow=True)
    assert answer.redirect_chain == [(GROUPS, 302)]
    assert "The id is entered at “Comet Cloak”." in answer.content.decode()
    assert RewardPlatformId.objects.get().platform_reward_id == "kick-cloak"
    assert Claim.objects.filter(resolve_at__isnull=False).count() == 2
    assert AuditEntry.objects.latest("pk").actor == studio.members[Role.PRODUCER]


def test_pressed_too_late_it_says_that_nothing_waits_any_more(studio: Studio) -> None:
    address = asked("drift_confirm", way="map_reward", target=studio.reward.pk)
    page = producer(studio).post(address, {"reason": ""})
    assert page.status_code == 200
    assert "No claim waits for this any more" in page.content.decode()
    assert not RewardPlatformId.objects.exists()


def test_f1_of_an_ambiguous_group_the_campaigns_are_shown_with_their_dates_and_all_is_assigned(
    studio: Studio, django_capture_on_commit_callbacks: Any
) -> None:
    second = make_campaign(studio.game, rewards=[studio.reward], platform_ids={"kick": "second"}, name="Second")
    CampaignPlatform.objects.create(campaign=studio.campaign, platform="kick", platform_campaign_id="first")
    make_campaign(studio.game, platform_ids={"kick": "third"}, name="Without the reward")
    RewardPlatformId.objects.create(reward=studio.reward, platform="kick", platform_reward_id="kick-cloak")
    for _ in range(3):
        unknown(studio, Code.CAMPAIGN_AMBIGUOUS, platform_campaign_id="", reward=studio.reward)
    client = producer(studio)
    given = {"code": "campaign_ambiguous"}
    (shown,) = client.get(asked(**given)).context["ways"]
    assert {option.value for option in shown.options} == {second.pk, studio.campaign.pk}
    assert all("live · 2026-11-19 12:00 – 2026-11-27 12:00 UTC" in option.text for option in shown.options)
    address = asked("drift_confirm", way="assign_campaign", target=second.pk, **given)
    assert client.post(address, {"reason": ""}).status_code == 200, "it asks for a reason"
    with django_capture_on_commit_callbacks(execute=False):
        answer = client.post(address, {"reason": "they are the second's"})
    operation = BulkOperation.objects.get()
    assert answer.headers["Location"] == reverse("admin:fulfillment_claim_many", args=[operation.pk])
    assert (operation.total, operation.campaign, operation.reward) == (3, second, None)
    assert operation.confirmed_at is not None
    assert "0 of 3 dealt with" in client.get(answer.headers["Location"]).content.decode()


def test_c6_a_reward_that_a_running_campaign_lacks_can_be_assigned_but_not_added(studio: Studio) -> None:
    lacking = make_reward(studio.game, name="Lacking", platform_ids={"kick": "kick-lacking"})
    CampaignPlatform.objects.create(campaign=studio.campaign, platform="kick", platform_campaign_id="kick-autumn")
    fields = {"platform_reward_id": "kick-lacking", "reward": lacking, "campaign": studio.campaign}
    unknown(studio, Code.REWARD_NOT_IN_CAMPAIGN, **fields)
    address = asked(code="reward_not_in_campaign", reward="kick-lacking", campaign="kick-autumn")
    page = producer(studio).get(address)
    assert way(page, "add_reward").options == []
    assert [o.problem for o in way(page, "add_reward").impossible] == ["has begun"]
    assert [o.value for o in way(page, "assign_reward").options] == [studio.reward.pk]


def test_a_claim_s_page_leads_to_its_group(studio: Studio) -> None:
    claim = unknown(studio)
    page = sign_in(studio.members[Role.SUPPORT]).get(reverse("admin:fulfillment_claim_change", args=[claim.pk]))
    assert (asked(), "Map it, with all claims like it") in page.context["ways"]


def test_the_card_of_claims_and_a_campaign_s_page_say_what_is_to_be_mapped(studio: Studio) -> None:
    client = producer(studio)
    start, page = (
        reverse("admin:card", args=["claims"]),
        reverse("admin:campaigns_campaign_change", args=[studio.campaign.pk]),
    )
    CampaignPlatform.objects.create(campaign=studio.campaign, platform="kick")
    assert "campaigns to map" not in client.get(start).content.decode()
    unknown(studio)
    assert "Rewards and campaigns to map" in client.get(start).content.decode()
    assert ("To map on its platforms", "1", GROUPS) in client.get(page).context["figures"]


def test_twenty_groups_and_twenty_choices_cost_as_many_queries_as_one(studio: Studio) -> None:
    client = producer(studio)
    unknown(studio, platform_category_id="category")

    def queries(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        return len(caught)

    pages = (GROUPS, asked(), asked(code="campaign_unknown", reward="", campaign="kick-winter"))
    unknown(studio, Code.CAMPAIGN_UNKNOWN, platform_campaign_id="kick-winter", reward=studio.reward)
    one = [queries(address) for address in pages]
    for number in range(20):
        reward = make_reward(studio.game, platform_ids={"kick": f"kick-{number}"}, image=False)
        make_campaign(studio.game, rewards=[reward], platform_ids={"kick": f"campaign-{number}"})
        unknown(studio, platform_reward_id=f"unknown-{number}", platform_category_id=f"category-{number}")
        CampaignReward.objects.filter(reward=reward).update(position=number)
    assert [queries(address) for address in pages] == one
