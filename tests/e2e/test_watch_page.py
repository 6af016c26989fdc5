"""The README's walk through watch time: link on Twitch, watch in the sandbox, see it count, claim, and have it in the game."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CAMPAIGN, LANTERN, LANTERN_ITEM = "Night watch", "Star lantern", "starfall.lantern.star"
FIGURES = """
from campaigns.models import CampaignFigures
figures = CampaignFigures.objects.filter(campaign__name="Night watch").values("watched_minutes", "viewers").first()
print(json.dumps(figures or {"watched_minutes": 0, "viewers": 0}))
"""

NewViewer = Callable[..., Viewer]


def minutes_of(portal: RunningPortal) -> int:
    """How many minutes the demo's campaign has counted so far."""
    return int(portal.ask(FIGURES)["watched_minutes"])


def progress_of(viewer: Viewer) -> str:
    """What the inventory says of the campaign that the portal counts."""
    viewer.page.goto(f"{viewer.portal.url}/inventory/")
    viewer.watch.check_fits()
    card = viewer.page.locator("article.progress-card", has=viewer.page.get_by_role("heading", name=CAMPAIGN))
    return card.inner_text()


def test_the_demo_fills_up_by_itself_and_a_new_viewer_watches_claims_and_has_it_within_minutes(
    portal: RunningPortal, sandbox: Sandbox, new_viewer: NewViewer
) -> None:
    wait_for(
        lambda: minutes_of(portal) > 1000, seconds=60, what="the crowd has caught up, so that charts are not empty"
    )
    before = minutes_of(portal)
    viewer, streamer = new_viewer(), portal.demo["twitch"]["authorized"][0]["user_id"]
    user_id = sandbox.add_user("twitch", viewer.name)
    assert "not registered" in sandbox.watch_stream("twitch", user_id, channel=streamer, minutes=2), (
        "L10: nobody is told of"
    )
    viewer.sign_up()
    viewer.link("twitch", user_id)

    def told() -> bool:
        said = sandbox.watch_stream("twitch", user_id, channel=streamer, minutes=2)
        return "2 heartbeats were sent, one for each minute, and all were accepted." in said

    wait_for(told, seconds=40, what="the portal has registered the viewer", every=1)
    wait_for(lambda: "Earned, ready to claim" in progress_of(viewer), seconds=40, what="the reward is earned", every=1)
    assert "2 of 10 minutes" in progress_of(viewer)
    viewer.page.get_by_role("button", name=f"Claim {LANTERN}").click()
    expect(viewer.page.get_by_text(f"You have claimed “{LANTERN}”")).to_be_visible()
    wait_for(lambda: portal.items_of(viewer.player_id) == [LANTERN_ITEM], seconds=20, what="the game gave it", every=1)

    assert "watches Starfall_Live" in sandbox.watch_stream("twitch", user_id, channel=streamer, minutes=3, live=True)
    wait_for(lambda: "3 of 10 minutes" in progress_of(viewer), seconds=100, what="the next minute counts", every=2)
    assert minutes_of(portal) > before + 50, "the crowd goes on watching"
