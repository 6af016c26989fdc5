"""An owner's way with an API client, by keyboard alone: make it, copy its secret, try it, renew it, revoke it (A1, S2)."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.keyboard import press, reach
from tests.e2e.people import Producer
from tests.e2e.portal import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def token_with(portal: RunningPortal, client_id: str, secret: str) -> tuple[int, str]:
    """Ask for a token as Twitch's clients do; return the status and the token."""
    asked = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    status, body = call(f"{portal.url}/oauth2/token", data=urllib.parse.urlencode(asked).encode())
    return status, body.get("access_token", "")


def call(url: str, *, data: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def claims_with(portal: RunningPortal, client_id: str, token: str) -> int:
    """Return how a list of claims is answered."""
    headers = {"Authorization": f"Bearer {token}", "Client-Id": client_id}
    return call(f"{portal.url}/helix/entitlements/drops", headers=headers)[0]


def shown_secret(page: Page) -> str:
    """Press the button that copies the secret and return what is in the clipboard."""
    press(page, button(page, "Copy the secret"))
    expect(page.locator("#client-secret-copied")).to_have_text("Copied.")
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#client-secret").inner_text()
    return copied


def renew(page: Page, overlap: str) -> str:
    """From the client's page make a new secret and return it; ends on the client's page."""
    press(page, page.get_by_role("link", name="New secret …"))
    choice = page.get_by_label("The present secret stays valid for")
    reach(page, choice)
    page.keyboard.type(overlap)
    expect(choice.locator("option:checked")).to_have_text(overlap)
    press(page, button(page, "Make a new secret"))
    secret = shown_secret(page)
    press(page, page.get_by_role("link", name="I have copied it"))
    return secret


def test_a1_an_api_client_is_made_tried_renewed_and_revoked_with_the_keyboard(
    portal: RunningPortal, producer: Producer
) -> None:
    page = producer.page
    producer.watch.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=portal.url)
    client_id, first = make(producer)
    try_the_examples(page)
    producer.watch.check_fits()
    press(page, page.get_by_role("link", name="I have copied it"))
    expect(page.locator("[name=name]")).to_have_value("Mailbox service")
    page.go_back()
    expect(page.locator("body")).to_contain_text("There is no secret to show")
    assert first not in page.content()
    page.go_forward()

    status, token = token_with(portal, client_id, first)
    assert (status, claims_with(portal, client_id, token)) == (200, 200)
    second = renew(page, "7 days")
    assert [token_with(portal, client_id, secret)[0] for secret in (first, second)] == [200, 200]
    press(page, page.get_by_role("link", name="Forget the old secret …"))
    press(page, button(page, "Forget it now"))
    expect(page.locator("body")).to_contain_text("The old secret no longer works")
    assert token_with(portal, client_id, first)[0] in (400, 401, 403)
    assert token_with(portal, client_id, second)[0] == 200
    third = renew(page, "not at all")
    assert token_with(portal, client_id, second)[0] in (400, 401, 403)
    assert token_with(portal, client_id, third)[0] == 200
    assert claims_with(portal, client_id, token) == 200, "tokens outlive the secret they were got with"

    press(page, page.get_by_role("link", name="End its tokens …"))
    press(page, button(page, "End its tokens"))
    expect(page.locator("body")).to_contain_text("Its tokens have ended")
    assert claims_with(portal, client_id, token) == 401
    _status, token = token_with(portal, client_id, third)

    press(page, page.get_by_role("link", name="Revoke …"))
    expect(page.locator("body")).to_contain_text("This is final")
    press(page, button(page, "Revoke it for good"))
    expect(page.locator("body")).to_contain_text("is revoked. Its calls are refused from now on")
    assert claims_with(portal, client_id, token) == 401
    assert token_with(portal, client_id, third)[0] in (400, 401, 403)
    producer.open("fulfillment/apiclient/?state=revoked")
    expect(page.locator("#result_list")).to_contain_text("Mailbox service")


def make(producer: Producer) -> tuple[str, str]:
    """Make a client from the menu on, and return its id and secret; ends on the page that shows them."""
    page = producer.page
    producer.open("")
    press(page, page.get_by_role("link", name="API clients"))
    press(page, page.locator("a[href$='/fulfillment/apiclient/add/']").first)
    reach(page, page.locator("[name=name]"))
    page.keyboard.type("Mailbox service")
    figures = page.get_by_role("checkbox", name="read a game's figures")
    press(page, figures, "Space")
    expect(figures).to_be_checked()
    press(page, button(page, "Save"))
    expect(page.locator("body")).to_contain_text("it is shown this once")
    press(page, button(page, "Copy the id"))
    expect(page.locator("#client-id-copied")).to_have_text("Copied.")
    client_id: str = page.evaluate("navigator.clipboard.readText()")
    assert client_id == page.locator("#client-id").inner_text()
    return client_id, shown_secret(page)


def try_the_examples(page: Page) -> None:
    """Paste what the page shows into a shell, for both shapes."""
    for number, expected in ((1, '"pagination":{'), (2, '"message":"OK"')):
        commands = page.locator(f"#calls-{number}").inner_text()
        done = subprocess.run(["bash", "-c", commands], capture_output=True, text=True, timeout=30, check=False)
        assert done.stdout.startswith("HTTP/1.1 200"), done.stdout + done.stderr
        assert expected in done.stdout


def test_without_the_script_one_click_selects_the_secret(producer: Producer) -> None:
    page = producer.page
    page.route("**/copy*.js", lambda route: route.abort())
    producer.open("fulfillment/apiclient/add/")
    page.locator("[name=name]").fill("Without a button")
    button(page, "Save").click()
    expect(button(page, "Copy the secret")).to_be_hidden()
    page.locator("#client-secret").click()
    assert page.evaluate("getSelection().toString()").strip() == page.locator("#client-secret").inner_text()
