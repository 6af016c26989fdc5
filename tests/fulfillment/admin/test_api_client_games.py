"""On the page of an API client: the games whose state it may stream (G2, S1, S5)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Game
from fulfillment.api_clients import revoke
from fulfillment.game_state.pairs import games_of, set_games
from fulfillment.models import ApiClient, GameStateClient
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, url
from tests.factories import NOW, allow_game_state, make_api_client, make_game, make_organization
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db

PAGE = "fulfillment.apiclient"
WITHOUT_GAMES = "it may stream or read it, but of no game yet"


def save(owner: Client, client: ApiClient | None, *games: Game, **fields: Any) -> Any:
    page = url(PAGE, "change", client.pk) if client else url(PAGE, "add")
    values = form_of(owner, page, "apiclient_form") | {"name": "Match servers", "scopes": ["game-state:write"]}
    return owner.post(page, values | {"game_state_games": [game.pk for game in games], **fields})


def test_g2_an_owner_allows_games_and_takes_them_away_and_the_trail_tells(owner: Client, studio: Studio) -> None:
    first, second = (make_game(studio.organization, name=name) for name in ("Arena", "Zeppelins"))
    save(owner, None, first)
    client = ApiClient.objects.get()
    assert games_of(client) == [first]
    assert save(owner, client, first, second).status_code == 302
    assert games_of(client) == [first, second]
    save(owner, client, second)
    assert games_of(client) == [second]
    trail = AuditEntry.objects.filter(object_id=client.pk).order_by("pk")
    assert [entry.after["games of game state"] for entry in trail] == ["Arena", "Arena, Zeppelins", "Zeppelins"]
    assert [entry.actor for entry in trail] == 3 * [studio.members[Role.OWNER]]
    assert trail[2].before == {**trail[2].after, "games of game state": "Arena, Zeppelins"}


def test_g2_a_pair_that_stays_keeps_the_time_since_which_it_is_allowed(owner: Client, studio: Studio) -> None:
    first, second = make_game(studio.organization), make_game(studio.organization)
    client = make_api_client(studio.organization)
    allow_game_state(client, first)
    kept = GameStateClient.objects.get()
    save(owner, client, first, second)
    assert GameStateClient.objects.get(game=first) == kept
    assert GameStateClient.objects.get(game=first).allowed_at == NOW


def test_s1_another_organizations_game_is_not_offered_and_not_taken(owner: Client, elsewhere: Studio) -> None:
    theirs = make_game(elsewhere.organization, name="Not yours")
    assert "Not yours" not in owner.get(url(PAGE, "add")).content.decode()
    answer = save(owner, None, theirs)
    assert any("not one of the available choices" in error for error in errors_of(answer))
    with pytest.raises(ValueError, match="own organization"):
        set_games(make_api_client(make_organization()), [theirs], now=NOW)
    assert not GameStateClient.objects.exists()


def test_g2_the_page_says_that_a_client_has_the_right_but_no_game(owner: Client, studio: Studio) -> None:
    client = make_api_client(studio.organization)
    page = url(PAGE, "change", client.pk)
    assert WITHOUT_GAMES in owner.get(page).content.decode()
    allow_game_state(client, game := make_game(studio.organization))
    shown = owner.get(page).content.decode()
    assert WITHOUT_GAMES not in shown
    assert game.pk in shown, "the id that a game server connects with"
    client.oauth.set_scopes(["claims:read"])
    client.oauth.save()
    GameStateClient.objects.all().delete()
    assert WITHOUT_GAMES not in owner.get(page).content.decode()


def test_g2_a_revoked_client_is_shown_with_the_games_it_had(owner: Client, studio: Studio) -> None:
    client = make_api_client(studio.organization)
    allow_game_state(client, make_game(studio.organization, name="Zeppelins"))
    revoke(client=client, actor=None, now=NOW)
    assert "Zeppelins" in owner.get(url(PAGE, "change", client.pk)).content.decode()


def test_g1_the_page_shows_where_game_servers_connect_only_to_a_client_that_may_stream(
    owner: Client, studio: Studio, settings: Any
) -> None:
    streams, reads = make_api_client(studio.organization), make_api_client(studio.organization)
    save(owner, streams)
    save(owner, reads, name="Overlay", scopes=["game-state:read"])
    shown = [owner.get(url(PAGE, "change", one.pk)).content.decode() for one in (streams, reads)]
    assert [settings.PORTAL_GATEWAY_URL in page for page in shown] == [True, False]
