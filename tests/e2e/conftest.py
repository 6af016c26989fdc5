"""One portal and one browser for all of these tests; every test brings people of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browsers import chromium
from tests.e2e.people import Producer, Sandbox, Viewer
from tests.e2e.portal import RunningPortal, still_running, wait_for

_numbers = itertools.count(1)

_SENDS = """
from fulfillment.models import Endpoint
print(json.dumps(not Endpoint.objects.filter(opened_at__isnull=False).exists()))
"""


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal as ``make run`` starts it for the first time. Its end is a test of its own: status 0, nothing left."""
    running = RunningPortal(tmp_path_factory.mktemp("portal"))
    running.start()
    yield running
    processes = running.descendants()
    assert running.stop() == 0, running.printed
    assert still_running(processes) == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def sandbox(browser: Browser, portal: RunningPortal) -> Iterator[Sandbox]:
    """The sandbox's pages; the game's server answers normally before and after each test, and the portal sends to it."""
    pages = Sandbox(browser, portal)
    pages.tell_game("Normally")
    yield pages
    pages.tell_game("Normally")
    if pages.game_failed:  # else what the next test waits for would wait for the next probe
        wait_for(lambda: portal.ask(_SENDS), seconds=100, what="the portal sends to the game again", every=1)
    pages.watch.close()
    assert pages.watch.faults == []


@pytest.fixture
def new_viewer(browser: Browser, portal: RunningPortal) -> Iterator[Callable[..., Viewer]]:
    """Make viewers, each with a browser of their own; a fault that one of them met fails the test."""
    people: list[Viewer] = []

    def make(**options: bool | str) -> Viewer:
        people.append(Viewer(browser, portal, f"viewer{next(_numbers)}", **options))  # type: ignore[arg-type]
        return people[-1]

    yield make
    for person in people:
        person.watch.close()
    assert [fault for person in people for fault in person.watch.faults] == []


@pytest.fixture
def scheme() -> str:
    """Whether the producer works by day or by night: by day, unless the test says both."""
    return "light"


@pytest.fixture
def producer(scheme: str, browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    """The producer, signed in."""
    person = Producer(browser, portal, scheme=scheme)
    person.sign_in()
    yield person
    person.watch.close()
    assert person.watch.faults == []
