"""A person reads what they were told, chooses what comes by e-mail, and stops it with one click from a mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for
from tests.e2e.watching import DESKTOP, PHONE, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER = "Comet banner"
NewViewer = Callable[..., Viewer]

SWITCHED_ON = """
from allauth.account.models import EmailAddress
from fulfillment.models import NoticePreference
from fulfillment.notices.preferences import unsubscribe_url
from portal.models import User
user = User.objects.get(username={name!r})
EmailAddress.objects.update_or_create(user=user, email="{name}@example.org", defaults={{"verified": True}})
print(json.dumps(unsubscribe_url(NoticePreference.objects.get(user=user))))
"""
CHOSEN = """
from fulfillment.models import NoticePreference
row = NoticePreference.objects.get(user__username={name!r})
print(json.dumps([row.links, row.earned, row.expiring, row.deliveries, row.attention]))
"""


def look(watch: Watch, page: Page) -> None:
    """Have axe look at the page as it is, on a desktop and on a phone; what it finds is a fault."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        watch.width = size["width"]
        watch.check_fits()
        for violation in Axe().run(page).response["violations"]:
            where = [node["target"] for node in violation["nodes"]][:3]
            watch.faults.append(f"{page.url} at {size['width']} px: {violation['id']} {where}")
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_reads_what_they_were_told_and_decides_what_comes_by_email(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer, browser: Browser, scheme: str
) -> None:
    viewer = new_viewer(phone=False, scheme=scheme, scripts=True)
    kick = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    hide_what_one_could_take_part_in(viewer)
    viewer.open_link_page()
    viewer.link("kick", kick)
    sandbox.claim("kick", kick, BANNER)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=15, what="delivered")
    read(viewer)
    choose(viewer)
    link = portal.ask(SWITCHED_ON.format(name=viewer.name))
    viewer.page.reload()
    expect(viewer.page.get_by_text(f"E-mail goes to {viewer.name}@example.org.")).to_be_visible()
    look(viewer.watch, viewer.page)
    elsewhere = Watch(browser, scheme=scheme, java_script_enabled=True)
    stop(elsewhere, link, still_chosen=lambda: portal.ask(CHOSEN.format(name=viewer.name)))
    elsewhere.page.goto(f"{portal.url}/notices/unsubscribe/guess/")
    look(elsewhere, elsewhere.page)
    elsewhere.close()
    assert elsewhere.faults == []


def hide_what_one_could_take_part_in(viewer: Viewer) -> None:
    """See the hints for somebody who is not linked, and have them never shown again."""
    page = viewer.page
    page.goto(f"{viewer.portal.url}/notices/")
    expect(page.get_by_role("heading", name="No notices yet")).to_be_visible()
    hints = page.get_by_role("region", name="Campaigns for you")
    expect(hints).to_contain_text("Your accounts are not linked for this game yet.")
    look(viewer.watch, page)
    while page.get_by_role("button", name="Do not show again").count():
        page.get_by_role("button", name="Do not show again").first.click()
        expect(page.locator(".messages")).to_contain_text("It is not shown any more")
    page.goto(f"{viewer.portal.url}/")
    expect(hints).to_have_count(0)


def read(viewer: Viewer) -> None:
    """Find in the header that there is something new, read it, go where it leads, and mark it as read."""
    page = viewer.page
    page.get_by_role("link", name="Notices (2 unread)").click()
    expect(page.get_by_role("heading", name=f"New: {BANNER} was delivered")).to_be_visible()
    expect(page.get_by_role("heading", name="New: Your accounts are linked")).to_be_visible()
    expect(page.get_by_role("heading", name=f"{BANNER} is on its way")).not_to_contain_text("New:")
    look(viewer.watch, page)
    page.get_by_role("link", name=f"Details {BANNER} was delivered").click()
    expect(page.get_by_role("heading", name=BANNER, level=1)).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("status")).to_contain_text("2 notices are marked as read.")
    expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()


def choose(viewer: Viewer) -> None:
    """Choose two groups, while there is no address that they could go to."""
    page = viewer.page
    page.get_by_role("link", name="Choose what comes by e-mail").click()
    expect(page.get_by_text("This account has no e-mail address")).to_be_visible()
    look(viewer.watch, page)
    page.get_by_label("Deliveries").check()
    page.get_by_label("Accounts").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing is sent until your e-mail address is verified.")


def stop(elsewhere: Watch, link: str, *, still_chosen: Callable[[], list[bool]]) -> None:
    """Open the link of an e-mail where nobody is signed in: only pressing the button changes anything."""
    page = elsewhere.page
    page.goto(link)
    look(elsewhere, page)
    assert still_chosen() == [True, False, False, True, False]
    page.get_by_role("button", name="Stop all e-mail").click()
    expect(page.get_by_role("heading", name="No more e-mail")).to_be_visible()
    look(elsewhere, page)
    assert still_chosen() == [False] * 5
