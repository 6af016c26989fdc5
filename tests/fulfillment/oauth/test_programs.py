"""A person sees which programs act for them, and takes it back (A1)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.export import export_player
from linking.models import Player
from tests.factories import make_game, make_organization
from tests.fulfillment.oauth.walk import Person, Program, player_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return Program(make_organization(name="Northwind"), name="Starfall launcher")


@pytest.fixture
def person(program: Program) -> Person:
    return Person(program.organization)


def page(person: Person) -> Any:
    return person.browser.get(reverse("programs"))


def take_back(person: Person, client_id: str) -> Any:
    page(person)
    fields = {"client": client_id, "csrfmiddlewaretoken": person.browser.cookies["drops_csrf"].value}
    return person.browser.post(reverse("programs"), fields, follow=True)


def test_a1_what_was_allowed_is_listed_and_can_be_taken_back(program: Program, person: Person) -> None:
    assert "No program acts for you" in page(person).content.decode()
    tokens = player_token(program, person, scope="claims:read")
    player_token(program, person, scope="claims:read")
    listed = page(person)
    text = listed.content.decode()
    assert len(listed.context["programs"]) == 1
    assert "Starfall launcher" in text
    assert "Northwind" in text
    assert "See your rewards" in text
    assert "Mark your rewards" not in text
    answer = take_back(person, program.id)
    assert "The program acts for you no longer" in answer.content.decode()
    assert page(person).context["programs"] == []
    shown = program.http.get("/oauth2/validate", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert shown.status_code == 401
    renewed = program.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.json()["message"] == "Invalid refresh token"


def test_a1_a_program_that_was_allowed_more_at_another_time_is_listed_with_all_of_it(
    program: Program, person: Person
) -> None:
    player_token(program, person, scope="claims:read")
    player_token(program, person)
    text = page(person).content.decode()
    assert "See your rewards" in text
    assert "Mark your rewards" in text


def test_a1_nobody_takes_back_what_others_allowed_nor_the_client_s_own_tokens(program: Program, person: Person) -> None:
    other = Person(program.organization)
    tokens, app = player_token(program, person), program.app_token()
    for client_id in (program.id, "", "unknown", "x" * 500):
        assert take_back(other, client_id).status_code == 200
    assert take_back(person, "unknown").status_code == 200
    for token in (tokens["access_token"], app):
        headers = {"Authorization": f"Bearer {token}"}
        assert program.http.get("/oauth2/validate", headers=headers).status_code == 200


def test_a1_the_page_is_for_who_is_signed_in(program: Program) -> None:
    assert Browser().get(reverse("programs"))["Location"].startswith(reverse("account_login"))


def test_a1_the_page_costs_as_much_for_many_programs_as_for_one(program: Program, person: Person) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page(person)
        return len(seen)

    player_token(program, person)
    page(person)
    one = queries()
    for _ in range(5):
        more = Program(make_organization())
        Player.objects.create(game=make_game(more.organization), player_id="p", user=person.user)
        player_token(more, person)
    assert queries() == one


def test_f8_who_asks_what_is_stored_is_told_of_the_programs_too(program: Program, person: Person) -> None:
    player_token(program, person, scope="claims:read")
    assert person.player is not None
    (told,) = export_player(person.player)["programs"]
    assert (told["program"], told["scopes"]) == ("Starfall launcher", ["claims:read"])
