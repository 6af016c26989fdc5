"""A gateway that runs, a game with two channels that it may be told of, and a database that threads can share."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from campaigns.game_state.admission import doorkeepers
from campaigns.models import Channel, Game
from tests import factories as make
from tests.gateways import Clock, Doorkeeper, RunningGateway, Server, make_channels, opened


@pytest.fixture(scope="session")
def empty_database(django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Copy the test database into a file where it is in memory: SQLite's has locks there that do not wait."""
    if connection.vendor != "sqlite":
        return None
    path = tmp_path_factory.mktemp("gateway") / "empty.sqlite3"
    with django_db_blocker.unblock():
        connection.ensure_connection()
        copy = sqlite3.connect(path)
        connection.connection.backup(copy)
        copy.close()
    return path


@pytest.fixture
def shared_database(transactional_db: None, empty_database: Path | None, tmp_path: Path) -> Iterator[None]:
    if empty_database is None:
        yield
        return
    mine = tmp_path / "gateway.sqlite3"
    shutil.copy(empty_database, mine)
    name, in_memory = connection.settings_dict["NAME"], connection.connection
    connection.connection, connection.settings_dict["NAME"] = None, str(mine)
    try:
        yield
    finally:
        connection.close()
        connection.connection, connection.settings_dict["NAME"] = in_memory, name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def game(shared_database: None) -> Game:
    return make.make_game()


@pytest.fixture
def channels(game: Game) -> list[Channel]:
    return make_channels(game, "1", "2")


@pytest.fixture
def doorkeeper(game: Game, channels: list[Channel]) -> Iterator[Doorkeeper]:
    """One that grants the token ``secret`` for both channels."""
    doorkeeper = Doorkeeper()
    doorkeeper.grant(game, channels)
    doorkeepers.append(doorkeeper)
    yield doorkeeper
    doorkeepers.remove(doorkeeper)


@pytest.fixture
def gateway(doorkeeper: Doorkeeper, clock: Clock) -> Iterator[RunningGateway]:
    running = RunningGateway(clock)
    yield running
    running.stop()


@pytest.fixture
def server(gateway: RunningGateway) -> Iterator[Server]:
    """A game server with an open connection that is not connected yet."""
    with opened(gateway) as server:
        yield server
