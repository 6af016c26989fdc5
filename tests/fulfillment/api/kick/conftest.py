"""A game's backend, once with Kick's claims alone and once with those of other platforms."""

from __future__ import annotations

import pytest

from tests.fulfillment.api.kick.backend import Backend


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def wide() -> Backend:
    return Backend(other_platforms=True)
