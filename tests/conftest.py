"""What all tests share: a clean start before each, a clock that stands for who wants one, and a studio with its people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, settings
from time_machine import TimeMachineFixture

from campaigns.heartbeats.sources import forget_sources
from campaigns.heartbeats.tally import tallies as heartbeat_tallies
from fulfillment.delivery.tally import tallies as delivery_tallies
from fulfillment.pace import tallies as pace_tallies
from fulfillment.webhooks.tally import tallies
from portal.calling import tallies as call_tallies
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import NOW
from tests.fulfillment.admin.story import Studio

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


@pytest.fixture
def standing_clock(time_machine: TimeMachineFixture) -> None:
    """Have it be ``NOW`` for the whole test; one that asks for ``time_machine`` may set the clock to another time."""
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def loopback(settings: Any) -> None:
    """Let the portal call servers on this machine, as in development: the stand-ins of the tests."""
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True


@pytest.fixture
def studio(db: None) -> Studio:
    return Studio()


@pytest.fixture
def owner(studio: Studio) -> Client:
    """The studio's owner, signed in."""
    return sign_in(studio.members[Role.OWNER])


@pytest.fixture
def producer(studio: Studio) -> Client:
    """A producer of the studio, signed in."""
    return sign_in(studio.members[Role.PRODUCER])


@pytest.fixture
def support(studio: Studio) -> Client:
    """Somebody of the studio's support, signed in."""
    return sign_in(studio.members[Role.SUPPORT])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or at the end one process would wait for the other."""
    items.sort(key=_minutes, reverse=True)


def _minutes(item: pytest.Item) -> int:
    slow = item.get_closest_marker("slow")
    return slow.kwargs.get("minutes", 1) if slow else 0
