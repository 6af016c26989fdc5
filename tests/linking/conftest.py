"""What the tests of linking share: a game whose platforms answer on loopback, and people in browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Game
from portal.models import PlatformCredential
from tests import factories
from tests.doubles.oauth_server import OAuthServer

PEOPLE: dict[str, dict[str, Any]] = {
    "kick": {"user_id": 2001, "name": "mira", "email": "mira@example.org", "profile_picture": ""},
    "twitch": {"id": "48102201", "login": "mira_plays", "display_name": "Mira_Plays", "email": "mira@example.org"},
}
IDS = {"kick": "2001", "twitch": "48102201"}


@pytest.fixture
def game(db: Any) -> Game:
    organization = factories.make_organization(slug="northlight", name="Northlight")
    return factories.make_game(organization, slug="starfall", name="Starfall")


@pytest.fixture(params=["kick", "twitch"])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(platform: str) -> Iterator[OAuthServer]:
    server = OAuthServer(platform)
    yield server
    server.stop()


@pytest.fixture
def credential(game: Game, server: OAuthServer) -> PlatformCredential:
    return factories.make_credential(
        game.organization,
        server.shape,
        client_id=server.client_id,
        client_secret=server.client_secret,
        id_url=server.url,
        api_url=server.url,
    )


@pytest.fixture
def player_client(db: Any) -> Client:
    client = Client()
    client.force_login(factories.make_user(username="mira"))
    return client
