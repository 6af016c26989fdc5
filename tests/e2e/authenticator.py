"""An authenticator app, as somebody uses it who sets it up on the account's page."""

from __future__ import annotations

import time

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.e2e.keyboard import press, write


def turn_on_app(page: Page, secret: str, *, then: str) -> None:
    """Write the app's code until the page says ``then``: once more, should the code change on the way there."""
    said = page.get_by_text(then).first
    for _try in range(2):
        now = int(time.time()) // app_settings.TOTP_PERIOD
        write(page, page.locator("input[name=code]"), format_hotp_value(hotp_value(secret, now)))
        with page.expect_navigation():
            press(page, page.get_by_role("button", name="Turn on"))
        if said.is_visible():
            return
    expect(said).to_be_visible()
