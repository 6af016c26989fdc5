"""Somebody else's studio, beside the one of all tests."""

from __future__ import annotations

import pytest

from tests.fulfillment.admin.story import Studio


@pytest.fixture
def elsewhere(db: None) -> Studio:
    return Studio()
