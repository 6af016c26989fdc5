"""A game backend on loopback, and a game with claims for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fulfillment.deliveries import Backend, World


@pytest.fixture(autouse=True)
def _loopback(settings: pytest.FixtureRequest) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.server.stop()


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend.url)
