"""The start page on campaign day, in a browser: it follows what happens by itself, and leaves whoever reads it in peace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.keyboard import press, reach
from tests.e2e.people import Producer, Sandbox
from tests.e2e.portal import RunningPortal, wait_for
from tests.e2e.watching import DESKTOP, PHONE, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
ASK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"
"""Whoever comes back to the page has it asked at once: the test need not wait for its next turn."""


@pytest.fixture
def producer(browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    person = Producer(browser, portal)
    person.sign_in()
    yield person
    person.watch.close()
    assert person.watch.faults == []


def claimed(page: Page) -> int:
    return int(page.locator("#start-figures dd .drops-big-number").first.inner_text().replace(",", ""))


def follows(page: Page, more_than: int) -> None:
    def has_come() -> bool:
        page.evaluate(ASK_NOW)
        return claimed(page) > more_than

    # The page waits half a second after it was asked to look: asked too often it would never.
    wait_for(has_come, seconds=40, what="the claim is counted on the page as it is open", every=2)


def test_it_follows_a_claim_without_taking_focus_or_place_and_tells_of_one_campaign_by_the_keys_alone(
    producer: Producer, sandbox: Sandbox
) -> None:
    page = producer.page
    expect(page.get_by_role("heading", name="Right now")).to_be_visible()
    expect(page.locator("#start-live")).to_contain_text("First light")
    before = claimed(page)
    table = page.locator("#start-claims-table summary")
    press(page, table)
    expect(page.locator("#start-claims-rows")).to_be_visible()
    place = page.evaluate("window.scrollY")
    sandbox.claim("kick", sandbox.add_user("kick", "Dash Board"), "Comet banner")
    follows(page, before)
    assert table.evaluate("one => one === document.activeElement"), "the focus stays"
    expect(page.locator("#start-claims-rows")).to_be_visible()
    assert abs(page.evaluate("window.scrollY") - place) <= 1, "and so does the place"
    assert sum(map(int, page.locator("#start-claims-rows td").all_inner_texts())) >= 1
    expect(page.locator("#start-live")).to_contain_text("Last claim: less than a minute ago")

    reach(page, page.get_by_label("Campaign", exact=True))
    page.keyboard.type("First light")
    press(page, page.get_by_role("button", name="Show"))
    expect(page.get_by_role("heading", name="First light")).to_be_visible()
    expect(page.locator("#start-shares-drawn")).to_contain_text("Comet banner")
    press(page, page.get_by_role("link", name="Stop updating"))
    expect(page.get_by_role("link", name="Keep up to date")).to_be_visible()
    expect(page.locator("[data-live-from]")).to_have_count(0)


def test_without_scripts_it_loads_itself_again(browser: Browser, portal: RunningPortal) -> None:
    person = Producer(browser, portal)
    person.watch.close()
    person.watch = Watch(browser, java_script_enabled=False)
    person.page = person.watch.page
    person.sign_in()
    refresh = person.page.locator("meta[http-equiv=refresh]")
    assert refresh.get_attribute("content") == "60; url=/admin/"
    person.page.get_by_role("link", name="Stop updating").click()
    expect(refresh).to_have_count(0)
    assert person.watch.faults == []
    person.watch.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_start_page_and_the_cards_behind_it(
    browser: Browser, portal: RunningPortal, scheme: str
) -> None:
    person = Producer(browser, portal, scheme=scheme)
    person.sign_in()
    found = []
    for path in ("", "?span=day", "in-detail/claims/"):
        person.open(path)
        for size in (DESKTOP, PHONE):
            person.page.set_viewport_size(size)  # type: ignore[arg-type]
            person.watch.width = size["width"]
            person.watch.check_fits()
            found += [
                (path, size["width"], one["id"], [node["target"] for node in one["nodes"]][:3])
                for one in Axe().run(person.page, options=WCAG).response["violations"]
            ]
    person.watch.close()
    assert found == [] and person.watch.faults == []
