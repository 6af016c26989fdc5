"""What the tests of events share as fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fulfillment.deliveries import Backend
from tests.fulfillment.subscribers import Audience


@pytest.fixture(autouse=True)
def _loopback(settings: pytest.FixtureRequest) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.server.stop()


@pytest.fixture
def audience(backend: Backend) -> Audience:
    return Audience(backend.url)
