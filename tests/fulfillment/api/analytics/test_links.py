"""How long the link to a file is good for, and for whom (A1, A2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.test import Client

from campaigns.models import Campaign
from fulfillment.models import ApiClient
from fulfillment.rules.scopes import ANALYTICS, CLAIMS_READ
from portal.models import Membership, Organization, User
from portal.roles import Role
from tests import factories as make
from tests.fulfillment.api.analytics.reading import NOW, counted_campaign, fetch, granted, lines, reports

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(api_client: ApiClient, campaign: Campaign) -> str:
    granted(campaign)
    [report] = reports(api_client)
    link: str = report["URL"]
    return link


def refused(url: str) -> tuple[int, str]:
    response = fetch(url)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.content.decode()


def test_a1_a_link_is_good_for_five_minutes(url: str, clock: time_machine.Coordinates) -> None:
    clock.shift(300)
    assert fetch(url).status_code == 200
    assert fetch(url).status_code == 200
    clock.shift(1)
    status, text = refused(url)
    assert status == 410
    assert "expired" in text
    assert "Ask for the report again" in text


def test_a1_a_link_of_earlier_reports_the_days_that_it_was_made_for(
    api_client: ApiClient, campaign: Campaign, url: str, clock: time_machine.Coordinates
) -> None:
    clock.move_to(datetime(2026, 11, 20, 23, 58, tzinfo=UTC))
    [report] = reports(api_client)
    granted(campaign, on=NOW)
    clock.move_to(datetime(2026, 11, 21, 0, 2, tzinfo=UTC))
    assert [line["date"] for line in lines(fetch(report["URL"]))] == ["2026-11-19", "2026-11-19"]


def test_a1_a_link_that_was_changed_is_worth_nothing(url: str) -> None:
    head, signed = url.rsplit("/", 1)
    payload, stamp, signature = signed.split(":")
    for other in (
        f"{payload}x:{stamp}:{signature}",
        f"{payload}:{stamp}a:{signature}",
        f"{payload}:{stamp}:x",
        "x",
        ":",
    ):
        assert refused(f"{head}/{other}")[0] == 403


def revoke(client: ApiClient) -> None:
    ApiClient.objects.filter(pk=client.pk).update(revoked_at=NOW)


def expire(client: ApiClient) -> None:
    ApiClient.objects.filter(pk=client.pk).update(expires_at=NOW)


def disable(client: ApiClient) -> None:
    Organization.objects.filter(pk=client.organization_id).update(enabled=False)


def take_scope(client: ApiClient) -> None:
    client.oauth.set_scopes([CLAIMS_READ])
    client.oauth.save()


@pytest.mark.parametrize("end", [revoke, expire, disable, take_scope])
def test_a2_a_link_ends_with_what_its_client_may(url: str, api_client: ApiClient, end: Any) -> None:
    assert fetch(url).status_code == 200
    end(api_client)
    status, text = refused(url)
    assert status == 403
    assert "may not see these figures any more" in text


def leave(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def lock_out(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def be_deleted(user: User) -> None:
    leave(user)
    user.delete()


@pytest.mark.parametrize("end", [leave, lock_out, be_deleted])
def test_a2_a_member_s_link_ends_with_the_membership(
    api_client: ApiClient, studio: Organization, campaign: Campaign, end: Any
) -> None:
    granted(campaign)
    member = make.make_staff(studio, Role.ANALYST)
    token = make.make_api_token(api_client, user=member, scopes=(ANALYTICS,))
    [report] = reports(api_client, token)
    assert fetch(report["URL"]).status_code == 200
    end(member)
    assert refused(report["URL"])[0] == 403


def test_a1_a_link_needs_no_headers_and_takes_any(url: str) -> None:
    path = url.removeprefix(django_settings.BASE_URL)
    for headers in ({}, {"Accept": "text/html"}, {"Authorization": "Bearer nothing"}):
        assert len(lines(Client().get(path, headers=headers))) == 2
    response = Client().head(path)
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert Client().post(path).status_code == 405


def test_a1_each_game_s_link_is_to_its_own_figures(api_client: ApiClient, studio: Organization) -> None:
    for n in (1, 2):
        granted(counted_campaign(make.make_game(studio, name=f"Game no. {n}")), n=n)
    found = {}
    for report in reports(api_client):
        total, _of_reward = lines(fetch(report["URL"]))
        found[total["game"]] = (total["game_id"] == report["game_id"], total["claims"])
    assert found == {"Game no. 1": (True, "1"), "Game no. 2": (True, "2")}
