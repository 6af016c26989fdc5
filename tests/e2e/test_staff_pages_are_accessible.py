"""The pages by which a producer keeps in step with platforms, as axe, a phone and a dark room judge them (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.matches import Match
from tests.e2e.people import Producer, Sandbox
from tests.e2e.portal import RunningPortal, wait_for
from tests.e2e.watching import BY_DAY_AND_NIGHT, DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow, BY_DAY_AND_NIGHT]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
"""What the law and the house ask for; landmarks, a matter of good practice, are the admin framework's."""

LISTS = {
    "start page": "",
    "health": "health/",
    "unmapped claims": "drift/",
    "reports": "reports/",
    "alerts": "fulfillment/alert/",
    "alert rules": "fulfillment/alertrule/",
    "new alert channel": "fulfillment/alertchannel/add/",
    "webhooks": "fulfillment/webhooktally/",
    "event subscriptions": "fulfillment/platformsubscription/",
    "sweeps": "fulfillment/sweep/",
}


def violations(producer: Producer, name: str) -> list[str]:
    """What axe finds on the page as it is, on a desktop and on a phone; the page must fit both."""
    page, found = producer.page, []
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        producer.watch.width = size["width"]
        producer.watch.check_fits()
        for violation in Axe().run(page, options=WCAG).response["violations"]:
            where = [node["target"] for node in violation["nodes"]][:3]
            found.append(f"{name} at {size['width']} px: {violation['id']} ({violation['help']}) {where}")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    return found


def on_the_way(page: Page, producer: Producer) -> Iterator[str]:
    """Go on to the pages behind the lists, and name each."""
    producer.open("drift/")
    page.locator("#content a[href*='/drift/map/']").first.click()
    yield "map"
    producer.open("campaigns/campaign/")
    page.get_by_role("link", name="First light").first.click()
    page.get_by_role("link", name="Console sheet").click()
    yield "console sheet"
    producer.open("portal/platformcredential/")
    page.locator("#result_list").get_by_role("link", name="Twitch").click()
    page.get_by_role("link", name="Check", exact=True).click()
    yield "check, to be begun"
    page.get_by_role("button", name="Check now").click()
    yield "check, done"
    producer.open("fulfillment/alertrule/")
    page.get_by_role("link", name="Mute or try").first.click()
    yield "alert rule"


def test_axe_finds_nothing_on_the_pages_that_keep_producers_in_step(producer: Producer, sandbox: Sandbox) -> None:
    name = f"Frost crown {producer.page.evaluate('performance.now()'):.0f}"
    sandbox.add_reward("twitch", name, f"starfall.{name.replace(' ', '.').lower()}")
    sandbox.add_campaign("twitch", name, category="Starfall", minutes={name: 30})
    sandbox.claim("twitch", sandbox.add_user("twitch", "Rita"), name)
    page = producer.page

    def is_unmapped() -> bool:
        producer.open("drift/")
        return page.locator("#content a[href*='/drift/map/']").count() > 0

    wait_for(is_unmapped, seconds=10, what="an unmapped claim")
    found: list[str] = []
    for title, path in LISTS.items():
        producer.open(path)
        found += violations(producer, title)
    for title in on_the_way(page, producer):
        page.wait_for_load_state("load")
        found += violations(producer, title)
    assert found == []


def game_state_pages(page: Page, producer: Producer, match: Match) -> Iterator[str]:
    """Go through the pages of game state while a match is played, and name each. At the end it is dropped."""
    rows = page.locator("#result_list")
    producer.open("campaigns/gatewayprocess/")
    expect(page.get_by_text("at work")).to_be_visible()
    yield "gateways"
    producer.open("campaigns/gamerecording/")
    yield "recordings"
    rows.get_by_role("link", name="match-demo").click()
    page.get_by_role("link", name="Its recording").click()
    page.get_by_label("Go to message").fill("61")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_role("heading", name="Message 61 of")).to_be_visible()
    yield "message of a recording"
    match.wait_for("kills in a row")

    def has_happened() -> bool:
        producer.open("campaigns/gameevent/")
        return rows.locator("tbody a").count() > 0

    wait_for(has_happened, seconds=20, what="the game event is in the list")
    yield "game events"
    rows.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible()
    yield "game event"
    producer.open("campaigns/gamesession/?state=connected")
    yield "sessions"
    rows.locator("tbody a").first.click()
    expect(page.get_by_text("A game server is connected.")).to_be_visible()
    page.locator("#state details summary").first.click()
    yield "session"
    page.get_by_role("link", name="Drop session").click()
    page.get_by_label("Reason").fill("Seen enough")
    yield "drop"
    page.get_by_role("button", name="Drop this session").click()
    expect(page.get_by_text("A member of staff dropped it.")).to_be_visible()
    yield "dropped session"


def test_axe_finds_nothing_on_the_pages_of_game_state_and_a_match_that_is_dropped_is_told_so(
    producer: Producer, portal: RunningPortal
) -> None:
    found: list[str] = []
    with Match(portal.folder / "var" / "demo.json", seconds=240) as match:
        for title in game_state_pages(producer.page, producer, match):
            producer.page.wait_for_load_state("load")
            found += violations(producer, title)
        match.wait_for("The session is over (dropped)", seconds=20)
    assert found == []


def test_on_a_phone_the_keyboard_reaches_the_menu_and_leaves_it(producer: Producer) -> None:
    page = producer.page
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    producer.open("health/")
    button = page.get_by_role("button", name="Menu", exact=True)
    expect(button).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#nav-sidebar a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
