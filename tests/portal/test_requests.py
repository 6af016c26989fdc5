"""What every request passes before a view sees it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Game
from tests.admin_pages import form_of, sign_in, url
from tests.factories import make_claim, make_game, make_organization, make_staff


@pytest.mark.django_db
def test_o2_a_nul_in_an_address_is_a_bad_request_and_no_fault_of_the_database() -> None:
    """PostgreSQL's text holds no NUL; SQLite's does, so that the two would answer differently."""
    organization = make_organization()
    make_claim(organization)
    person = sign_in(make_staff(organization))
    for address in (
        "/inventory/?before=a%00b",
        "/inventory/a%00b/",
        "/connections/?unlinked=%00",
        "/media/a%00b.png",
        f"{reverse('admin:find')}?q=%00",
        f"{url('fulfillment.claim', 'changelist')}?q=a%00b",
        f"{url('fulfillment.claim', 'changelist')}?a%00b=1",
        url("campaigns.game", "change", "a\0b"),
    ):
        assert person.get(address).status_code == 400, address


@pytest.mark.django_db
def test_o2_a_nul_in_a_field_is_a_bad_request_and_nothing_is_stored() -> None:
    game = make_game(name="Starfall")
    person = sign_in(make_staff(game.organization))
    address = url("campaigns.game", "change", game.pk)
    posted = form_of(person, address, "game_form")
    assert person.post(address, {**posted, "name": "a\0b"}).status_code == 400
    assert person.post(address, {**posted, "categories-0-id": "\0"}).status_code == 400
    assert Game.objects.get().name == "Starfall"


@pytest.mark.django_db
def test_o2_a_nul_in_a_cookie_is_a_bad_request() -> None:
    answer = Client().get("/inventory/", headers={"cookie": 'sessionid="abcdefgh\\000ijkl"'})
    assert answer.status_code == 400
