"""What the tests of events share as fixtures."""

from __future__ import annotations

import pytest

from tests.fulfillment.deliveries import Backend
from tests.fulfillment.subscribers import Audience


@pytest.fixture(autouse=True)
def _loopback(loopback: None) -> None:
    pass


@pytest.fixture
def audience(backend: Backend) -> Audience:
    return Audience(backend.url)
