"""Claims coming in (F1): once each, later arrivals fill what is empty and change nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from fulfillment.arrivals import ROWS_PER_STATEMENT, Arrival, record_claims
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.models import Organization
from portal.platforms.messages import ClaimReceived
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
LISTED = ClaimReceived(platform_claim_id="c-1", platform_user_id="7", platform_reward_id="r-1", granted_at=NOW)
EVENT = replace(LISTED, platform_campaign_id="k-1", platform_user_name="Ada", category_id="5", external_id="gold")


@pytest.fixture
def organization() -> Organization:
    return make.make_organization()


def record(organization: Organization, *claims: ClaimReceived, raw: str = "{}", now: Any = NOW, **fields: Any) -> None:
    record_claims(
        organization_id=organization.pk,
        platform="twitch",
        arrivals=[Arrival(claim, raw, **fields) for claim in claims],
        source=Claim.Source.SWEEP,
        now=now,
    )


def test_f1_a_second_arrival_fills_empty_fields_and_has_the_claim_worked_out_again(organization: Organization) -> None:
    record(organization, replace(LISTED, granted_at=None), raw="")
    Claim.objects.update(resolve_at=None, state=State.QUARANTINED)
    record(organization, EVENT, raw='{"an": "event"}', now=LATER)
    claim = Claim.objects.get()
    assert (claim.platform_campaign_id, claim.platform_user_name) == ("k-1", "Ada")
    assert (claim.platform_category_id, claim.external_id, claim.raw) == ("5", "gold", '{"an": "event"}')
    assert (claim.granted_at, claim.received_at, claim.resolve_at) == (NOW, NOW, LATER)
    assert claim.state == State.QUARANTINED


def test_f1_a_second_arrival_changes_no_filled_field(organization: Organization) -> None:
    record(organization, EVENT, raw="first")
    Claim.objects.update(resolve_at=None)
    other = ClaimReceived(
        platform_claim_id="c-1",
        platform_user_id="8",
        platform_reward_id="r-2",
        platform_campaign_id="k-2",
        platform_user_name="Bob",
        category_id="6",
        external_id="silver",
        granted_at=LATER,
    )
    before = Claim.objects.values().get()
    record(organization, other, raw="second", now=LATER)
    record(organization, LISTED, raw="third", now=LATER)
    assert Claim.objects.values().get() == before


@pytest.mark.parametrize("fields", [{"attempted_at": NOW}, {"state": State.ABANDONED}])
def test_f1_what_was_attempted_or_is_over_is_filled_but_not_worked_out_again(
    organization: Organization, fields: dict[str, Any]
) -> None:
    record(organization, LISTED)
    Claim.objects.update(resolve_at=None, **fields)
    record(organization, EVENT, now=LATER)
    claim = Claim.objects.get()
    assert (claim.platform_campaign_id, claim.resolve_at) == ("k-1", None)


def test_f1_a_claim_belongs_to_its_organization_and_platform(organization: Organization) -> None:
    record(organization, EVENT)
    record(make.make_organization(), EVENT)
    record_claims(
        organization_id=organization.pk, platform="kick", arrivals=[Arrival(EVENT, "")], source="webhook", now=NOW
    )
    assert Claim.objects.count() == 3


def test_the_same_claim_twice_in_a_batch_is_one(organization: Organization) -> None:
    record(organization, EVENT, LISTED, replace(LISTED, platform_claim_id="c-2"), EVENT)
    assert sorted(Claim.objects.values_list("platform_claim_id", "platform_campaign_id")) == [
        ("c-1", "k-1"),
        ("c-2", ""),
    ]


def test_a_long_list_is_entered_in_few_statements(organization: Organization, django_assert_num_queries: Any) -> None:
    many = [replace(EVENT, platform_claim_id=f"c-{number}") for number in range(ROWS_PER_STATEMENT * 2 + 1)]
    locks = 1 if connection.features.has_select_for_update else 0
    with django_assert_num_queries(3 + locks):
        record(organization, *many)
    assert Claim.objects.count() == len(many)


def test_nothing_is_nothing(organization: Organization, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        record(organization)


def test_f1_what_the_platform_has_as_fulfilled_enters_marked_so(organization: Organization) -> None:
    record(organization, EVENT, fulfilled=True)
    claim = Claim.objects.get()
    assert (claim.state, claim.reason) == (State.RECEIVED, Code.FULFILLED_ELSEWHERE)
