"""Inviting a colleague to one game of a studio that demands a second factor: the invitation, the account, the app's code (S1, I1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.authenticator import turn_on_app
from tests.e2e.keyboard import press, write
from tests.e2e.people import PASSWORD
from tests.e2e.portal import RunningPortal
from tests.e2e.watching import DESKTOP, PHONE, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
STUDIO = "Second studio"


@pytest.fixture
def administrator(browser: Browser, portal: RunningPortal) -> Iterator[Watch]:
    """The portal's administrator, who makes a studio of its own, so that nobody else's pages change."""
    watch = Watch(browser)
    address, _name, password = portal.printed_sign_in
    watch.page.goto(address)
    watch.page.locator("input[name=login]").fill("admin")
    watch.page.locator("input[name=password]").fill(password)
    watch.page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(watch.page).to_have_url(address)
    yield watch
    watch.close()
    assert watch.faults == []


def violations(watch: Watch) -> list[str]:
    """What axe finds on the page as it is, by day and by night, on a desktop and on a phone; the page must fit both."""
    found = []
    for scheme in ("light", "dark"):
        watch.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for size in (DESKTOP, PHONE):
            watch.page.set_viewport_size(size)  # type: ignore[arg-type]
            watch.width = size["width"]
            watch.check_fits()
            for violation in Axe().run(watch.page, options=WCAG).response["violations"]:
                where = [node["target"] for node in violation["nodes"]][:3]
                found.append(f"{watch.page.url} at {size['width']} px, {scheme}: {violation['id']} {where}")
    watch.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    return found


def add(page: Page, portal: RunningPortal, model: str, **fields: str) -> None:
    """Add a row by its form."""
    page.goto(f"{portal.url}/admin/{model}/add/")
    for name, value in fields.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("[name=_save]").first.click()
    page.wait_for_url(re.compile(rf"(?<!{model}/add/)$"))


def invite(watch: Watch, portal: RunningPortal, found: list[str]) -> str:
    """Invite by keyboard to one of two games, and return the link that is shown once."""
    page = watch.page
    page.goto(f"{portal.url}/admin/members/")
    found += violations(watch)
    press(page, page.get_by_role("link", name="Require it …"))
    press(page, page.get_by_role("button", name="Require a second factor"))
    expect(page.get_by_text("A second factor is required now.")).to_be_visible()
    press(page, page.get_by_role("link", name="Invite a member"))
    write(page, page.get_by_label("E-mail address"), "colleague@example.org")
    press(page, page.get_by_label("all games, also those that are added later"), "ArrowDown")
    expect(page.get_by_label("only these:")).to_be_checked()
    press(page, page.get_by_role("checkbox", name="Comet run"), "Space")
    found += violations(watch)
    press(page, page.get_by_role("button", name="Invite", exact=True))
    link = page.locator("#invitation-link").inner_text()
    found += violations(watch)
    return link


def set_up_app(page: Page) -> None:
    """Add an authenticator app, as the page to which one is led says."""
    expect(page.get_by_text("Members of staff need a second factor.")).to_be_visible()
    press(page, page.get_by_role("link", name="Set up an app"))
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    write(page, page.get_by_label("Password", exact=True), PASSWORD)
    press(page, page.get_by_role("button", name="Confirm"))
    secret = page.locator("code.secret").inner_text()
    turn_on_app(page, secret, then="10 codes of 10 are left.")


def test_s1_a_colleague_is_invited_to_one_game_and_let_in_with_a_second_factor(
    browser: Browser, portal: RunningPortal, administrator: Watch
) -> None:
    found: list[str] = []
    add(administrator.page, portal, "portal/organization", name=STUDIO, slug="second-studio")
    for name in ("Comet run", "Hidden moon"):
        add(administrator.page, portal, "campaigns/game", name=name, slug=name.lower().replace(" ", "-"))
    link = invite(administrator, portal, found)

    colleague = Watch(browser, phone=True)
    page = colleague.page
    page.goto(link)
    colleague.check_fits()
    expect(page.get_by_text("Comet run")).to_be_visible()
    press(page, page.get_by_role("link", name="Create an account"))
    write(page, page.get_by_label("Username"), "colleague")
    for name in ("password1", "password2"):
        write(page, page.locator(f"input[name={name}]"), PASSWORD)
    press(page, page.get_by_role("button", name="Create account"))
    expect(page).to_have_url(link)
    press(page, page.get_by_role("button", name="Join as colleague"))
    set_up_app(page)
    page.goto(f"{portal.url}/admin/campaigns/game/")
    expect(page.get_by_text("Comet run").first).to_be_visible()
    expect(page.get_by_text("Hidden moon")).to_have_count(0)
    page.goto(f"{portal.url}/accounts/sessions/")
    expect(page.get_by_text("This browser")).to_be_visible()
    colleague.check_fits()

    administrator.page.goto(f"{portal.url}/admin/members/")
    administrator.page.get_by_role("link", name="Change colleague").click()
    expect(administrator.page.get_by_role("heading", name="colleague", exact=True)).to_be_visible()
    found += violations(administrator)
    colleague.close()
    assert colleague.faults == []
    assert found == []
