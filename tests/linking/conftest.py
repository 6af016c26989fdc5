"""What the tests of linking share: a game whose platforms answer on loopback, and people in browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Game
from portal import platforms
from portal.models import PlatformCredential
from tests import factories
from tests.doubles.oauth_server import OAuthServer
from tests.doubles.shapes import sign_in_of

SHAPES = {platform.key: sign_in_of(platform.key) for platform in platforms.with_sign_in()}
PEOPLE: dict[str, dict[str, Any]] = {key: shape.person for key, shape in SHAPES.items()}
IDS = {key: str(shape.person[shape.id_field]) for key, shape in SHAPES.items()}


@pytest.fixture
def game(db: Any) -> Game:
    organization = factories.make_organization(slug="northlight", name="Northlight")
    return factories.make_game(organization, slug="starfall", name="Starfall")


@pytest.fixture(params=SHAPES)
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
