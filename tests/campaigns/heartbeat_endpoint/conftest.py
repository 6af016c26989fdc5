"""A source and what posts to it, at one moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from campaigns.models import Game, HeartbeatSource
from tests import factories as make
from tests import watching
from tests.campaigns.heartbeat_endpoint.sending import TOKEN, Sender
from tests.factories import NOW


@pytest.fixture
def game() -> Game:
    return make.make_game(name="Skyforge")


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return watching.make_source(game, token=TOKEN)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def sender(source: HeartbeatSource) -> Sender:
    return Sender(source)
