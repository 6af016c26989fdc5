"""Every page of the admin that a producer can open, as axe, a phone and a dark room judge it (WCAG 2.2 AA).

Which pages there are is asked of the admin's registry, so that no new one is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser

from tests.e2e.people import Producer
from tests.e2e.portal import RunningPortal
from tests.e2e.test_staff_pages_are_accessible import WCAG
from tests.e2e.watching import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
LOOK = """([options, scheme]) => {
    document.documentElement.classList.toggle("dark", scheme === "dark");
    document.getAnimations().forEach(one => { if (one.effect.getComputedTiming().endTime < Infinity) one.finish(); });
    return axe.run({...options, resultTypes: ["violations"]}).then(found => found.violations.map(
    one => `${one.id} (${one.help}) ${JSON.stringify(one.nodes.map(node => node.target).slice(0, 3))}`));
}"""
"""What axe says of the page in a scheme, which the theme reads only when it is loaded, once its colours have stopped changing."""
MUST_BE_AMONG = {
    "index", "timeline", "set_up", "find", "person_player", "grant", "exports", "simulation", "members", "invited",
    "campaigns_campaign_clone", "campaigns_campaign_import_look", "campaigns_campaign_channel_report",
    "campaigns_campaign_channel_version", "campaigns_campaign_guide check", "campaigns_campaign_change draft",
    "campaigns_campaign_preview", "fulfillment_claim_many", "fulfillment_claim_change held",
    "fulfillment_codepool_import_confirm", "fulfillment_rewardcode_reveal", "portal_auditentry_change",
}  # fmt: skip
"""Some of them, so that a registry that is read wrongly does not make the test pass."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal of its own: what is put into it would be in the way of other tests."""
    with RunningPortal(tmp_path_factory.mktemp("every-page")) as running:
        running.ask("from tests.e2e.one_of_each import make\nprint(json.dumps(make('producer')))")
        yield running


@pytest.fixture(scope="module")
def opened(portal: RunningPortal) -> dict[str, Any]:
    """Every page, asked for once without a browser."""
    found: dict[str, Any] = portal.ask(
        "from tests.e2e.admin_addresses import opened\nprint(json.dumps(opened('producer')))"
    )
    return found


@pytest.fixture
def producer(browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    person = Producer(browser, portal)
    person.sign_in()
    yield person
    person.watch.close()
    assert not person.watch.faults, "\n".join(person.watch.faults)


def violations(producer: Producer, name: str, scheme: str, size: dict[str, int]) -> list[str]:
    page = producer.page
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    producer.watch.width = size["width"]
    producer.watch.check_fits()
    return [f"{name}, {scheme}, {size['width']} px: {one}" for one in page.evaluate(LOOK, [WCAG, scheme])]


def test_every_page_of_the_registry_answers_and_the_test_knows_how_to_ask_for_each(opened: dict[str, Any]) -> None:
    assert opened["faults"] == []
    assert opened["unknown"] == [], "say in admin_addresses.py what these arguments are"
    assert MUST_BE_AMONG - set(opened["pages"]) == set()


def test_axe_finds_nothing_on_any_page_and_each_fits_a_phone(opened: dict[str, Any], producer: Producer) -> None:
    found: list[str] = []
    page = producer.page
    for name, address in opened["pages"].items():
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light")
        page.goto(f"{producer.portal.url}{address}")
        page.evaluate(AXE)
        found += violations(producer, name, "light", DESKTOP)
        found += violations(producer, name, "dark", PHONE)
    assert not found, "\n".join(found)
