"""A viewer who is linked and signed in, at one moment of a campaign that the portal counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from tests.factories import NOW
from tests.fulfillment.claimants import World


@pytest.fixture(autouse=True)
def _at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def viewer_client(world: World) -> Client:
    client = Client()
    client.force_login(world.user)
    return client
