"""G4 in a running portal: a match is played, something happens in it, and who watches has the reward, within seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.matches import Match
from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CAMPAIGN, SCALE, SCALE_ITEM = "Dragon hunt", "Dragon's scale", "starfall.scale.dragon"
WITHIN_SECONDS = 10.0

NewViewer = Callable[..., Viewer]


def hunt_of(viewer: Viewer) -> str:
    """What the inventory says of the campaign whose rewards events in the game earn."""
    viewer.page.goto(f"{viewer.portal.url}/inventory/")
    viewer.watch.check_fits()
    card = viewer.page.locator("article.progress-card", has=viewer.page.get_by_role("heading", name=CAMPAIGN))
    return card.inner_text() if card.count() else ""


def test_g4_a_match_is_played_and_who_watches_the_stream_claims_the_dragons_scale_and_has_it_in_the_game(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    watching, elsewhere = new_viewer(), new_viewer()
    streamer = portal.demo["twitch"]["authorized"][0]["user_id"]
    user_ids = {viewer.name: sandbox.add_user("twitch", viewer.name) for viewer in (watching, elsewhere)}
    for viewer in (watching, elsewhere):
        viewer.sign_up()
        viewer.link("twitch", user_ids[viewer.name])
    assert "ready to claim" not in hunt_of(watching)

    def told() -> bool:
        said = sandbox.watch_stream("twitch", user_ids[watching.name], channel=streamer, minutes=2)
        return "2 heartbeats were sent, one for each minute, and all were accepted." in said

    wait_for(told, seconds=40, what="the portal has registered the viewer", every=1)
    with Match(portal.folder / "var" / "demo.json", seconds=20) as match:
        match.wait_for("dragon falls")
        fell = time.monotonic()
        wait_for(lambda: "ready to claim" in hunt_of(watching), seconds=30, what="the reward is there", every=0.2)
        took = time.monotonic() - fell
        assert "twitch:48102299, live" in match.said
        match.finish()
    assert took < WITHIN_SECONDS, f"the reward was there after {took:.1f} s"
    assert "ready to claim" not in hunt_of(elsewhere), "who did not watch has nothing"

    hunt_of(watching)
    watching.page.get_by_role("button", name=f"Claim {SCALE}").click()
    expect(watching.page.get_by_text(f"You have claimed “{SCALE}”")).to_be_visible()
    wait_for(lambda: SCALE_ITEM in portal.items_of(watching.player_id), seconds=20, what="the game gave it", every=1)
