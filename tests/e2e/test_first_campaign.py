"""A first campaign by the README's path alone, with the keyboard alone and without a script; and the pages as axe judges them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.keyboard import press, reach, write
from tests.e2e.people import Producer
from tests.e2e.portal import RunningPortal
from tests.e2e.test_a_new_studio_user import picture
from tests.e2e.watching import DESKTOP, PHONE, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

_numbers = itertools.count(1)


@pytest.fixture
def without_script(browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    """The producer, signed in, in a browser that runs no script."""
    person = Producer(browser, portal)
    person.watch.close()
    person.watch = Watch(browser, java_script_enabled=False)
    person.page = person.watch.page
    person.sign_in()
    yield person
    person.watch.close()
    assert person.watch.faults == []


def violations(producer: Producer, name: str) -> list[str]:
    """What axe finds on the page as it is, on a desktop by day and on a phone by night; the page must fit both."""
    page, found = producer.page, []
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        producer.watch.width = size["width"]
        producer.watch.check_fits()
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            where = [node["target"] for node in violation["nodes"]][:3]
            found.append(f"{name}, {size['width']} px, {scheme}: {violation['id']} {where}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    producer.watch.width = DESKTOP["width"]
    return found


def heading(page: Page, step: str) -> None:
    """Wait for a step."""
    expect(page.locator("#guide-title")).to_contain_text(step)


def test_a_first_campaign_is_published_by_the_path_of_the_readme_with_the_keyboard_alone(producer: Producer) -> None:
    page, name, found = producer.page, f"First steps {next(_numbers)}", []
    producer.open("campaigns/campaign/")
    press(page, page.locator("a[href*='/campaign/add/']").first)
    heading(page, "Step 1 of 4")
    write(page, page.get_by_label("Name", exact=True), name)
    days = page.get_by_label("Grace days")
    write(page, days, "7")
    page.keyboard.press("Tab")
    expect(page.locator("#told-times")).to_contain_text("Claiming closes")
    found += violations(producer, "what and when")
    press(page, page.get_by_role("button", name="Save and go on"))
    heading(page, "Step 2 of 4")
    found += violations(producer, "where")
    press(page, page.get_by_role("button", name="Save and go on"))
    heading(page, "Step 3 of 4")
    reach(page, page.get_by_label("Reward", exact=True))
    page.keyboard.type("Harbour")
    write(page, page.get_by_label("Minutes", exact=True), "30")
    found += violations(producer, "rewards")
    press(page, page.get_by_role("button", name="Add this reward"))
    expect(page.get_by_text("is in the campaign.")).to_be_visible()
    press(page, page.get_by_role("link", name="Go on"))
    heading(page, "Step 4 of 4")
    expect(page.get_by_role("heading", name="Nothing stands in the way")).to_be_visible()
    found += violations(producer, "check")
    press(page, page.get_by_role("button", name="Publish now"))
    expect(page.get_by_text(f"“{name}” is published.")).to_be_visible()
    assert found == []


def test_what_is_to_be_mended_has_the_focus_however_late_the_theme_starts_and_by_whichever_link_one_came(
    producer: Producer,
) -> None:
    page, held = producer.page, list[Route]()
    producer.open("campaigns/campaign/add/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    assert "#" not in page.url
    page.route("**/alpine/alpine*.js", lambda route: held.append(route))  # noqa: PLW0108 # a built-in cannot be marked as handler
    press(page, page.get_by_role("button", name="Save and go on"))
    expect(page.locator("#mistakes")).to_be_focused()
    assert held, "the theme has not started"
    for route in held:
        route.continue_()
    page.unroute("**/alpine/alpine*.js")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    press(page, page.get_by_role("button", name="Save and go on"))
    expect(page.locator("#mistakes")).to_be_focused()


def test_without_a_script_a_draft_is_saved_at_each_step_with_a_new_reward_and_its_image(
    without_script: Producer,
) -> None:
    page, name = without_script.page, f"No script {next(_numbers)}"
    without_script.open("campaigns/campaign/add/")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_label("Start: date").fill("2027-03-27")
    page.get_by_label("Start: time").fill("18:00")
    page.get_by_label("End: date").fill("2027-03-28")
    page.get_by_label("End: time").fill("02:30")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("does not exist in Europe/Berlin").first).to_be_visible()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("End: time").fill("18:00")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#told-times")).to_contain_text("Sunday, 18:00 on 28 Mar 2027, Europe/Berlin (UTC+2)")
    expect(page.locator("#told-times")).to_contain_text("The clocks in Europe/Berlin change during the campaign")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("button", name="Save and go on").click()
    for reward in ("First", "Second"):
        page.get_by_label("Name", exact=True).fill(f"{name}: {reward}")
        page.get_by_label("Image").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": picture()})
        page.get_by_label("Minutes", exact=True).fill("30")
        page.get_by_role("button", name="Add it, and one more").click()
    page.get_by_role("link", name="4. Check and publish").click()
    heading(page, "Step 4 of 4")
    expect(page.get_by_text("worth a look", exact=True).first).to_be_visible()
    without_script.open("campaigns/campaign/")
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Step by step").click()
    heading(page, "Step 4 of 4")
