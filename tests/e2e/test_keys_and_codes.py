"""A passkey, recovery codes and the list of sessions, by keyboard alone, with a key that the browser plays (I1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.authenticator import turn_on_app
from tests.e2e.keyboard import press, write
from tests.e2e.people import PASSWORD
from tests.e2e.portal import RunningPortal
from tests.e2e.test_members import violations
from tests.e2e.watching import Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def name() -> str:
    return f"keeper-{uuid4().hex[:8]}"


@pytest.fixture
def person(name: str, browser: Browser, portal: RunningPortal) -> Iterator[Watch]:
    """Somebody with an account of their own, signed in."""
    watch = Watch(browser, reduced_motion="reduce")  # no colour is on its way when axe looks
    page = watch.page
    page.goto(f"{portal.url}/accounts/signup/")
    write(page, page.get_by_label("Username"), name)
    for field in ("password1", "password2"):
        write(page, page.locator(f"input[name={field}]"), PASSWORD)
    press(page, page.get_by_role("button", name="Create account"))
    expect(page.get_by_role("button", name="Sign out").first).to_be_visible()
    yield watch
    watch.close()
    assert watch.faults == []


def plug_in(page: Page) -> tuple[CDPSession, str]:
    """Give the browser a key that answers by itself."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})["authenticatorId"]


def confirm_if_asked(page: Page) -> None:
    """Type the password once more where a page asks who one is."""
    expect(page.locator("h1")).to_be_visible()
    if "/reauthenticate/" in page.url:
        write(page, page.get_by_label("Password", exact=True), PASSWORD)
        press(page, page.get_by_role("button", name="Confirm"))


def sign_out(page: Page) -> None:
    press(page, page.get_by_role("navigation", name="Your account").get_by_role("button", name="Sign out"))
    expect(page.get_by_text("You have signed out.")).to_be_visible()


def give_password(page: Page, portal: RunningPortal, name: str) -> None:
    """Sign in as far as the second factor is asked for."""
    page.goto(f"{portal.url}/accounts/login/?next=/accounts/2fa/")
    write(page, page.locator("input[name=login]"), name)
    write(page, page.locator("input[name=password]"), PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()


def give_code(page: Page, code: str) -> None:
    write(page, page.get_by_label("Code", exact=True), code)
    page.keyboard.press("Enter")


def add_key(page: Page, portal: RunningPortal, name: str, *, alone: bool) -> None:
    page.goto(f"{portal.url}/accounts/2fa/webauthn/add/")
    confirm_if_asked(page)
    expect(page.get_by_role("heading", name="Add a key")).to_be_visible()
    write(page, page.get_by_label("Name, to tell it from your other keys"), name)
    if alone:
        press(page, page.get_by_label("A passkey: sign in with it alone"), "Space")
    press(page, page.get_by_role("button", name="Add the key"))


def test_i1_a_passkey_signs_in_alone_and_says_when_it_cannot(person: Watch, portal: RunningPortal, name: str) -> None:
    page, found = person.page, list[str]()
    key, authenticator = plug_in(page)
    add_key(page, portal, "Laptop", alone=True)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    add_key(page, portal, "Laptop again", alone=True)
    expect(page.get_by_role("alert")).to_contain_text("This key is added already")
    found += violations(person)

    sign_out(page)
    page.goto(f"{portal.url}/accounts/login/?next=/accounts/sessions/")
    press(page, page.get_by_role("button", name="Sign in with a passkey"))
    expect(page.get_by_text("This browser")).to_be_visible()
    sign_out(page)
    give_password(page, portal, name)
    found += violations(person)
    press(page, page.get_by_role("button", name="Use a key instead"))
    expect(page.get_by_text("You have added 1 key.")).to_be_visible()

    press(page, page.get_by_role("link", name="See your keys"))
    press(page, page.get_by_role("link", name="Remove Laptop"))
    confirm_if_asked(page)
    expect(page.get_by_role("heading", name="Remove Laptop?")).to_be_visible()
    found += violations(person)
    press(page, page.get_by_role("button", name="Remove"))
    expect(page.get_by_text("You have not added a key yet.")).to_be_visible()
    sign_out(page)
    key.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
    page.goto(f"{portal.url}/accounts/login/")
    press(page, page.get_by_role("button", name="Sign in with a passkey"))
    expect(page.get_by_role("alert")).to_contain_text("No key was used")
    found += violations(person)
    assert found == []


def test_i1_a_recovery_code_opens_once_and_new_ones_end_the_old(
    person: Watch, browser: Browser, portal: RunningPortal, name: str
) -> None:
    page, found = person.page, list[str]()
    page.goto(f"{portal.url}/accounts/2fa/totp/activate/")
    confirm_if_asked(page)
    secret = page.locator("code.secret").inner_text()
    write(page, page.locator("input[name=code]"), "not it")
    press(page, page.get_by_role("button", name="Turn on"))
    expect(page.get_by_text("Incorrect code.").first).to_be_visible()
    turn_on_app(page, secret, then="10 codes of 10 are left.")
    found += violations(person)
    with page.expect_download() as download:
        press(page, page.get_by_role("link", name="Download the codes"))
    codes = Path(download.value.path()).read_text().split()
    assert codes == page.locator(".codes code").all_inner_texts()

    sign_out(page)
    give_password(page, portal, name)
    expect(page.get_by_role("button", name="Use a key instead")).to_have_count(0)
    give_code(page, codes[0])
    expect(page.get_by_text("9 codes are left.")).to_be_visible()
    elsewhere = Watch(browser, phone=True)
    give_password(elsewhere.page, portal, name)
    give_code(elsewhere.page, codes[0])
    expect(elsewhere.page.get_by_text("Incorrect code.").first).to_be_visible()
    elsewhere.check_fits()
    give_code(elsewhere.page, codes[1])
    expect(elsewhere.page.get_by_text("8 codes are left.")).to_be_visible()

    page.goto(f"{portal.url}/accounts/sessions/")
    press(page, page.get_by_role("button", name="Sign out all others"))
    expect(page.locator(".rows > li")).to_have_count(1)
    elsewhere.page.reload()
    expect(elsewhere.page).to_have_url(re.compile("/accounts/login/"))

    page.goto(f"{portal.url}/accounts/2fa/recovery-codes/generate/")
    confirm_if_asked(page)
    expect(page.get_by_text("8 codes that you have now end at once")).to_be_visible()
    found += violations(person)
    press(page, page.get_by_role("button", name="Make new codes"))
    expect(page.get_by_text("10 codes of 10 are left.")).to_be_visible()
    give_password(elsewhere.page, portal, name)
    give_code(elsewhere.page, codes[2])
    expect(elsewhere.page.get_by_text("Incorrect code.").first).to_be_visible()
    elsewhere.close()
    assert elsewhere.faults == []
    assert found == []
