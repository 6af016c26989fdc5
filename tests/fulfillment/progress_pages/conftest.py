"""A viewer who is linked and signed in, at one moment of a campaign that the portal counts."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.fulfillment.claimants import World


@pytest.fixture(autouse=True)
def _clock(standing_clock: None) -> None:
    pass


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def viewer_client(world: World) -> Client:
    client = Client()
    client.force_login(world.user)
    return client
