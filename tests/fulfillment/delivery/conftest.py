"""A game backend on loopback, and a game with claims for it."""

from __future__ import annotations

import pytest

from tests.fulfillment.deliveries import Backend, World


@pytest.fixture(autouse=True)
def _loopback(loopback: None) -> None:
    pass


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend.url)
