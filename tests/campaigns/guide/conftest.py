"""The guide's pages are read by a clock that stands."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _clock(standing_clock: None) -> None:
    pass
