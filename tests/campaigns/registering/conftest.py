"""The stand-in for Twitch, and the game whose viewers are registered there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.campaigns.registering.twitch import World
from tests.doubles.twitch_server import TwitchServer


@pytest.fixture
def server(settings: Any) -> Iterator[TwitchServer]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    server = TwitchServer()
    yield server
    server.stop()


@pytest.fixture
def world(server: TwitchServer) -> World:
    return World(server)
