"""The cache in a table of the database (O1): it counts what several do at once, and keeps what is valid (S4, A1)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from portal.ratelimit import hit
from portal.shared_cache import SharedTable
from tests.factories import NOW

TABLE = "cache_of_a_test"
BACKEND = "portal.shared_cache.SharedTable"


@pytest.fixture
def cache(settings: pytest.FixtureRequest, transactional_db: None) -> Iterator[SharedTable]:
    settings.CACHES = {"default": {"BACKEND": BACKEND, "LOCATION": TABLE}}
    call_command("createcachetable", TABLE, verbosity=0)
    yield caches["default"]  # type: ignore[misc]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


@pytest.mark.postgresql
def test_s4_of_calls_at_the_same_moment_each_is_counted(cache: SharedTable) -> None:
    allowed: list[bool] = []

    def call() -> None:
        for _ in range(20):
            allowed.append(hit("token", "somebody", limit=50, window_seconds=3600) == 0)
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    with time_machine.travel(NOW, tick=False):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(allowed), sum(allowed)) == (120, 50)


def test_s4_a_count_ends_when_it_was_to_end_and_not_before(cache: SharedTable) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        cache.add("count", 0, timeout=3600)
        assert cache.incr("count") == 1
    with time_machine.travel(now + timedelta(minutes=59), tick=False):
        assert (cache.incr("count"), cache.incr("count", 5), cache.decr("count")) == (2, 7, 6)
    with time_machine.travel(now + timedelta(minutes=61), tick=False), pytest.raises(ValueError, match="no such count"):
        cache.incr("count")
    with pytest.raises(ValueError, match="no such count"):
        cache.incr("never-made")


def test_a1_a_crowd_that_is_counted_does_not_push_codes_out(cache: SharedTable) -> None:
    with time_machine.travel(NOW, tick=False):
        cache.set("allauth.code", "a player's", timeout=60)
        for person in range(450):
            hit("consent", f"user:{person}", limit=30, window_seconds=300)
        assert cache.get("allauth.code") == "a player's"
        assert hit("consent", "user:0", limit=1, window_seconds=300) > 0


def test_o1_what_is_not_valid_any_more_is_removed_and_nothing_else(cache: SharedTable) -> None:
    cache.set("over", 1, timeout=10)
    cache.set("valid", 1, timeout=3600)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert (cache.remove_expired(), cache.remove_expired()) == (1, 0)
        assert (cache.get("over"), cache.get("valid")) == (None, 1)
