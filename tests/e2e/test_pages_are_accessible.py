"""Every page that viewers meet, in every state, as axe, a phone and a dark room judge it (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import wait_for
from tests.e2e.watching import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER, CAPE, BLADE = "Comet banner", "Cape of the north", "Dawn blade"
NewViewer = Callable[..., Viewer]


class Judge:
    """Has axe look at the page as it is, on a desktop and on a phone, and remembers what it found."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.found: list[str] = []
        self.seen: list[str] = []

    def look(self, name: str) -> None:
        page, watch = self.viewer.page, self.viewer.watch
        self.seen.append(name)
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            watch.width = size["width"]
            watch.check_fits()
            for violation in Axe().run(page).response["violations"]:
                where = [node["target"] for node in violation["nodes"]][:3]
                self.found.append(f"{name} at {size['width']} px: {violation['id']} ({violation['help']}) {where}")
        assert page.locator("h1").count() == 1, name

    def visit(self, path: str, name: str, *, status: int = 200) -> None:
        answer = self.viewer.page.goto(f"{self.viewer.portal.url}{path}")
        assert answer is not None
        assert answer.status == status, name
        self.look(name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_that_viewers_meet(sandbox: Sandbox, new_viewer: NewViewer, scheme: str) -> None:
    viewer, other = new_viewer(phone=False, scheme=scheme, scripts=True), new_viewer()
    kick, taken = sandbox.add_user("kick", viewer.name), sandbox.add_user("kick", other.name)
    other.sign_up()
    other.link("kick", taken)
    judge = Judge(viewer)
    look_at_public_pages(judge)
    look_at_pages_on_the_way_to_a_link(judge, mine=kick, taken=taken)
    look_at_own_pages(judge, sandbox, kick)
    assert judge.found == []
    assert len(judge.seen) >= 32


def look_at_public_pages(judge: Judge) -> None:
    """What everybody can see."""
    viewer, page = judge.viewer, judge.viewer.page
    judge.visit("/", "home")
    judge.visit("/accounts/login/", "sign-in")
    judge.visit("/accounts/signup/", "sign-up")
    page.get_by_role("button", name="Create account").click()
    judge.visit("/accounts/password/reset/", "password reset")
    judge.visit("/no/such/page", "404", status=404)
    judge.visit("/connect/northwind/", "studio")
    judge.visit("/connect/northwind/starfall/", "game, signed out")
    for campaign in ("First light", "Night watch"):
        viewer.open_link_page()
        page.get_by_role("link", name=campaign).click()
        judge.look(f"campaign {campaign}, signed out")
    page.goto(f"{viewer.portal.url}/accounts/login/")
    page.locator("input[name=login]").fill("nobody")
    page.locator("input[name=password]").fill("wrong")
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    judge.look("sign-in, refused")


def look_at_pages_on_the_way_to_a_link(judge: Judge, *, mine: str, taken: str) -> None:
    """The link page and the confirm page in each of their states."""
    viewer, page = judge.viewer, judge.viewer.page
    viewer.open_link_page()
    viewer.go_to_platform("kick")
    viewer.consent_as(taken)
    judge.look("confirm, without a game account")
    viewer.sign_up()
    judge.look("game, account that waits to be confirmed")
    judge.visit("/connect/northwind/starfall/confirm/kick/", "confirm, refused")
    page.get_by_role("button", name="Back to Starfall").click()
    judge.look("game, signed in and not linked")
    judge.visit("/inventory/", "inventory, empty")
    judge.visit("/connections/", "connections, empty")
    judge.visit("/connect/northwind/starfall/confirm/kick/", "confirm, nothing waits")
    viewer.open_link_page()
    viewer.go_to_platform("kick")
    page.get_by_role("button", name="Deny").click()
    judge.look("consent denied")

    viewer.open_link_page()
    viewer.connect("kick", mine)
    judge.look("confirm")
    viewer.confirm()
    judge.look("game, just linked")
    judge.visit("/connections/", "connections")
    page.get_by_role("link", name="Unlink").click()
    judge.look("unlink")


def look_at_own_pages(judge: Judge, sandbox: Sandbox, kick: str) -> None:
    """Inventory, claims and account, with claims in several states."""
    viewer, page, portal = judge.viewer, judge.viewer.page, judge.viewer.portal
    sandbox.claim("kick", kick, BANNER)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=10, what="delivered")
    sandbox.tell_game("404")
    sandbox.claim("kick", kick, CAPE)
    wait_for(lambda: viewer.state_of(CAPE) == "On its way", seconds=10, what="on its way")
    judge.look("inventory, delivered and on its way")
    page.get_by_role("link", name=f"Details {BANNER}").click()
    judge.look("claim, delivered")
    page.goto(f"{portal.url}/inventory/")
    page.get_by_role("link", name=f"Details {CAPE}").click()
    judge.look("claim, on its way")

    page.goto(f"{portal.url}/connections/")
    page.get_by_role("link", name="Unlink").click()
    page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("The accounts are unlinked")).to_be_visible()
    judge.look("connections, unlinked")
    sandbox.claim("kick", kick, BLADE)
    judge.visit("/inventory/", "inventory, after unlinking")
    judge.visit("/inventory/history/", "closed campaigns, none")
    viewer.open_link_page()
    page.get_by_role("link", name="Night watch").click()
    judge.look("campaign, signed in")
    judge.visit("/accounts/email/", "account")
    judge.visit("/accounts/password/change/", "password change")
    judge.visit("/accounts/2fa/", "second factors")
    judge.visit("/accounts/logout/", "sign-out")
