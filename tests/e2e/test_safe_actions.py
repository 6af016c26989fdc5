"""A producer grants by hand and acts on many with a second member's approval, by keyboard alone (S1, R4, D5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.keyboard import press, write
from tests.e2e.people import Producer, Sandbox
from tests.e2e.portal import RunningPortal
from tests.e2e.test_staff_pages_are_accessible import violations
from tests.e2e.watching import BY_DAY_AND_NIGHT

pytestmark = [pytest.mark.browser, pytest.mark.slow, BY_DAY_AND_NIGHT]

FIRST, SECOND = "Comet banner", "Dawn blade"


@pytest.fixture
def producer(scheme: str, browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    """The producer, signed in, for whom every action needs a second member; afterwards as it was."""
    person = Producer(browser, portal, scheme=scheme)
    person.sign_in()
    _approve_above(person, "0")
    yield person
    _approve_above(person, "1000")
    person.watch.close()
    assert person.watch.faults == []


@pytest.fixture
def second(scheme: str, browser: Browser, portal: RunningPortal) -> Iterator[Producer]:
    """The portal's administrator, signed in: another who may approve."""
    person = Producer(browser, portal, scheme=scheme)
    person.sign_in("admin")
    yield person
    person.watch.close()
    assert person.watch.faults == []


def _approve_above(producer: Producer, number: str) -> None:
    producer.open("portal/organization/")
    producer.page.locator("#result_list tbody a").first.click()
    producer.page.get_by_label("Approval above").fill(number)
    producer.page.get_by_role("button", name="Save", exact=True).click()
    expect(producer.page.get_by_text("was changed successfully")).to_be_visible()


def _grant(page: Page, producer: Producer, user_id: str) -> Iterator[str]:
    producer.open("grant/")
    yield "whom"
    write(page, page.get_by_label("Viewer or player"), user_id)
    page.keyboard.press("Enter")
    press(page, page.get_by_role("link", name="Grant to viewer").first)
    expect(page.get_by_label("Of which campaign")).to_be_visible()
    yield "campaign"
    page.get_by_label("Of which campaign").focus()
    page.keyboard.type("First light")
    press(page, page.get_by_role("button", name="Go on"))
    expect(page.get_by_text("No game account is linked.")).to_be_visible()
    yield "grant"
    page.locator("#id_offer").focus()
    page.keyboard.type(SECOND)
    write(page, page.get_by_label("Reason"), "Ticket 7: the stream froze")
    press(page, page.get_by_role("button", name="Grant", exact=True))
    expect(page.get_by_text("Granted. This is the claim")).to_be_visible()
    expect(page.get_by_text("granted by hand", exact=True)).to_be_visible()
    yield "granted claim"


def _hold_all(page: Page, producer: Producer, user_id: str) -> Iterator[str]:
    producer.open(f"fulfillment/claim/?q={user_id}")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    yield "claims"
    press(page, page.locator("#action-toggle"), "Space")
    page.locator("select[name=action]").focus()
    page.keyboard.type("Hold the chosen claims")
    press(page, page.get_by_role("button", name="Run", exact=True))
    expect(page.get_by_text("2 of the chosen claims can be changed.")).to_be_visible()
    yield "count"
    write(page, page.get_by_label("Reason"), "The item is broken")
    press(page, page.get_by_role("button", name="Ask a second member"))
    expect(page.get_by_role("heading", name="Waits for the approval of a second member")).to_be_visible()
    yield "waits, for who asked"


def _approve(page: Page, second: Producer) -> Iterator[str]:
    second.open("")
    press(page, page.locator("#content").get_by_role("link", name="Bulk actions that wait for your approval").first)
    expect(page.locator("#result_list")).to_contain_text("waits for approval")
    yield "bulk actions"
    press(page, page.locator("#result_list tbody a").first)
    approves = page.get_by_role("button", name="Approve for 2")
    expect(approves).to_be_visible()
    yield "approve"
    press(page, approves)
    expect(page.get_by_text("Approved: it begins now.")).to_be_visible()
    expect(page.get_by_role("heading", name="Finished")).to_be_visible(timeout=30_000)
    yield "finished"


def test_a_reward_is_granted_and_many_are_held_with_a_second_members_approval(
    producer: Producer, second: Producer, sandbox: Sandbox, scheme: str
) -> None:
    user_id = sandbox.add_user("kick", f"Nora {scheme}")
    sandbox.claim("kick", user_id, FIRST)
    found: list[str] = []
    for title in _grant(producer.page, producer, user_id):
        found += violations(producer, title)
    for title in _hold_all(producer.page, producer, user_id):
        found += violations(producer, title)
    for title in _approve(second.page, second):
        found += violations(second, title)
    producer.open(f"fulfillment/claim/?q={user_id}&state=held")
    expect(producer.page.locator("#result_list tbody tr")).to_have_count(2)
    producer.open("claims/retry-since/")
    found += violations(producer, "retry since")
    assert found == []
