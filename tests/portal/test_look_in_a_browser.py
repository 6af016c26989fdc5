"""Viewer pages in a real browser: accessible (axe), reflowing at 320 px, quiet under the strict content security policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser

from tests.browsers import chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "home",
    "account_login",
    "account_signup",
    "account_reset_password",
    "socialaccount_login_cancelled",
    "api",
    "404",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_public_pages_are_accessible_reflow_and_break_no_policy(
    browser: Browser, live_server: Any, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on(
        "console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None
    )
    for name in PAGES:
        path = "/no/such/page" if name == "404" else reverse(name)
        answer = page.goto(live_server.url + path)
        assert answer is not None
        assert answer.status == (404 if name == "404" else 200), name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        violations = Axe().run(page).response["violations"]
        assert [(name, violation["id"]) for violation in violations] == []
    context.close()
    assert faults == []


def test_2_4_7_the_first_key_press_shows_the_way_past_the_header(browser: Browser, live_server: Any) -> None:
    page = browser.new_page()
    page.goto(live_server.url + reverse("home"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_every_control_of_the_sign_in_is_large_enough_for_a_thumb(browser: Browser, live_server: Any) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(live_server.url + reverse("account_login"))
    heights = page.evaluate(
        "[...document.querySelectorAll('.button, .field input:not([type=checkbox]), .site-nav a')]"
        ".map(e => e.getBoundingClientRect().height)"
    )
    page.close()
    assert len(heights) >= 4
    assert min(heights) >= 44
