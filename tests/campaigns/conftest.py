"""A game whose watch time the portal counts: its heartbeat source and a campaign that is live."""

from __future__ import annotations

import pytest

from campaigns.models import Campaign, Game, HeartbeatSource
from tests import factories as make
from tests.watching import make_counted_campaign, make_source


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    return make_counted_campaign(game)
