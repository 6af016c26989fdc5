"""The preview of a campaign's page: in the admin by keyboard, and by a link that was sent."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.keyboard import press
from tests.e2e.people import Producer
from tests.e2e.test_first_campaign import WCAG, violations
from tests.e2e.watching import Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATES = {
    "Signed out": "Take part",
    "Signed in, not linked": "Earned, link needed",
    "In progress": "Earned, ready to claim",
    "Claimed and delivered": "And in their inventory",
    "Not delivered": "Not delivered yet",
    "Grace time": "Ended, still claimable",
    "Ended": "nothing can be earned or claimed any more",
}


def test_a_preview_goes_through_every_state_and_its_link_shows_the_same_to_anybody_until_taken_back(
    producer: Producer, browser: Browser
) -> None:
    page = producer.page
    producer.open("campaigns/campaign/")
    page.get_by_role("link", name="Night watch").first.click()
    press(page, page.get_by_role("link", name="Preview", exact=True))
    inside = page.frame_locator("iframe")
    for number, (state, said) in enumerate(STATES.items()):
        choice = page.get_by_role("link", name=state, exact=True)
        if number == 1:
            page.keyboard.press("Tab")  # after a choice the keys go on at the choices
            expect(page.get_by_role("navigation", name="State to preview").locator(":focus")).to_have_count(1)
        press(page, choice)
        expect(inside.locator("main")).to_contain_text(said)
        expect(inside.get_by_text(f"Preview: {state}.")).to_be_visible()
    press(page, page.get_by_role("link", name="A phone: 390 pixels"))
    expect(inside.get_by_role("heading", name="Night watch")).to_be_visible()
    found = violations(producer, "preview")
    press(page, page.get_by_role("button", name="Make a link"))
    address = page.locator("#made-link").inner_text()
    made = page.get_by_role("region", name="The link is made.")
    expect(made).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy the link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(made.get_by_role("status")).to_have_text("Copied.")
    for scheme in ("light", "dark"):
        stranger = Watch(browser, phone=True, scheme=scheme)
        stranger.page.goto(address)
        for state, said in STATES.items():
            stranger.page.get_by_role("link", name=state, exact=True).click()
            expect(stranger.page.locator("main")).to_contain_text(said)
            stranger.check_fits()
        found += [one["id"] for one in Axe().run(stranger.page, options=WCAG).response["violations"]]
        assert stranger.faults == []
        stranger.close()
    press(page, page.get_by_role("button", name="Take back").first)
    expect(page.get_by_text("The link is taken back")).to_be_visible()
    press(page, page.get_by_role("button", name="Make a link"))
    expect(page.get_by_role("region", name="The link is made.")).to_be_in_viewport()
    stranger = Watch(browser)
    stranger.page.goto(address)
    expect(stranger.page.get_by_role("heading", name="This preview is not here any more")).to_be_visible()
    stranger.close()
    assert found == []
