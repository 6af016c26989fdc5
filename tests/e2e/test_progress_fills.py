"""A viewer watches, sees the bar fill, claims with the keyboard alone and gets the reward: with scripts and without (F5, W5)."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CAMPAIGN, LANTERN, WAYFINDER = "Night watch", "Star lantern", "Wayfinder"
POLL_MILLISECONDS = 15_000

NewViewer = Callable[..., Viewer]


def send_heartbeat(portal: RunningPortal, user_id: str, *, minutes_ago: int) -> None:
    """Say as Kick's viewers do on the studio's site: this user watched in this minute."""
    minute = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    body = {
        "broadcaster": "700123",
        "viewers": 1,
        "viewer_list": [user_id],
        "game": "Starfall",
        "version": 1,
        "id": f"{user_id}-{minute:%H%M}",
        "time": f"{minute:%Y-%m-%dT%H:%M:%S}Z",
        "retries": 0,
    }
    request = urllib.request.Request(
        portal.demo["kick"]["heartbeat_url"],
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204


def card(page: Page) -> Locator:
    return page.locator("article.progress-card", has=page.get_by_role("heading", name=CAMPAIGN))


def judge(page: Page) -> None:
    assert [(found["id"], found["nodes"][0]["target"]) for found in Axe().run(page).response["violations"]] == []


def press_with_keyboard(page: Page, name: str) -> None:
    """Go with the Tab key to the control of this name, as who uses no mouse does, and press Enter."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText.replace(/\\s+/g, ' ').trim()") == name:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"No control called {name} is reached by the keyboard.")


def test_the_page_fills_by_itself_and_the_reward_is_claimed_by_keyboard(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer(phone=False, scripts=True)
    page, kick = viewer.page, sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.link("kick", kick)
    page.clock.install()
    page.goto(f"{portal.url}/inventory/")
    expect(card(page)).to_contain_text("0 of 2 minutes")
    judge(page)

    def polled(words: str) -> Callable[[], bool]:
        def look() -> bool:
            page.clock.run_for(POLL_MILLISECONDS)
            return words in card(page).inner_text()

        return look

    page.evaluate("window.stayed = true")
    send_heartbeat(portal, kick, minutes_ago=2)
    wait_for(polled("1 of 2 minutes"), seconds=30, what="the first minute", every=1)
    assert re.search(r"1 of 2 minutes, 1 minute left", card(page).inner_text())
    judge(page)

    send_heartbeat(portal, kick, minutes_ago=1)
    wait_for(polled("Earned, ready to claim"), seconds=30, what="the reward earned", every=1)
    expect(page.locator("#live-voice")).to_contain_text(f"{LANTERN}: Earned, ready to claim")
    judge(page)
    assert page.evaluate("window.stayed"), "the page was never reloaded"

    button = card(page).get_by_role("button", name=f"Claim {LANTERN}")
    button.focus()
    before = button.element_handle()
    # On a slow machine some minutes have passed: one that was heard of before would count for nothing more (W2).
    send_heartbeat(portal, kick, minutes_ago=9)
    page.clock.run_for(POLL_MILLISECONDS)
    assert before is not None
    assert before.evaluate("element => element === document.activeElement"), "what has the focus is left alone"

    page.evaluate("document.activeElement.blur()")
    press_with_keyboard(page, f"Claim {LANTERN}")
    expect(page.get_by_text(f"You have claimed “{LANTERN}”")).to_be_visible()
    wait_for(polled("Delivered"), seconds=30, what="the delivery", every=1)
    judge(page)
    wait_for(polled("3 of 10 minutes"), seconds=30, what="the minute that was sent meanwhile", every=1)


def test_without_scripts_a_reload_shows_the_same_and_the_button_works(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer(phone=True)
    page, kick = viewer.page, sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.link("kick", kick)
    page.get_by_role("link", name=CAMPAIGN).click()
    expect(page.get_by_role("heading", level=1, name=CAMPAIGN)).to_be_visible()
    mine = page.locator("article.progress-card", has_text="On Kick as")
    expect(mine).to_contain_text("0 of 2 minutes")
    viewer.watch.check_fits()

    def seen(words: str) -> Callable[[], bool]:
        def look() -> bool:
            page.reload()
            return words in mine.inner_text()

        return look

    for ago in (2, 1):
        send_heartbeat(portal, kick, minutes_ago=ago)
    wait_for(seen("Earned, ready to claim"), seconds=30, what="the reward earned", every=1)
    viewer.watch.check_fits()
    mine.get_by_role("button", name=f"Claim {LANTERN}").click()
    expect(page.get_by_text(f"You have claimed “{LANTERN}”")).to_be_visible()
    wait_for(seen("Delivered"), seconds=30, what="the delivery", every=1)
    expect(mine).to_contain_text("2 of 10 minutes")
    viewer.watch.check_fits()


def test_an_earned_reward_waits_for_the_link(portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer) -> None:
    viewer = new_viewer(phone=True)
    page, kick = viewer.page, sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.link("kick", kick)
    for ago in (2, 1):
        send_heartbeat(portal, kick, minutes_ago=ago)
    page.goto(f"{portal.url}/connections/")
    page.get_by_role("link", name="Unlink").click()
    page.get_by_role("button", name="Unlink").click()

    def look() -> bool:
        page.goto(f"{portal.url}/inventory/")
        return "Earned, link needed" in page.locator("main").inner_text()

    wait_for(look, seconds=30, what="the reward earned", every=1)
    viewer.watch.check_fits()
    shown = card(page)
    disabled = shown.get_by_role("button", name=f"Claim {LANTERN}")
    assert disabled.get_attribute("aria-disabled") == "true"
    disabled.click(force=True)
    expect(shown).to_contain_text("Earned, link needed")
    shown.get_by_role("link", name="Link your game account").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Starfall")
    viewer.link("kick", kick)
    page.goto(f"{portal.url}/inventory/")
    card(page).get_by_role("button", name=f"Claim {LANTERN}").click()
    expect(page.get_by_text(f"You have claimed “{LANTERN}”")).to_be_visible()
