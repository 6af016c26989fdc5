"""A form of the admin that comes back because something is wrong goes to the first thing that is seen to be, in whichever tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.people import Producer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WHOLE = "campaigns/campaign/add/?whole=1"


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Please correct the error")).to_be_visible()


def test_a_refused_form_goes_to_the_first_field_that_is_wrong_and_seen(producer: Producer) -> None:
    page = producer.page
    producer.open(WHOLE)
    page.locator("#campaign_form [name=name]").fill("Autumn")
    page.locator("[name=per_player_limit]").fill("500")
    save(page)
    expect(page.locator("[name=per_player_limit]")).to_be_focused()

    page.locator("#campaign_form [name=name]").fill("")
    page.locator("a[href='#rewards']").first.click()
    page.locator("#rewards-group").get_by_text("Add another").click()
    page.locator("[name=rewards-0-limit_total]").fill("5")
    save(page)
    rewards = page.locator("#rewards-group")
    expect(rewards.get_by_text("This field is required.")).to_be_visible()
    expect(rewards.get_by_role("combobox", name="Search for one").first).to_be_focused()
