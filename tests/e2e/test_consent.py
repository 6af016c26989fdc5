"""A player allows a program to act for them, from its link to its token: on a phone, with the keyboard alone, without scripts."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.people import PASSWORD, Sandbox, Viewer
from tests.e2e.portal import RunningPortal
from tests.e2e.watching import DESKTOP, PHONE, Watch
from tests.fulfillment.oauth.walk import Verifier
from tests.loopback import LoopbackServer, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NewViewer = Callable[..., Viewer]
MOST_TABS = 40

MADE = """
from django.utils import timezone
from fulfillment.api_clients import create_client
from fulfillment.rules.scopes import SCOPES
from portal.models import Organization
client, secret = create_client(
    organization=Organization.objects.get(slug="northwind"), actor=None, now=timezone.now(), name="Starfall launcher",
    scopes=SCOPES, redirect_uris={addresses!r}, expires_at=None, other_platforms=False, completing_texts=[],
    points_per_minute=800,
)
print(json.dumps([client.oauth_id, secret]))
"""


class Launcher:
    """A native game: it listens on the player's machine for the answer, and then asks for tokens itself."""

    def __init__(self, portal: RunningPortal, machine: LoopbackServer) -> None:
        self.portal, self.machine = portal, machine
        self.address = f"http://127.0.0.1:{machine.port}/signed-in"
        self.verifier = Verifier()
        addresses = [self.address, "com.example.starfall:/signed-in", "http://[::1]:9/signed-in"]
        self.id, self.secret = portal.ask(MADE.format(addresses=addresses))

    def link(self, **changed: str) -> str:
        parameters = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.address,
            "state": "s-1",
            "code_challenge": self.verifier.challenge,
            "code_challenge_method": "S256",
            **changed,
        }
        return f"{self.portal.url}/oauth2/authorize?{urlencode(parameters)}"

    def answers(self) -> list[dict[str, str]]:
        """What arrived at the launcher's address."""
        calls = [urlsplit(request.target) for request in self.machine.requests]
        return [
            {name: values[0] for name, values in parse_qs(call.query).items()}
            for call in calls
            if call.path == "/signed-in"
        ]

    def redeem(self, code: str) -> dict[str, Any]:
        query = {
            "grant_type": "authorization_code",
            "client_id": self.id,
            "client_secret": self.secret,
            "code": code,
            "code_verifier": self.verifier.verifier,
            "redirect_uri": self.address,
        }
        return fetch(f"{self.portal.url}/oauth2/token?{urlencode(query)}", method="POST")

    def try_to_redeem(self, code: str) -> dict[str, Any] | None:
        """The same, or None if the code is refused."""
        try:
            return self.redeem(code)
        except urllib.error.HTTPError as refused:
            assert refused.code == 400
            return None

    def validate(self, token: str) -> dict[str, Any]:
        return fetch(f"{self.portal.url}/oauth2/validate", Authorization=f"OAuth {token}")


def fetch(url: str, *, method: str = "GET", **headers: str) -> dict[str, Any]:
    with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers), timeout=10) as answer:
        content: dict[str, Any] = json.load(answer)
        return content


@pytest.fixture
def launcher(portal: RunningPortal) -> Iterator[Launcher]:
    with serving(
        lambda connection, _request: connection.reply(200, b"<title>Launcher</title>You are signed in.")
    ) as machine:
        yield Launcher(portal, machine)


def reach(page: Page, name: str) -> None:
    """Go to a button by the keyboard alone. Where the keyboard is can be seen at every step."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.inner_text().strip() == name:
            assert focused.evaluate("e => getComputedStyle(e).outlineStyle") != "none"
            return
    raise AssertionError(f"The keyboard does not reach “{name}”.")


def look(watch: Watch, page: Page) -> None:
    """Have axe look at the page as it is, on a desktop and on a phone; what it finds is a fault."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        watch.width = size["width"]
        watch.check_fits()
        for violation in Axe().run(page).response["violations"]:
            watch.faults.append(
                f"{page.url} at {size['width']} px: {violation['id']} {violation['nodes'][0]['target']}"
            )
    assert page.locator("h1").count() == 1


