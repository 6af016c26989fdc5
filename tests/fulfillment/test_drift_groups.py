"""What claims in quarantine wait for, gathered by what is unknown (F2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.drift import groups
from fulfillment.drift.groups import unmapped, unmapped_groups
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from portal.models import Organization
from tests.factories import NOW, make_claim, make_organization

pytestmark = pytest.mark.django_db


def quarantined(organization: Organization, code: Code = Code.REWARD_UNKNOWN, **fields: Any) -> Claim:
    values = {"platform_reward_id": "reward-1", "platform_campaign_id": "campaign-1", "resolve_at": None}
    return make_claim(organization, state="quarantined", reason=code.value, **{**values, **fields})


def test_f2_claims_that_name_the_same_unknown_reward_are_one_group_whatever_campaign_they_name() -> None:
    organization = make_organization()
    first = quarantined(organization, external_id="sword", platform_category_id="game-7")
    quarantined(organization, platform_campaign_id="campaign-2", received_at=NOW + timedelta(hours=2))
    quarantined(organization, platform_reward_id="reward-2")

    found = unmapped_groups(organization.pk)

    assert not found.more
    big, small = found.rows
    assert (big.key.what, big.key.platform_id, big.claims) == ("reward", "reward-1", 2)
    assert (big.first_at, big.last_at) == (NOW, NOW + timedelta(hours=2))
    assert (big.sample_id, big.external_id, big.category_id) == (first.pk, "sword", "game-7")
    assert big.campaign_ids == ("campaign-1", "campaign-2")
    assert (small.key.platform_id, small.claims) == ("reward-2", 1)


def test_f2_claims_that_name_the_same_unknown_campaign_are_one_group_whatever_reward_they_name() -> None:
    organization = make_organization()
    for reward in ("reward-1", "reward-2", "reward-2"):
        quarantined(organization, Code.CAMPAIGN_UNKNOWN, platform_reward_id=reward)

    (group,) = unmapped_groups(organization.pk).rows

    assert (group.key.what, group.key.platform_id, group.claims) == ("campaign", "campaign-1", 3)
    assert group.reward_ids == ("reward-1", "reward-2")


@pytest.mark.parametrize("code", [Code.CAMPAIGN_UNKNOWN, Code.CAMPAIGN_AMBIGUOUS])
def test_f1_claims_that_name_no_campaign_are_gathered_by_their_reward(code: Code) -> None:
    organization = make_organization()
    for reward in ("reward-1", "reward-1", "reward-2"):
        quarantined(organization, code, platform="twitch", platform_reward_id=reward, platform_campaign_id="")

    found = unmapped_groups(organization.pk).rows

    assert [(group.key.what, group.key.platform_id, group.claims) for group in found] == [
        ("campaign", "reward-1", 2),
        ("campaign", "reward-2", 1),
    ]


def test_f2_a_group_names_exactly_the_claims_that_were_counted_for_it() -> None:
    organization = make_organization()
    for code in groups.DRIFT:
        for platform in ("kick", "twitch"):
            for ids in (("reward-1", "campaign-1"), ("reward-1", ""), ("reward-2", "campaign-1")):
                quarantined(
                    organization, code, platform=platform, platform_reward_id=ids[0], platform_campaign_id=ids[1]
                )

    found = unmapped_groups(organization.pk).rows

    counted = {group.key: Claim.objects.filter(group.key.claims(organization.pk)).count() for group in found}
    assert counted == {group.key: group.claims for group in found}
    assert sum(counted.values()) == Claim.objects.count()


def test_i4_other_organizations_other_states_and_faults_of_our_own_are_no_drift() -> None:
    organization = make_organization()
    quarantined(make_organization())
    quarantined(organization, Code.RESOLVE_ERROR)
    make_claim(organization, state="received", platform_reward_id="reward-1")

    assert unmapped_groups(organization.pk).rows == []


def test_f2_counts_stop_at_the_cap_and_so_do_the_groups_and_both_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "CLAIMS_COUNTED", 2)
    monkeypatch.setattr(groups, "PLACES_READ", 3)
    organization = make_organization()
    for reward in ("a", "a", "a", "b", "c", "d"):
        quarantined(organization, platform_reward_id=reward)

    found = unmapped_groups(organization.pk)

    assert [(group.key.platform_id, group.claims, group.capped) for group in found.rows] == [
        ("a", 2, True),
        ("b", 1, False),
        ("c", 1, False),
    ]
    assert found.more


def test_f2_the_facts_of_health_have_the_largest_groups_and_no_more_than_asked_for() -> None:
    organization = make_organization()
    for reward in ("a", "b", "b"):
        quarantined(organization, platform_reward_id=reward)

    (fact,) = unmapped(organization.pk, limit=1)

    assert (fact.platform, fact.what, fact.platform_id, fact.claims) == ("kick", "reward", "b", 2)
    assert fact.first_at == fact.last_at == NOW
    assert unmapped(make_organization().pk, limit=5) == []


def test_f2_twenty_groups_cost_as_many_queries_as_one() -> None:
    small, large = make_organization(), make_organization()
    quarantined(small)
    for number in range(20):
        quarantined(large, platform_reward_id=f"reward-{number}")
    with CaptureQueriesContext(
        connection,
    ) as one:
        unmapped_groups(small.pk)
    with CaptureQueriesContext(connection) as many:
        assert len(unmapped_groups(large.pk).rows) == 20
    assert len(one) == len(many)


def test_f2_the_groups_are_found_in_their_index_and_nothing_else_is_gone_through() -> None:
    organization = make_organization()
    for number in range(6):
        quarantined(organization, platform_reward_id=f"reward-{number % 3}")
    steps: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "WITH RECURSIVE" in sql:
            on_server = connection.vendor == "postgresql"
            plan = "EXPLAIN" if on_server else "EXPLAIN QUERY PLAN"
            execute(sql.replace("WITH RECURSIVE", f"{plan} WITH RECURSIVE", 1), params, many, context)
            if on_server:
                context["cursor"].nextset()  # behind the two settings that are sent with it
                context["cursor"].nextset()
            steps.extend(str(row[-1]) for row in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        assert len(unmapped_groups(organization.pk).rows) == 3

    own = [step for step in steps if "claim_quarantined" in step]
    assert len(own) == 7, steps  # the first, a leap of four kinds, the last of a group, and the count
    # What is found is put in order once; what is read comes in its order.
    assert len([step for step in steps if "Sort Key" in step or "TEMP B-TREE" in step]) == 1, steps
