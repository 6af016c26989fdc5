"""Linking, with everything that people do besides: refuse, go back, press twice, use another's account, change their mind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER = "Comet banner"
NewViewer = Callable[..., Viewer]


def test_who_refuses_consent_is_told_that_nothing_happened_and_can_try_again(
    sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.go_to_platform("kick")
    viewer.page.get_by_role("button", name="Deny").click()
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text("You did not connect an account")
    viewer.watch.check_fits()
    viewer.page.get_by_role("link", name="Back to Starfall").click()
    expect(viewer.page).to_have_url(viewer.link_page)
    viewer.link("kick", user_id)


def test_l1_the_platform_may_come_first_and_the_game_account_second(sandbox: Sandbox, new_viewer: NewViewer) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("twitch", viewer.name)
    viewer.open_link_page()
    viewer.go_to_platform("twitch")
    viewer.consent_as(user_id)
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text("Now your game account")
    viewer.watch.check_fits()
    viewer.page.locator("main").get_by_role("link", name="Create an account").click()
    viewer.page.get_by_label("Username").fill(viewer.name)
    viewer.page.locator("input[name=password1]").fill("a-comet-rises-7391")
    viewer.page.locator("input[name=password2]").fill("a-comet-rises-7391")
    viewer.page.get_by_role("button", name="Create account").click()
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text("Are these both yours?")
    viewer.confirm()


def test_l6_a_platform_account_that_is_linked_elsewhere_is_refused_with_the_reason_and_a_way_out(
    sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    first, second = new_viewer(), new_viewer()
    user_id = sandbox.add_user("kick", first.name)
    first.sign_up()
    first.link("kick", user_id)

    second.sign_up()
    second.go_to_platform("kick")
    second.consent_as(user_id)
    expect(second.page.get_by_role("heading", level=1)).to_have_text("These accounts cannot be linked now")
    expect(second.page.locator("main")).to_contain_text("is linked to another game account already")
    expect(second.page.locator("main")).to_contain_text("unlink it there")
    second.watch.check_fits()
    second.page.get_by_role("button", name="Back to Starfall").click()
    expect(second.page.get_by_role("button", name="Connect Kick")).to_be_visible()

    other_id = sandbox.add_user("kick", second.name)
    second.link("kick", other_id)


def test_l5_a_game_account_takes_one_account_of_each_platform(sandbox: Sandbox, new_viewer: NewViewer) -> None:
    viewer = new_viewer()
    mine, another = sandbox.add_user("kick", viewer.name), sandbox.add_user("kick", f"{viewer.name}b")
    twitch = sandbox.add_user("twitch", viewer.name)
    viewer.sign_up()
    # The confirm page of another tab is opened before the first link is made.
    viewer.connect("kick", another)
    waiting = viewer.page.url
    viewer.open_link_page()
    viewer.page.goto(waiting)
    viewer.page.locator(".pair-side", has_text="Kick").get_by_role("button", name="Not you? Switch").click()
    viewer.consent_as(mine)
    viewer.confirm()
    viewer.link("twitch", twitch)
    expect(viewer.page.get_by_role("button", name="Connect")).to_have_count(0)


def test_pressing_confirm_twice_makes_one_link(portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.connect("kick", user_id)
    again = viewer.watch.context.new_page()
    again.goto(viewer.page.url)
    viewer.confirm()
    again.get_by_role("button", name="Link these accounts").click()
    expect(again.get_by_text("Your accounts are linked")).to_be_visible()
    viewer.page.goto(f"{portal.url}/connections/")
    expect(viewer.page.get_by_role("link", name="Unlink")).to_have_count(1)


def test_the_back_button_does_no_harm_anywhere_on_the_way(sandbox: Sandbox, new_viewer: NewViewer) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.connect("kick", user_id)
    viewer.page.go_back()  # to the consent page, whose answer was used already
    viewer.consent_as(user_id)
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text("This sign-in is too old, or was used already")
    viewer.watch.check_fits()
    viewer.page.get_by_role("link", name="Back to Starfall").click()
    viewer.page.get_by_role("link", name="Look at both accounts and confirm").click()
    viewer.confirm()
    viewer.page.go_back()  # to the confirm page, which has nothing left to confirm
    expect(viewer.page.get_by_text("Your accounts are linked")).to_be_visible()


def test_l8_who_unlinks_is_told_what_stays_and_what_ends_and_claims_wait_from_then_on(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    player_id = viewer.player_id
    viewer.link("kick", user_id)
    viewer.page.goto(f"{portal.url}/connections/")
    viewer.watch.check_fits()
    viewer.page.get_by_role("link", name="Unlink").click()
    expect(viewer.page.get_by_role("heading", level=1)).to_contain_text(f"Unlink the Kick account {viewer.name}?")
    expect(viewer.page.get_by_role("heading", name="What stays")).to_be_visible()
    expect(viewer.page.get_by_role("heading", name="What ends")).to_be_visible()
    viewer.watch.check_fits()
    viewer.page.get_by_role("button", name="Unlink").click()
    expect(viewer.page.get_by_text("The accounts are unlinked")).to_be_visible()
    expect(viewer.page.get_by_role("heading", name="Earlier links")).to_be_visible()
    viewer.watch.check_fits()

    sandbox.claim("kick", user_id, BANNER)
    viewer.open_link_page()
    viewer.link("kick", user_id)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=5, what="delivered after linking again")
    assert len(portal.items_of(player_id)) == 1


def test_2_1_1_the_whole_way_from_the_link_page_to_the_link_works_by_keyboard_and_the_focus_is_seen(
    sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer(phone=False)
    user_id = sandbox.add_user("kick", viewer.name)
    page = viewer.page
    viewer.open_link_page()
    press_on(viewer, "Create an account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Create an account")
    for field, text in (
        ("username", viewer.name),
        ("password1", "a-comet-rises-7391"),
        ("password2", "a-comet-rises-7391"),
    ):
        tab_to(viewer, f"document.activeElement.name === '{field}'")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page).to_have_url(viewer.link_page)
    press_on(viewer, "Connect Kick")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect your Kick account?")
    tab_to(viewer, "document.activeElement.type === 'radio'")
    for _ in range(60):
        if page.evaluate("document.activeElement.value") == user_id:
            break
        page.keyboard.press("ArrowUp")
    press_on(viewer, "Allow")
    expect(page.get_by_role("heading", level=1)).to_have_text("Are these both yours?")
    press_on(viewer, "Link these accounts")
    expect(page.get_by_text("Your accounts are linked")).to_be_visible()


SEEN = """() => {
  const focused = document.activeElement, style = getComputedStyle(focused), box = focused.getBoundingClientRect();
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1.5;
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const open = top !== null && (focused.contains(top) || top.contains(focused) || !!top.closest('label'));
  return (ring || style.boxShadow !== 'none') && open && focused !== document.body
    ? '' : `${focused.outerHTML.slice(0, 120)} ring=${style.outlineStyle} ${style.outlineWidth} uncovered=${open}`;
}"""


def tab_to(viewer: Viewer, condition: str) -> None:
    """Press Tab until what has the focus is what is wanted; every stop on the way must be seen (2.4.7, 2.4.11)."""
    for _ in range(80):
        viewer.page.keyboard.press("Tab")
        assert viewer.page.evaluate(SEEN) == "", viewer.page.url
        if viewer.page.evaluate(condition):
            return
    raise AssertionError(f"No stop of the Tab key on {viewer.page.url} fulfils {condition}.")


def press_on(viewer: Viewer, label: str) -> None:
    """Tab to a link or button by its words, and press Enter."""
    tab_to(viewer, f"document.activeElement.innerText.trim() === {label!r}")
    viewer.page.keyboard.press("Enter")
