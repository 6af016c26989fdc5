"""A studio whose game has a campaign that the portal counts, and an API client, at one moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from campaigns.models import Campaign, Game, HeartbeatSource
from fulfillment.models import ApiClient
from portal.models import Organization
from tests import factories as make
from tests.fulfillment.api.analytics.reading import NOW, counted_campaign
from tests.watching import make_source


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def game() -> Game:
    return make.make_game(name="Stern", slug="stern")


@pytest.fixture
def studio(game: Game) -> Organization:
    return game.organization


@pytest.fixture
def api_client(studio: Organization) -> ApiClient:
    return make.make_api_client(studio)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    """One that the portal counts, with two rewards, since ten days ago."""
    return counted_campaign(game, name="Autumn")


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)
