"""A producer imports codes by keyboard alone, and a viewer reveals one on a phone (D8)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.keyboard import press, reach, write
from tests.e2e.people import Producer, Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for
from tests.e2e.test_staff_pages_are_accessible import WCAG, violations
from tests.e2e.watching import BY_DAY_AND_NIGHT

pytestmark = [pytest.mark.browser, pytest.mark.slow, BY_DAY_AND_NIGHT]

REWARD, POOL = "Soundtrack key", "Soundtrack keys"


def _import(page: Page, producer: Producer, scheme: str) -> Iterator[str]:
    producer.open("fulfillment/codepool/")
    yield "pools"
    press(page, page.locator("#result_list").get_by_role("link", name=POOL))
    expect(page.get_by_text("Last given")).to_be_visible()
    yield "pool"
    press(page, page.get_by_role("link", name="Import codes"))
    reach(page, page.get_by_label("Or paste them"))
    for line in (f"KEY-{scheme}-0001", f"KEY-{scheme}-0002", "", f"KEY-{scheme}-0001", "two words"):
        page.keyboard.type(line)
        page.keyboard.press("Enter")
    yield "import"
    press(page, page.get_by_role("button", name="Read them"))
    expect(page.get_by_text("2 new codes")).to_be_visible()
    expect(page.get_by_text("Line 4: the same as line 1")).to_be_visible()
    expect(page.get_by_text("Line 5: holds a space")).to_be_visible()
    yield "found"
    press(page, page.get_by_role("button", name="Import 2 codes"))
    expect(page.get_by_text("2 codes were imported.")).to_be_visible()


def _look(page: Page, producer: Producer, end: str) -> Iterator[str]:
    """Find the code by its end, as support does, and look at it."""
    producer.open(f"fulfillment/rewardcode/?q={end}")
    expect(page.locator("#result_list")).to_contain_text(f"…{end}")
    yield "codes"
    press(page, page.locator("#result_list tbody a").first)
    press(page, page.get_by_role("link", name="Look at the code"))
    write(page, page.get_by_label("Reason"), "Ticket 8: it is refused")
    yield "ask"
    press(page, page.get_by_role("button", name="Show the code"))
    expect(page.locator("#code-value")).to_be_visible()
    yield "shown"


def test_codes_are_imported_by_keyboard_and_revealed_by_a_viewer(
    producer: Producer, sandbox: Sandbox, scheme: str, browser: Browser, portal: RunningPortal
) -> None:
    found: list[str] = []
    for title in _import(producer.page, producer, scheme):
        found += violations(producer, title)
    user_id = sandbox.add_user("kick", f"Keeper {scheme}")
    sandbox.claim("kick", user_id, REWARD)
    viewer = Viewer(browser, portal, f"keeper-{scheme}", scheme=scheme, scripts=True)
    viewer.sign_up()
    viewer.link("kick", user_id)
    wait_for(lambda: viewer.state_of(REWARD) == "Code ready", seconds=30, what="the code is ready")
    card = viewer.page.locator("article.reward", has=viewer.page.get_by_role("heading", name=REWARD))
    found += _axe(viewer.page, "inventory")
    card.get_by_role("button", name="Reveal code").click()
    code = viewer.page.locator("#code-value").inner_text()
    assert re.fullmatch(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){2}|KEY-\w+-\d+", code)
    viewer.watch.check_fits()
    found += _axe(viewer.page, "revealed")
    assert viewer.state_of(REWARD) == "Code revealed"
    card.get_by_role("button", name="Show the code again").click()
    expect(viewer.page.locator("#code-value")).to_have_text(code)
    for title in _look(producer.page, producer, code[-4:]):
        found += violations(producer, title)
    expect(producer.page.locator("#code-value")).to_have_text(code)
    viewer.watch.close()
    assert viewer.watch.faults == []
    assert found == []


def _axe(page: Page, name: str) -> list[str]:
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{name}: {one['id']} ({one['help']})" for one in found]
