"""People are found by their name as it is remembered."""

from __future__ import annotations

import pytest
from django.test import Client

from linking.models import Player
from portal.names import named
from tests.admin_pages import url
from tests.factories import make_game
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> None:
    game = make_game()
    names = ["Mira_Streams", "mirafan", "MiraXStreams", "Österreich", "100%", "1000"]
    Player.objects.bulk_create(Player(game=game, player_id=name, name=name) for name in names)


@pytest.mark.parametrize("text", ["Mira_Streams", "mira_streams", "MIRA_STREAMS"])
def test_a9_a_name_is_found_in_capital_letters_or_not(people: None, text: str) -> None:
    assert [row.name for row in Player.objects.filter(named(text))] == ["Mira_Streams"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mira", {"Mira_Streams", "mirafan", "MiraXStreams"}),
        ("MIRA_", {"Mira_Streams"}),
        ("100%", {"100%"}),
        ("Öster", {"Österreich"}),
        ("ira", set()),
        ("", {"Mira_Streams", "mirafan", "MiraXStreams", "Österreich", "100%", "1000"}),
    ],
)
def test_a9_a_beginning_is_meant_letter_by_letter(people: None, text: str, found: set[str]) -> None:
    assert {row.name for row in Player.objects.filter(named(text, beginning=True))} == found


def test_a9_what_only_begins_so_is_not_so_called(people: None) -> None:
    assert not Player.objects.filter(named("mira")).exists()


def test_a9_the_lists_of_viewers_and_players_find_a_name_so_too(studio: Studio, support: Client) -> None:
    viewer, player = studio.viewer(name="Mira_Streams"), studio.player(name="Hero Nine")
    for model, row, text in (("campaigns.viewer", viewer, "mira_streams"), ("linking.player", player, "hero NINE")):
        found = support.get(url(model, "changelist"), {"q": text}).context["cl"].result_list
        assert [one.pk for one in found] == [row.pk]
