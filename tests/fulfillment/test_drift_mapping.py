"""Mapping what claims in quarantine name: one entry releases all of them, and what is held stays held (F2, C6, C10, S5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, RewardPlatformId
from fulfillment import bulk
from fulfillment.claims import NotPossible, assign_claims
from fulfillment.drift.deeds import add_reward_to_campaign, map_campaign, map_reward
from fulfillment.drift.forecast import Assumed, forecast
from fulfillment.drift.groups import Group, Key, count_groups, group_of, unmapped_groups
from fulfillment.models import BulkOperation, Claim, ClaimEvent
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.models import AuditEntry
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import LATER, World, settle, state_of

pytestmark = pytest.mark.django_db


class Desk(World):
    """The world with a member of staff in it, and what is unknown in it."""

    def __init__(self) -> None:
        super().__init__()
        self.staff = make.make_staff(self.organization)
        self.silver = make.make_reward(self.game, name="Silver Sword", external_id="silver", image=False)

    def unmapped(self, count: int = 1, platform: str = "kick", **fields: object) -> list[Claim]:
        claims = [self.claim(platform, **fields) for _ in range(count)]
        settle()
        return claims

    def settle_marked(self) -> None:
        """Work out what a change has marked: marks are of the real time, whatever day it is."""
        settle(timezone.now() + timedelta(days=3650))

    def group(self) -> Group:
        (group,) = unmapped_groups(self.organization.pk).rows
        return group

    def act(self, deed: Callable[..., None], *, key: Key | None = None, **given: object) -> None:
        deed(organization=self.organization, key=key or self.group().key, actor=self.staff, now=LATER, **given)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def states(claims: list[Claim]) -> set[tuple[str, str]]:
    return {state_of(claim) for claim in claims}


def test_f2_an_id_entered_at_a_reward_releases_all_of_its_claims(desk: Desk) -> None:
    desk.link("7")
    linked = desk.unmapped(platform_reward_id="kick-silver", platform_user_id="7")
    others = desk.unmapped(2, platform_reward_id="kick-silver")
    assert states(linked + others) == {(State.QUARANTINED, Code.REWARD_UNKNOWN)}
    CampaignReward.objects.create(campaign=desk.campaign, reward=desk.silver, position=1, minutes=30)

    desk.act(map_reward, reward=desk.silver, reason="as the console says")
    desk.settle_marked()

    assert states(linked) == {(State.READY, Code.DUE)}
    assert states(others) == {(State.WAITING, Code.NOT_LINKED)}
    assert (
        group_of(desk.organization.pk, Key(platform="kick", code=Code.REWARD_UNKNOWN, reward_id="kick-silver")) is None
    )
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.object_id, entry.reason) == (desk.staff, desk.silver.pk, "as the console says")
    assert entry.after["platform_reward_id"] == "kick-silver"


def test_f2_mapping_twice_is_mapping_once(desk: Desk) -> None:
    desk.unmapped(platform_reward_id="kick-silver")
    key = desk.group().key
    desk.act(map_reward, key=key, reward=desk.silver)
    desk.act(map_reward, key=key, reward=desk.silver)
    assert RewardPlatformId.objects.filter(platform_reward_id="kick-silver").count() == 1
    assert AuditEntry.objects.filter(action__startswith="mapped").count() == 1


def test_f2_a_reward_with_another_id_there_is_refused_with_the_way_out(desk: Desk) -> None:
    desk.unmapped(platform_reward_id="kick-silver")
    with pytest.raises(NotPossible, match=r"has the id kick-gold on Kick already.*correct it.*assign"):
        desk.act(map_reward, reward=desk.reward)


def test_f2_an_id_that_another_reward_has_meanwhile_is_refused(desk: Desk) -> None:
    desk.unmapped(platform_reward_id="kick-silver")
    key = desk.group().key
    desk.act(map_reward, key=key, reward=desk.silver)
    bronze = make.make_reward(desk.game, image=False)
    with pytest.raises(NotPossible, match="entered at “Silver Sword” in the meantime"):
        desk.act(map_reward, key=key, reward=bronze)
    assert not bronze.platform_ids.exists()


def test_i4_another_organization_s_rewards_and_campaigns_do_not_exist(desk: Desk) -> None:
    stranger = World()
    desk.unmapped(platform_reward_id="kick-silver")
    with pytest.raises(NotPossible, match="does not exist in your organization"):
        desk.act(map_reward, reward=stranger.reward)
    key = Key(platform="kick", code=Code.CAMPAIGN_UNKNOWN, campaign_id="kick-winter")
    with pytest.raises(NotPossible, match="does not exist in your organization"):
        desk.act(map_campaign, key=key, campaign=stranger.campaign)


def test_c10_what_was_granted_before_the_take_over_or_too_late_stays_held_when_mapped(desk: Desk) -> None:
    desk.game.taken_over_at = NOW - timedelta(hours=1)
    desk.game.save()
    CampaignReward.objects.create(campaign=desk.campaign, reward=desk.silver, position=1, minutes=30)
    old = desk.unmapped(platform_reward_id="kick-silver", granted_at=NOW - timedelta(days=900))
    late = desk.unmapped(platform_reward_id="kick-silver", granted_at=desk.campaign.closes_at)
    desk.act(map_reward, reward=desk.silver)
    desk.settle_marked()
    assert states(old) == {(State.HELD, Code.BEFORE_TAKE_OVER)}
    assert states(late) == {(State.HELD, Code.LATE)}


def test_f2_an_id_entered_at_a_live_campaign_releases_all_of_its_claims(desk: Desk) -> None:
    CampaignPlatform.objects.filter(campaign=desk.campaign, platform="kick").update(platform_campaign_id="")
    claims = desk.unmapped(3, platform_campaign_id="kick-winter")
    assert states(claims) == {(State.QUARANTINED, Code.CAMPAIGN_UNKNOWN)}
    desk.act(map_campaign, campaign=desk.campaign, reason="new console")
    desk.settle_marked()
    assert states(claims) == {(State.WAITING, Code.NOT_LINKED)}
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.object_id, entry.reason) == (desk.staff, desk.campaign.pk, "new console")
    assert "kick-winter" in entry.after["platforms"]


def test_f2_a_campaign_with_another_id_there_is_refused_with_the_way_out(desk: Desk) -> None:
    claims = desk.unmapped(platform_campaign_id="kick-winter")
    with pytest.raises(NotPossible, match=r"has the id kick-autumn on Kick already.*make a second one here too"):
        desk.act(map_campaign, campaign=desk.campaign)
    assert states(claims) == {(State.QUARANTINED, Code.CAMPAIGN_UNKNOWN)}


def test_c1_a_campaign_that_the_portal_counts_there_takes_no_id(desk: Desk) -> None:
    desk.unmapped(platform_campaign_id="kick-winter")
    CampaignPlatform.objects.filter(platform="kick").update(counted_by="portal", platform_campaign_id="")
    with pytest.raises(NotPossible, match="The portal counts"):
        desk.act(map_campaign, campaign=desk.campaign)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"ends_at": NOW - timedelta(hours=2), "closes_at": NOW - timedelta(hours=1)}, "closed"),
        ({"status": Campaign.Status.CANCELLED, "cancelled_at": NOW}, "cancelled"),
    ],
)
def test_c6_a_campaign_that_is_over_takes_no_id_but_its_claims_can_be_assigned(
    desk: Desk, fields: dict[str, object], why: str
) -> None:
    granted_at = NOW - timedelta(hours=3)
    claims = desk.unmapped(2, platform_campaign_id="kick-winter", granted_at=granted_at)
    over = make.make_campaign(desk.game, rewards=[desk.reward], platform_ids={"kick": ""}, **fields)
    with pytest.raises(NotPossible, match=rf"{why}.*[Aa]ssign the claims to it instead"):
        desk.act(map_campaign, campaign=over)
    assert over.platforms.get().platform_campaign_id == ""
    outcome = assign_claims(
        claim_ids=[claim.pk for claim in claims], campaign=over, actor=desk.staff, now=LATER, reason="checked"
    )
    settle()
    assert sorted(outcome.done) == sorted(claim.pk for claim in claims)
    assert states(claims) == {(State.WAITING, Code.NOT_LINKED)}


def test_c6_a_live_campaign_that_does_not_run_there_cannot_begin_to(desk: Desk) -> None:
    desk.unmapped(platform_campaign_id="kick-winter")
    elsewhere = make.make_campaign(desk.game, rewards=[desk.reward])
    with pytest.raises(NotPossible, match="fixed since the campaign went live"):
        desk.act(map_campaign, campaign=elsewhere)
    assert not elsewhere.platforms.exists()


def test_c6_a_reward_joins_a_campaign_only_before_it_begins(desk: Desk) -> None:
    ids = {"kick": "kick-bronze", "twitch": "twitch-bronze"}
    bronze = make.make_reward(desk.game, platform_ids=ids)
    claims = desk.unmapped(2, platform_reward_id="kick-bronze")
    assert states(claims) == {(State.QUARANTINED, Code.REWARD_NOT_IN_CAMPAIGN)}
    given = {"campaign": desk.campaign, "reward": bronze, "minutes": 90}
    with pytest.raises(NotPossible, match=r"fixed since the campaign went live.*[Aa]ssign"):
        desk.act(add_reward_to_campaign, **given)
    Campaign.objects.update(
        starts_at=LATER + timedelta(days=1), announces_at=LATER + timedelta(days=1), ends_at=LATER + timedelta(days=9)
    )
    desk.act(add_reward_to_campaign, **given)
    desk.settle_marked()
    assert states(claims) == {(State.HELD, Code.EARLY)}
    place = desk.campaign.rewards.get(reward=bronze)
    assert (place.minutes, place.rule, place.position) == (90, "watch", 1)


def test_f1_a_claim_that_several_campaigns_fit_says_which(desk: Desk) -> None:
    make.make_campaign(
        desk.game,
        rewards=[desk.reward],
        platform_ids={"twitch": "second"},
        name="Winter Drops",
        starts_at=NOW - timedelta(hours=1),
    )
    (claim,) = desk.unmapped(platform="twitch", platform_campaign_id="")
    assert state_of(claim) == (State.QUARANTINED, Code.CAMPAIGN_AMBIGUOUS)
    assert claim.detail == f"Could be: Winter Drops, {desk.campaign.name}."


def test_d5_all_claims_of_an_ambiguous_group_are_assigned_in_chunks_with_history_and_audit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    second = make.make_campaign(desk.game, rewards=[desk.reward], platform_ids={"twitch": "second"})
    claims = desk.unmapped(5, "twitch", platform_campaign_id="")
    operation = bulk.choose_assignment(
        organization=desk.organization,
        claims=Claim.objects.filter(desk.group().claims_in(desk.organization.pk)),
        campaign=second,
        actor=desk.staff,
        now=LATER,
    )
    assert operation.total == 5
    assert bulk.preview(operation).possible == 5
    bulk.confirm(operation=operation, reason="they were the second's", actor=desk.staff, now=LATER)
    assert bulk.do_chunk(operation.pk, now=LATER)
    assert Claim.objects.filter(assigned_campaign=second).count() == 2
    assert bulk.work_off(operation.pk, clock=lambda: LATER)
    settle()
    assert states(claims) == {(State.WAITING, Code.NOT_LINKED)}
    assert {claim.campaign for claim in claims} == {second}
    assert BulkOperation.objects.get().done == 5
    noted = ClaimEvent.objects.filter(actor=desk.staff, detail="assign_reward: they were the second's")
    assert noted.count() == 5
    assert AuditEntry.objects.filter(object_type="fulfillment.claim", action="assign_reward").count() == 5


def test_i4_claims_of_another_organization_are_never_assigned(desk: Desk) -> None:
    stranger = World()
    theirs = stranger.claim(platform_reward_id="unknown")
    settle()
    outcome = assign_claims(claim_ids=[theirs.pk], reward=desk.reward, actor=desk.staff, now=LATER, reason="by mistake")
    assert outcome.done == [] and list(outcome.refused) == [theirs.pk]
    for nothing in ({}, {"reward": desk.reward, "campaign": stranger.campaign}):
        with pytest.raises(NotPossible):
            assign_claims(claim_ids=[theirs.pk], actor=desk.staff, now=LATER, reason="x", **nothing)


def test_what_would_follow_is_what_follows(desk: Desk) -> None:
    CampaignReward.objects.create(campaign=desk.campaign, reward=desk.silver, position=1, minutes=30)
    for user in ("7", "8"):
        desk.link(user)
    given: list[dict[str, object]] = [
        {"platform_user_id": "7"},
        {"platform_user_id": "7"},  # has the reward already then
        {"platform_user_id": "8", "granted_at": desk.campaign.closes_at},
        {"platform_user_id": "8", "platform_campaign_id": "kick-winter"},
        {},
    ]
    claims = [claim for fields in given for claim in desk.unmapped(platform_reward_id="kick-silver", **fields)]
    group = desk.group()
    before = list(Claim.objects.order_by("pk").values())

    told = forecast(desk.organization.pk, group, Assumed(reward=desk.silver))

    assert list(Claim.objects.order_by("pk").values()) == before
    desk.act(map_reward, reward=desk.silver)
    desk.settle_marked()
    happened: dict[tuple[str, str], int] = {}
    for claim in claims:
        happened[state_of(claim)] = happened.get(state_of(claim), 0) + 1
    assert dict(told.outcomes) == happened
    assert told.looked_at == 5
    assert (told.of(State.READY), told.of(State.HELD), told.of(State.WAITING), told.of(State.QUARANTINED)) == (
        1,
        1,
        1,
        1,
    )


def test_what_would_follow_of_a_reward_that_joins_a_campaign(desk: Desk) -> None:
    RewardPlatformId.objects.create(reward=desk.silver, platform="kick", platform_reward_id="kick-silver")
    desk.link("7")
    for _ in range(2):
        desk.unmapped(platform_reward_id="kick-silver", platform_user_id="7")
    told = forecast(desk.organization.pk, desk.group(), Assumed(campaign=desk.campaign, placed=True))
    assert dict(told.outcomes) == {(State.READY, Code.DUE): 1, (State.DUPLICATE, Code.SLOT_TAKEN): 1}


def test_a_forecast_of_many_claims_costs_as_many_queries_as_of_one(desk: Desk) -> None:
    desk.unmapped(platform_reward_id="kick-silver")

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            forecast(desk.organization.pk, desk.group(), Assumed(reward=desk.silver))
        return len(caught)

    one = queries()
    desk.unmapped(19, platform_reward_id="kick-silver")
    assert queries() == one


def test_the_start_page_counts_what_is_to_be_mapped_not_its_claims(desk: Desk) -> None:
    desk.unmapped(3, platform_reward_id="kick-silver")
    desk.unmapped(2, platform="twitch", platform_reward_id="twitch-silver")
    assert count_groups(desk.organization.pk) == 2
    assert count_groups(desk.organization.pk, ["twitch"]) == 1
    assert count_groups(make.make_organization().pk) == 0
