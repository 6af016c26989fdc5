"""A producer brings a long list of channels to a campaign, by keyboard alone, and goes back to what was before (C7)."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.keyboard import press, reach, write
from tests.e2e.people import Producer, Sandbox
from tests.e2e.portal import RunningPortal
from tests.e2e.test_staff_pages_are_accessible import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_REPORT = 30_000
"""Milliseconds: the worker takes a list up within moments, and the page looks again every 3 seconds."""


def import_list(page: Page, text: str, *, deed: str) -> None:
    """Paste a list and have it looked up, by keys alone; ends on the report."""
    press(page, page.get_by_role("link", name="Import a list …"))
    page.get_by_label("Platform").select_option(label="Twitch")
    reach(page, page.get_by_label("What to do"))
    page.get_by_label("What to do").select_option(label=deed)
    write(page, page.get_by_label("Channels"), text)
    press(page, page.get_by_role("button", name="Look the channels up"))
    expect(page.get_by_role("heading", name=re.compile("^(What will change|Nothing would change)"))).to_be_visible(
        timeout=_REPORT
    )


def confirm(page: Page, reason: str) -> None:
    """Give a reason and change the list, by keys alone."""
    write(page, page.get_by_label("Reason"), reason)
    press(page, page.get_by_role("button", name="Change the list"))
    expect(page.get_by_text("of the list.")).to_be_visible()


def names(page: Page) -> list[str]:
    """The logins in the table that is shown."""
    return [text.strip() for text in page.locator("td[data-label='Login']").all_inner_texts()]


def open_list(producer: Producer) -> None:
    """Open the allow-list of a campaign that was made for this test."""
    page = producer.page
    producer.open("campaigns/campaign/")
    press(page, page.get_by_role("link", name="First light").first)
    press(page, page.get_by_role("link", name="Allow-list", exact=True))
    expect(page.locator("#content").get_by_role("heading", name=re.compile("^Channels of"))).to_be_visible()


def test_c7_a_list_is_imported_by_keyboard_reported_mended_and_taken_back(
    producer: Producer, sandbox: Sandbox, tmp_path: Path
) -> None:
    for name in ("Listed_Nova", "Listed_Star", "Listed_Moon"):
        sandbox.add_user("twitch", name)
    page = producer.page
    open_list(producer)
    text = "https://www.twitch.tv/listed_nova?ref=1\n@Listed_Star\nlisted_nova\nnobody_at_all\nhttps://kick.com/listed_moon"
    import_list(page, text, deed="add these channels to the list")
    expect(page.get_by_text("Added: 2. Taken off: 0.")).to_be_visible()
    press(page, page.get_by_role("link", name="Duplicates (1)"))
    expect(page.get_by_text("The same channel as in line 1.")).to_be_visible()
    press(page, page.get_by_role("link", name="Not found (2)"))
    expect(page.get_by_text("This is an address on Kick.")).to_be_visible()
    with page.expect_download() as downloading:
        press(page, page.get_by_role("link", name="Download what was not found (CSV)"))
    path = tmp_path / "not-found.csv"
    downloading.value.save_as(path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["line"] for row in rows] == ["4", "5"]
    confirm(page, "The first ones")
    import_list(page, "listed_star\nlisted_moon", deed="make this the whole list of the platform")
    expect(page.get_by_text("Added: 1.")).to_be_visible()
    confirm(page, "The second week")
    write(page, page.get_by_label("Search by login, name or id"), "listed_")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^2 of "))).to_be_visible()
    assert names(page) == ["listed_moon", "listed_star"]
    take_back(page)


def take_back(page: Page) -> None:
    """Restore what the list was before the last change, by keys alone."""
    press(page, page.get_by_role("link", name=re.compile(r"^\d+ versions$")))
    press(page, page.get_by_role("link", name=re.compile(r"^Version \d+$")).nth(1))
    press(page, page.get_by_role("button", name="Restore this version …"))
    expect(page.get_by_role("heading", name=re.compile(r"^Version \d+ is to be restored$"))).to_be_visible()
    confirm(page, "The second week was a mistake")
    write(page, page.get_by_label("Search by login, name or id"), "listed_")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^2 of "))).to_be_visible()
    assert names(page) == ["listed_nova", "listed_star"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_a_list(browser: Browser, portal: RunningPortal, scheme: str) -> None:
    producer = Producer(browser, portal, scheme=scheme)
    producer.sign_in()
    page = producer.page
    open_list(producer)
    found = violations(producer, "list")
    page.get_by_role("link", name="Import a list …").click()
    expect(page.get_by_role("button", name="Look the channels up")).to_be_visible()
    found += violations(producer, "import")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("heading", name="Export")).to_be_visible()
    import_list(page, f"5{scheme == 'dark':d}1\nnobody_{scheme}", deed="add these channels to the list")
    page.get_by_role("link", name=re.compile("^Not found")).click()
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    found += violations(producer, "report")
    page.get_by_role("button", name="Drop this list").click()
    expect(page.get_by_text("The list was dropped.")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^\d+ versions?$")).click()
    expect(page.locator("#content").get_by_role("heading", name=re.compile("^Versions of"))).to_be_visible()
    found += violations(producer, "versions")
    assert found == []
    producer.watch.close()
    assert producer.watch.faults == []
