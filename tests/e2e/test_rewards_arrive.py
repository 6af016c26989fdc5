"""The main job, seen from a viewer's phone: whatever comes first and whatever is down, the reward arrives, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER, BANNER_ITEM = "Comet banner", "starfall.banner.comet"
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
