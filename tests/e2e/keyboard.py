"""Using a page by its keys alone, as somebody without a mouse does."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

MOST_TABS = 150


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached with the Tab key: {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go to the target and press a key there."""
    reach(page, target)
    page.keyboard.press(key)


def write(page: Page, target: Locator, text: str) -> None:
    """Go to a field and replace what it says."""
    reach(page, target)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
