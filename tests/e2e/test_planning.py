"""Planning in a browser: a series is cloned by keyboard, seen on the timeline, written as a file and taken in again (C2, C9)."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.keyboard import press, write
from tests.e2e.people import Producer
from tests.e2e.watching import BY_DAY_AND_NIGHT, DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow, BY_DAY_AND_NIGHT]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def judged(producer: Producer, name: str) -> list[str]:
    """What axe finds on the page as it is, on a desktop and on a phone; the page must fit both."""
    page, found = producer.page, []
    page.wait_for_load_state("load")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        producer.watch.width = size["width"]
        producer.watch.check_fits()
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            where = [node["target"] for node in violation["nodes"]][:3]
            found.append(f"{name} at {size['width']} px: {violation['id']} ({violation['help']}) {where}")
    return found


def open_campaign(producer: Producer) -> None:
    producer.open("campaigns/campaign/")
    producer.page.get_by_role("link", name="First light", exact=True).click()


def clone_by_keyboard(producer: Producer, name: str) -> list[str]:
    """Make two weekly copies without a mouse, and return what axe finds on the way."""
    page = producer.page
    open_campaign(producer)
    press(page, page.get_by_role("link", name="Clone …"))
    expect(page.get_by_role("heading", name="1 draft would be made")).to_be_visible()
    write(page, page.get_by_label("Name", exact=True), f"{name} 1")
    write(page, page.get_by_label("How many copies"), "2")
    press(page, page.get_by_role("button", name="Show the dates"))
    expect(page.get_by_role("heading", name="2 drafts would be made")).to_be_visible()
    expect(page.get_by_role("rowheader", name=f"{name} 2")).to_be_visible()
    found = judged(producer, "clone")
    press(page, page.get_by_role("button", name="Make these 2 drafts"))
    expect(page.get_by_text(f"2 drafts were made: {name} 1, {name} 2.")).to_be_visible()
    return found


def mend_by_keyboard(producer: Producer, name: str) -> None:
    """Go from what a copy lacks to where it is entered: the copy has no campaign id on its platforms (C9)."""
    page = producer.page
    producer.open("campaigns/campaign/")
    page.get_by_role("link", name=f"{name} 1", exact=True).click()
    lacking = page.locator("#preflight").get_by_role("listitem").filter(has=page.locator("a[href='#platforms']"))
    press(page, lacking.first.get_by_role("link", name="Mend it"))
    expect(page.locator("#platforms-group select:focus")).to_be_visible()


def see_on_timeline(producer: Producer, name: str) -> list[str]:
    """Find both copies in list and drawing, with what they share, and return what axe finds."""
    page = producer.page
    producer.open("timeline/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=f"{name} 1", exact=True))
    expect(row).to_contain_text("the same reward")
    expect(page.locator(".drops-plan-svg a", has_text=f"{name} 2")).to_be_visible()
    found = judged(producer, "timeline")
    press(page, page.get_by_role("link", name="quarter"))
    expect(page.get_by_role("link", name="quarter")).to_have_attribute("aria-current", "true")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    leads, drawn = (page.locator(part).bounding_box() for part in (".drops-plan-list", ".drops-plan-drawn"))
    assert leads
    assert drawn
    assert leads["y"] < drawn["y"]
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    return found


def bring_as_file(producer: Producer, folder: Path, name: str) -> list[str]:
    """Write the campaign down, take the file in again under another name, and return what axe finds on the way."""
    page: Page = producer.page
    open_campaign(producer)
    page.get_by_role("link", name="As a file …").click()
    found = judged(producer, "export")
    with page.expect_download() as sent:
        page.get_by_role("link", name="Download as YAML").click()
    file, bad = folder / "campaign.yaml", folder / "bad.yaml"
    sent.value.save_as(file)
    # The portal is shared with other tests, which look for the campaign by its name.
    file.write_text(file.read_text().replace("name: First light", f"name: {name}", 1))
    bad.write_text(file.read_text().replace("grace_days: ", "grace_days: about ", 1))
    producer.open("campaigns/campaign/")
    page.get_by_role("link", name="Import a campaign …").click()
    page.locator("input[name=file]").set_input_files(bad)
    page.get_by_role("button", name="Show what would be made").click()
    expect(page.get_by_role("alert")).to_contain_text("campaign.grace_days: This must be a whole number")
    expect(page.get_by_role("alert")).to_be_focused()
    found += judged(producer, "import")
    page.locator("input[name=file]").set_input_files(file)
    page.get_by_role("button", name="Show what would be made").click()
    expect(page.get_by_text("Reused: the same external id").first).to_be_visible()
    found += judged(producer, "import, looked at")
    press(page, page.get_by_role("button", name="Make the draft"))
    expect(page.get_by_text(f"“{name}” is here, as a draft.")).to_be_visible()
    return found


def test_a_series_is_cloned_by_keyboard_and_seen_on_the_timeline(producer: Producer) -> None:
    name = f"Series {producer.page.evaluate('Math.round(performance.now())')} part"
    found = clone_by_keyboard(producer, name)
    mend_by_keyboard(producer, name)
    found += see_on_timeline(producer, name)
    assert found == []


def test_a_campaign_is_written_as_a_file_and_taken_in_again(producer: Producer, tmp_path: Path) -> None:
    name = f"Brought back {producer.page.evaluate('Math.round(performance.now())')}"
    assert bring_as_file(producer, tmp_path, name) == []
