"""A game's backend on loopback, which takes deliveries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fulfillment.deliveries import Backend


@pytest.fixture
def backend(loopback: None) -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.server.stop()
