"""Support answers “I claimed it and got nothing” by keyboard alone, and a producer takes the claims away as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.keyboard import press, reach, write
from tests.e2e.people import Producer, Sandbox
from tests.e2e.portal import RunningPortal
from tests.e2e.watching import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def support(browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    """A member of staff who answers players, signed in."""
    person = Producer(browser, portal)
    person.sign_in("support")
    yield person
    person.watch.close()
    assert person.watch.faults == []


def check(person: Producer, name: str) -> None:
    """Have axe look at the page in both sizes and both schemes; it must fit each."""
    page, found = person.page, []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            person.watch.width = size["width"]
            person.watch.check_fits()
            violations = Axe().run(page, options=WCAG).response["violations"]
            found += [f"{name} {scheme} {size['width']}: {one['id']} {one['nodes'][0]['target']}" for one in violations]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    assert found == []


def find(page: Page, text: str) -> None:
    """Write into the box that every page has in its head, and press Enter."""
    write(page, page.get_by_role("search", name="Find a player or claim, from any page").get_by_role("searchbox"), text)
    page.keyboard.press("Enter")


def test_support_finds_the_person_by_keyboard_reads_why_and_keeps_a_note(support: Producer, sandbox: Sandbox) -> None:
    page = support.page
    user = sandbox.add_user("kick", "Lost Comet")
    claim = sandbox.claim("kick", user, "Comet banner")
    support.open("")

    find(page, user)
    expect(page.get_by_role("heading", name="Why not delivered?")).to_be_visible()
    expect(page.get_by_text("Whose turn").first).to_be_visible()
    expect(page.get_by_text("the viewer", exact=True).first).to_be_visible()
    expect(page.get_by_text("1 member of staff looked at this person")).to_be_visible()
    shown = page.locator("#ticket-text")
    expect(shown).to_contain_text(user)
    reach(page, shown)

    write(page, page.get_by_label("Note for colleagues"), "Told to link the game account.")
    press(page, page.get_by_role("button", name="Keep the note"))
    expect(page.get_by_text("Told to link the game account.").first).to_be_visible()
    check(support, "person")

    find(page, claim)
    expect(page.get_by_role("heading", name="Why not delivered?")).to_be_visible()
    find(page, "nobody has this id")
    expect(page.get_by_text("Nothing here is “nobody has this id”")).to_be_visible()
    check(support, "find")


def test_the_menu_of_one_s_own_account_opens_and_closes_by_keyboard(support: Producer) -> None:
    page = support.page
    support.open("exports/")
    opens = page.locator("button[aria-controls=user-links]")
    press(page, opens)
    expect(page.get_by_role("button", name="Light")).to_be_focused()
    check(support, "account menu")
    reach(page, page.get_by_role("button", name="Log out"))
    page.keyboard.press("Escape")
    expect(opens).to_be_focused()
    expect(opens).to_have_attribute("aria-expanded", "false")
    press(page, opens)
    press(page, page.get_by_role("link", name="Sessions", exact=True))
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible()


def test_a_producer_takes_the_claims_away_by_keyboard(producer: Producer, sandbox: Sandbox, tmp_path: Path) -> None:
    page = producer.page
    user = sandbox.add_user("kick", "Counted Comet")
    claim = sandbox.claim("kick", user, "Comet banner")
    producer.open("exports/")
    check(producer, "exports")
    with page.expect_download() as download:
        press(page, page.get_by_role("button", name="Claims as JSON"))
    kept = json.loads(Path(download.value.path()).read_text())
    assert download.value.suggested_filename.endswith(".json")
    assert (kept["kind"], kept["zone"]) == ("claims", "UTC")
    assert not any(row["platform_user_id"] == user for row in kept["rows"])

    press(page, page.locator("#id_claims_personal"), "Space")
    with page.expect_download() as download:
        press(page, page.get_by_role("button", name="Claims as CSV"))
    text = Path(download.value.path()).read_text()
    assert user in text
    assert claim in text
    producer.open("portal/auditentry/")
    expect(page.get_by_text("exported claims").first).to_be_visible()
