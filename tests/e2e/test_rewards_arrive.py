"""The main job, seen from a viewer's phone: whatever comes first and whatever is down, the reward arrives, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER, BANNER_ITEM = "Comet banner", "starfall.banner.comet"
ITEMS = {BANNER: BANNER_ITEM, "Cape of the north": "starfall.cape.north", "Dawn blade": "starfall.blade.dawn"}
NewViewer = Callable[..., Viewer]


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_what_a_linked_viewer_claims_is_in_the_game_within_seconds(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer, platform: str
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user(platform, viewer.name)
    viewer.sign_up()
    viewer.link(platform, user_id)
    sandbox.claim(platform, user_id, BANNER)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=5, what="the inventory says delivered")
    assert portal.items_of(viewer.player_id) == [BANNER_ITEM]


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_l7_what_was_claimed_before_the_link_waits_and_goes_out_the_moment_the_link_is_made(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer, platform: str
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user(platform, viewer.name)
    sandbox.claim(platform, user_id, BANNER)
    viewer.sign_up()
    assert portal.items_of(viewer.player_id) == []
    viewer.link(platform, user_id)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=5, what="the inventory says delivered")
    assert portal.items_of(viewer.player_id) == [BANNER_ITEM]


@pytest.mark.parametrize("answer", ["500", "Close the connection"])
def test_d5_while_the_game_is_down_rewards_are_on_their_way_and_arrive_by_themselves_once_it_is_up(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer, answer: str
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    player_id = viewer.player_id
    viewer.link("kick", user_id)
    sandbox.tell_game(answer)
    for reward in ITEMS:
        sandbox.claim("kick", user_id, reward)
    # Five failures in a row open the breaker: the first attempts of three claims, and their retries 5 s later.
    wait_for(lambda: len(requests_of(portal, player_id)) >= 5, seconds=20, what="the game has refused five times")
    assert {viewer.state_of(reward) for reward in ITEMS} == {"On its way"}
    assert portal.items_of(player_id) == []

    sandbox.tell_game("Normally")
    wait_for(
        lambda: sorted(portal.items_of(player_id)) == sorted(ITEMS.values()), seconds=40, what="everything has arrived"
    )
    wait_for(
        lambda: {viewer.state_of(reward) for reward in ITEMS} == {"Delivered"},
        seconds=5,
        what="the inventory says delivered",
    )
    keys = {request["message_id"] for request in requests_of(portal, player_id)}
    assert len(keys) == len(ITEMS), "D2: every attempt for a claim carries the same key"


def test_d2_an_address_that_is_wrong_costs_no_attempt_and_is_probed_until_it_is_right(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("twitch", viewer.name)
    viewer.sign_up()
    player_id = viewer.player_id
    viewer.link("twitch", user_id)
    sandbox.tell_game("404")
    sandbox.claim("twitch", user_id, BANNER)
    wait_for(lambda: requests_of(portal, player_id), seconds=5, what="the game has refused")
    assert viewer.state_of(BANNER) == "On its way"
    sandbox.tell_game("Normally")
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=40, what="the inventory says delivered")
    assert portal.items_of(player_id) == [BANNER_ITEM]


def test_f1_a_webhook_sent_again_changes_nothing(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    viewer.sign_up()
    player_id = viewer.player_id
    for platform in ("kick", "twitch"):
        user_id = sandbox.add_user(platform, viewer.name)
        viewer.open_link_page()
        viewer.link(platform, user_id)
        reward = {"kick": BANNER, "twitch": "Dawn blade"}[platform]
        claim_id = sandbox.claim(platform, user_id, reward)
        wait_for(lambda: viewer.state_of(reward) == "Delivered", seconds=5, what="delivered")  # noqa: B023
        sandbox.send_again(claim_id)
    viewer.page.goto(f"{portal.url}/inventory/")
    expect(viewer.page.locator("article.reward")).to_have_count(2)
    assert sorted(portal.items_of(player_id)) == sorted([BANNER_ITEM, ITEMS["Dawn blade"]])
    assert len(requests_of(portal, player_id)) == 2


def test_r4_the_same_reward_claimed_twice_is_given_once_and_the_second_says_why(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    player_id = viewer.player_id
    viewer.link("kick", user_id)
    sandbox.claim("kick", user_id, BANNER)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=5, what="delivered")
    sandbox.claim("kick", user_id, BANNER)

    def states() -> list[str]:
        viewer.page.goto(f"{portal.url}/inventory/")
        return sorted(viewer.page.locator("article.reward .status").all_inner_texts())

    wait_for(lambda: states() == ["Already yours", "Delivered"], seconds=5, what="the second is known as a duplicate")
    assert portal.items_of(player_id) == [BANNER_ITEM]


def requests_of(portal: RunningPortal, player_id: str) -> list[dict[str, str]]:
    """What the game's server was asked to give to this player, oldest first."""
    return [request for request in portal.game()["requests"] if player_id in request["body"]]
