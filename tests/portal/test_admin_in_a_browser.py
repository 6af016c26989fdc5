"""The admin with the keys alone: a page is found in the menu by its name, and nothing lies upon what has the focus (WCAG 2.2)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect, sync_playwright

from tests.admin_pages import sign_in
from tests.factories import make_claim, make_organization, make_staff
from tests.servers import CHROMIUM, CHROMIUM_ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


CLAIMS = 20
UPON_IT = """() => {
  const focused = document.activeElement, box = focused.getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return seen && (focused.contains(seen) || seen.contains(focused)) ? "" : seen?.outerHTML.slice(0, 90) ?? "outside";
}"""
"""What lies upon the middle of what has the focus."""


@pytest.fixture
def page(live_server: Any) -> Iterator[Page]:
    """The page of exports, as an owner sees it; whatever fails in a script fails the test."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    organization = make_organization()
    for _ in range(CLAIMS):
        make_claim(organization)
    owner = sign_in(make_staff(organization))
    cookie = owner.cookies[settings.SESSION_COOKIE_NAME].value
    faults: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        context = chromium.new_context()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.goto(live_server.url + reverse("admin:exports"))
        yield opened
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    assert faults == []


def test_a_page_is_found_by_its_name_and_opened_with_the_keys(page: Page) -> None:
    menu = page.locator("#nav-sidebar-apps")
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Find a page")).to_be_focused()
    assert page.evaluate(UPON_IT) == ""
    page.keyboard.type("hea")
    expect(menu.get_by_role("link", name="Health")).to_be_visible()
    expect(menu.get_by_role("link", name="Heartbeats", exact=True)).to_be_visible()
    expect(menu.get_by_role("link", name="Claims")).to_have_count(0)
    expect(page.get_by_text("Pages found: 3. Enter opens “Health”.")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("link", name="Health")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Find a page")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('admin:health')}")


def test_enter_opens_the_page_that_is_called_as_was_typed(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("Claims")
    expect(page.get_by_text("Enter opens “Claims”.")).to_be_visible()  # "Unmapped claims" stands before it
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('admin:fulfillment_claim_changelist')}")


def test_what_no_page_is_called_is_said_and_leads_nowhere(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("zebra")
    expect(page.get_by_text("No page of the menu is called so.")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find a page")).to_have_value("")
    expect(page.locator("#nav-sidebar-apps").get_by_role("link", name="Health")).to_be_visible()
    assert page.url.endswith(reverse("admin:exports"))


def test_2_1_4_a_letter_typed_to_choose_does_not_leave_the_choice(page: Page) -> None:
    choice = page.locator("#content select").first
    choice.focus()
    page.keyboard.press("t")
    expect(choice).to_be_focused()


def test_4_1_2_the_menu_is_called_by_its_words_alone(page: Page) -> None:
    expect(page.locator("#nav-sidebar-apps").get_by_role("link", name="Timeline", exact=True)).to_have_count(1)


def test_2_4_11_the_bar_of_actions_lies_upon_no_row_that_has_the_focus(page: Page) -> None:
    page.goto(page.url.replace(reverse("admin:exports"), reverse("admin:fulfillment_claim_changelist")))
    page.locator("#action-toggle").focus()
    page.keyboard.press("Space")
    expect(page.locator("tbody input.action-select:checked")).to_have_count(CLAIMS)
    covered = []
    for _ in range(CLAIMS):
        page.keyboard.press("Tab")
        covered.append(page.evaluate(UPON_IT))
    assert [one for one in covered if one] == []
