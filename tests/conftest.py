"""What all tests share: no network but loopback, and a clean cache before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, settings

from campaigns.heartbeats.sources import forget_sources
from campaigns.heartbeats.tally import tallies as heartbeat_tallies
from fulfillment.delivery.tally import tallies as delivery_tallies
from fulfillment.pace import tallies as pace_tallies
from fulfillment.webhooks.tally import tallies
from portal.calling import tallies as call_tallies

settings.register_profile(
    "drops", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("drops")


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    cache.clear()
    yield


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests() -> None:
    """Counts are kept in memory, and their credentials go with the test that made them."""
    tallies.drop()
    heartbeat_tallies.drop()
    call_tallies.drop()
    delivery_tallies.drop()
    pace_tallies.drop()


@pytest.fixture(autouse=True)
def _no_sources_of_other_tests() -> None:
    """A source is remembered for seconds, longer than a test takes."""
    forget_sources()
