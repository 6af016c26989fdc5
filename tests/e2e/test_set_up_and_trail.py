"""A producer sees what of setting up was seen to work, and who changed what, by keyboard alone (S5)."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.keyboard import press, reach, write
from tests.e2e.people import Producer
from tests.e2e.portal import RunningPortal
from tests.e2e.test_staff_pages_are_accessible import violations
from tests.e2e.watching import BY_DAY_AND_NIGHT

pytestmark = [pytest.mark.browser, pytest.mark.slow, BY_DAY_AND_NIGHT]


def _copied(page: Page, value: str) -> None:
    """Press the button that copies a value, and see that it is in the clipboard."""
    shown = page.locator(f"#{value}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, page.locator(f"[data-copies={value}]"))
    expect(page.locator(f"#{value}-copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == shown.inner_text()


def test_setting_up_is_ticked_by_what_was_seen_and_its_values_are_copied(
    producer: Producer, portal: RunningPortal
) -> None:
    page = producer.page
    producer.open("set-up/")
    own = page.locator("section", has=page.get_by_role("heading", name="In the portal", exact=True))
    for title in ("1. The organization is enabled", "2. A game with its category", "4. A reward with its image"):
        step = own.locator("li", has=page.get_by_role("heading", name=title))
        expect(step.get_by_role("heading")).to_contain_text("done")
        expect(step.get_by_text("Not seen:")).to_have_count(0)
    kick = page.locator("section", has=page.get_by_role("heading", name="Kick", exact=True))
    webhook = kick.locator("code", has_text=f"{portal.url}/webhooks/kick/").first
    _copied(page, str(webhook.get_attribute("id")))
    others = page.locator("details.drops-panel summary").first
    press(page, others)
    expect(page.locator("details.drops-panel section").first).to_be_visible()
    found = violations(producer, "setting up")
    press(page, own.get_by_role("link", name="a campaign"))
    expect(page).to_have_url(f"{portal.url}/admin/campaigns/campaign/")
    assert found == []


def _choose(page: Page, filtered: str, text: str) -> None:
    """Choose in one of the filters' search boxes."""
    press(page, page.locator(f"#filter-form select[name={filtered}] + .select2 [role=combobox]"))
    page.locator(".select2-search__field").press_sequentially(text)
    expect(page.locator(".select2-results__option--highlighted")).to_contain_text(text)
    page.keyboard.press("Enter")


def test_the_audit_trail_is_filtered_searched_opened_and_taken_away(producer: Producer) -> None:
    page = producer.page
    rows = page.locator("#result_list tbody tr")
    producer.open("portal/auditentry/")
    press(page, page.get_by_role("button", name="Filters"))
    expect(page.locator("#filter-form")).to_be_visible()
    found = violations(producer, "filters")
    _choose(page, "who", "producer")
    _choose(page, "kind", "code pool")
    press(page, page.get_by_role("button", name="Apply Filters"))
    expect(page).to_have_url(re.compile(r"\?(?=.*who=\d)(?=.*kind=fulfillment.codepool)"))
    expect(rows.filter(has_text="imported codes").first).to_be_visible()
    assert rows.count() == rows.filter(has_text="code pool").count() == rows.filter(has_text="Nora (producer)").count()
    found += violations(producer, "filtered trail")

    with page.expect_download() as download:
        press(page, page.get_by_role("link", name="Download as CSV"))
    assert download.value.suggested_filename.endswith(".csv")
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        taken = [row for row in csv.reader(file) if "fulfillment.codepool" in row]
    assert len(taken) == rows.count()

    press(page, rows.filter(has_text="imported codes").first.get_by_role("link").first)
    expect(page.get_by_text("imported codes", exact=True)).to_be_visible()
    expect(page.get_by_text("Changes", exact=True)).to_be_visible()
    found += violations(producer, "entry")

    producer.open("portal/auditentry/")
    write(page, page.locator("#searchbar"), "First light")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]q=First"))
    expect(rows.filter(has_text="published").first).to_be_visible()
    assert rows.count() == rows.filter(has_text="First light").count()
    reach(page, rows.first.get_by_role("link").first)
    assert found == []
