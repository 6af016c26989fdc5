"""A studio, and somebody else's."""

from __future__ import annotations

import pytest

from tests.fulfillment.admin.story import Studio


@pytest.fixture
def studio(db: None) -> Studio:
    return Studio()


@pytest.fixture
def elsewhere(db: None) -> Studio:
    return Studio()
