"""A source and what posts to it, at one moment."""

from __future__ import annotations

import pytest

from campaigns.models import Game, HeartbeatSource
from tests import factories as make
from tests import watching
from tests.campaigns.heartbeat_endpoint.sending import TOKEN, Sender


@pytest.fixture
def game() -> Game:
    return make.make_game(name="Skyforge")


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return watching.make_source(game, token=TOKEN)


@pytest.fixture(autouse=True)
def _clock(standing_clock: None) -> None:
    pass


@pytest.fixture
def sender(source: HeartbeatSource) -> Sender:
    return Sender(source)