def test_a_player_allows_it_with_the_keyboard_alone(
    sandbox: Sandbox, new_viewer: NewViewer, browser: Browser, launcher: Launcher
) -> None:
    viewer = new_viewer()
    twitch = sandbox.add_user("twitch", viewer.name)
    viewer.sign_up()
    viewer.link("twitch", twitch)

    watch = Watch(browser, phone=True, java_script_enabled=False)
    page = watch.page
    page.goto(launcher.link())
    watch.check_fits()
    page.locator("input[name=login]").focus()
    page.keyboard.type(viewer.name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Allow Starfall launcher to act for you?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Starfall launcher is a program of Northwind")
    watch.check_fits()
    reach(page, "Allow")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("You are signed in.")

    (answer,) = launcher.answers()
    assert answer["state"] == "s-1"
    with ThreadPoolExecutor(8) as at_once:
        tried = list(at_once.map(launcher.try_to_redeem, [answer["code"]] * 8))
    tokens, *others = [given for given in tried if given is not None]
    assert others == []  # a code works once, however close the calls come
    assert set(tokens) == {"access_token", "refresh_token", "expires_in", "scope", "token_type"}
    shown = launcher.validate(tokens["access_token"])
    assert (shown["client_id"], shown["user_id"]) == (launcher.id, twitch)
    assert launcher.try_to_redeem(answer["code"]) is None
    watch.close()
    assert watch.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_consent(
    sandbox: Sandbox, new_viewer: NewViewer, launcher: Launcher, scheme: str
) -> None:
    viewer = new_viewer(phone=False, scheme=scheme, scripts=True)
    page, watch = viewer.page, viewer.watch
    twitch = sandbox.add_user("twitch", viewer.name)
    viewer.sign_up()
    page.goto(launcher.link())
    expect(page.get_by_role("heading", name="First your game account")).to_be_visible()
    look(watch, page)
    page.get_by_role("link", name="To your games of").click()
    expect(page.get_by_role("heading", name="Starfall").first).to_be_visible()
    viewer.open_link_page()
    viewer.link("twitch", twitch)
    page.goto(launcher.link(redirect_uri="https://evil.example.org/"))
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    look(watch, page)
    page.goto(launcher.link())
    expect(page.get_by_role("heading", name="Allow Starfall launcher to act for you?")).to_be_visible()
    look(watch, page)
    page.get_by_role("button", name="Do not allow").click()
    expect(page.locator("body")).to_contain_text("You are signed in.")
    assert launcher.answers()[-1]["error"] == "access_denied"
    page.goto(launcher.link(redirect_uri="http://[::1]:9/signed-in"))
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", name="Back to Starfall launcher")).to_be_visible()
    look(watch, page)
    page.goto(f"{viewer.portal.url}/connections/")
    page.get_by_role("link", name="Programs that act for you").click()
    look(watch, page)


def test_the_answer_reaches_a_native_game_by_its_own_scheme(
    sandbox: Sandbox, new_viewer: NewViewer, launcher: Launcher
) -> None:
    viewer = new_viewer(phone=False)
    twitch = sandbox.add_user("twitch", viewer.name)
    viewer.sign_up()
    viewer.link("twitch", twitch)
    viewer.page.goto(launcher.link(redirect_uri="com.example.starfall:/signed-in"))
    with viewer.watch.context.expect_event("requestfailed"):  # no program here knows the scheme
        viewer.page.get_by_role("button", name="Allow", exact=True).click()
    (left,) = viewer.watch.faults
    assert left.startswith("request to another host: com.example.starfall:/signed-in?code=")
    viewer.watch.faults.clear()
