"""A viewer links at Twitch, Twitch names the viewer in heartbeats, and forgets the viewer with the link (L9, L10)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Producer, Sandbox, Viewer
from tests.e2e.portal import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NewViewer = Callable[..., Viewer]


def named_as(sandbox: Sandbox, user_id: str) -> str:
    """What Twitch's console says of a user: by what heartbeats name them."""
    sandbox.page.goto(f"{sandbox.url}/console/twitch/")
    row = sandbox.page.locator("tr", has=sandbox.page.get_by_text(user_id, exact=True))
    return row.locator("td[data-label='In heartbeats']").inner_text().strip()


def test_l10_whoever_links_is_registered_within_seconds_and_removed_with_the_link(
    sandbox: Sandbox, new_viewer: NewViewer, producer: Producer
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("twitch", viewer.name)
    assert named_as(sandbox, user_id) == "not named"
    viewer.sign_up()
    viewer.go_to_platform("twitch")
    expect(viewer.page.get_by_text("See which channels of the game you watch")).to_be_visible()
    viewer.watch.check_fits()
    viewer.consent_as(user_id)
    viewer.confirm()
    identifier = wait_for(
        lambda: named if (named := named_as(sandbox, user_id)) != "not named" else "", seconds=30, what="registered"
    )
    assert len(identifier) == 26, "an id of the portal's own, which tells nothing about the person"
    producer.open("campaigns/registeredidentifier/")
    row = producer.page.locator("tr", has=producer.page.get_by_text(viewer.name))
    expect(row).to_contain_text("registered")
    viewer.page.goto(f"{viewer.portal.url}/connections/")
    viewer.page.get_by_role("link", name="Unlink").click()
    viewer.page.get_by_role("button", name="Unlink").click()
    wait_for(lambda: named_as(sandbox, user_id) == "not named", seconds=120, what="removed")


def test_l9_who_disconnects_at_twitch_is_asked_to_connect_again(sandbox: Sandbox, new_viewer: NewViewer) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("twitch", viewer.name)
    viewer.sign_up()
    viewer.link("twitch", user_id)
    wait_for(lambda: named_as(sandbox, user_id) != "not named", seconds=30, what="registered")
    sandbox.page.locator("tr", has=sandbox.page.get_by_text(user_id, exact=True)).get_by_role("button").click()
    assert named_as(sandbox, user_id) == "not named"
    viewer.open_link_page()
    viewer.link("twitch", user_id)
    wait_for(lambda: named_as(sandbox, user_id) != "not named", seconds=60, what="registered again")
