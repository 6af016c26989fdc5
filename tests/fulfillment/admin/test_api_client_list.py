"""The list of API clients, and the pages that lead to it (A1, A5, D3)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.models import ApiUse, Endpoint
from fulfillment.rules.states import State
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_api_client
from tests.fulfillment.admin.story import Studio

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

PAGE = "fulfillment.apiclient"


# The list.


def test_a1_the_list_says_who_may_what_when_it_was_used_and_how_it_stands(owner: Client, studio: Studio) -> None:
    of = studio.organization
    make_api_client(of, name="Lasting")
    make_api_client(of, name="Ending", expires_at=NOW + timedelta(days=3, hours=1))
    make_api_client(of, name="Last day", expires_at=NOW + timedelta(hours=5))
    make_api_client(of, name="Ended", expires_at=NOW)
    used = make_api_client(of, name="Figures", scopes=("analytics:read:games",))
    make_api_client(of, name="Gone", revoked_at=NOW)
    ApiUse.objects.create(client=used, minute=int(NOW.timestamp()) // 60 - 120, calls=1)
    page = owner.get(url(PAGE, "changelist"))
    shown = re.sub(r"<[^>]+>|\s+", " ", page.content.decode().split('id="result_list"')[1])
    rows = {str(client): str(client) for client in page.context["cl"].result_list}
    assert list(rows) == ["Ended", "Ending", "Figures", "Last day", "Lasting", "Gone"], "revoked ones come last"
    for text in ("expires in 3 days", "expires within a day", "expired", "revoked", "active", "2 hours ago", "never"):
        assert text in shown, text
    assert "read a game&#x27;s figures" in shown
    assert "read claims, mark claims as fulfilled, read a game&#x27;s figures" in shown


@pytest.mark.parametrize(("state", "names"), [("works", {"A", "B"}), ("expired", {"C"}), ("revoked", {"D"})])
def test_a1_the_list_can_be_narrowed_by_state(owner: Client, studio: Studio, state: str, names: set[str]) -> None:
    make_api_client(studio.organization, name="A")
    make_api_client(studio.organization, name="B", expires_at=NOW + timedelta(days=1))
    make_api_client(studio.organization, name="C", expires_at=NOW - timedelta(days=1))
    make_api_client(studio.organization, name="D", expires_at=NOW - timedelta(days=1), revoked_at=NOW)
    listed = owner.get(url(PAGE, "changelist"), {"state": state}).context["cl"].result_list
    assert {str(client) for client in listed} == names


def test_an_empty_list_says_what_a_client_is_for(owner: Client, studio: Studio) -> None:
    page = owner.get(url(PAGE, "changelist")).content.decode()
    assert "There is no API client yet" in page
    assert url(PAGE, "add") in page
    make_api_client(studio.organization)
    narrowed = owner.get(url(PAGE, "changelist"), {"state": "revoked"}).content.decode()
    assert "There is no API client yet" not in narrowed


def test_the_list_needs_as_many_queries_for_twenty_clients_as_for_one(owner: Client, studio: Studio) -> None:
    def make() -> None:
        client = make_api_client(studio.organization)
        ApiUse.objects.create(client=client, minute=1, calls=1)

    make()
    owner.get(url(PAGE, "changelist"))
    with CaptureQueriesContext(connection) as one:
        owner.get(url(PAGE, "changelist"))
    for _ in range(19):
        make()
    with CaptureQueriesContext(connection) as twenty:
        answer = owner.get(url(PAGE, "changelist"))
    assert len(answer.context["cl"].result_list) == 20
    assert len(twenty) == len(one), "\n".join(query["sql"] for query in twenty.captured_queries)


# What leads here.


def test_d3_the_page_of_an_endpoint_that_pulls_says_how_the_game_gets_its_claims(owner: Client, studio: Studio) -> None:
    page = url("fulfillment.endpoint", "change", studio.endpoint.pk)
    assert "How the game gets its claims" not in owner.get(page).content.decode()
    Endpoint.objects.update(mode="pull")
    text = owner.get(page).content.decode().split("How the game gets its claims")[1]
    assert url(PAGE, "changelist") in text
    assert reverse("api") in text


def test_a5_the_page_of_a_claim_shows_the_partners_status_to_those_who_may_see_people(studio: Studio) -> None:
    claim = studio.claim(State.READY, partner_status="queued for Friday")
    page = url("fulfillment.claim", "change", claim.pk)
    for role in Role:
        shown = "queued for Friday" in sign_in(studio.members[role]).get(page).content.decode()
        assert shown == (role is not Role.ANALYST)
    bare = studio.claim(State.READY)
    member = sign_in(studio.members[Role.OWNER])
    assert "Partner’s status" not in member.get(url("fulfillment.claim", "change", bare.pk)).content.decode()
