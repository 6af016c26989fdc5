"""O4 for game state: SIGKILL of the gateway in the middle of a match loses no event and makes none twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.sandbox.crowd import minute_of
from portal.sandbox.live import LiveCrowd, live_crowd
from tests.e2e.killed_portal import SeparatePortal, database
from tests.e2e.matches import Match
from tests.e2e.portal import wait_for

pytestmark = pytest.mark.slow

SESSION = """
from django.db.models import Count
from campaigns.models import EarnedReward, GameEvent, GameSession, RecentViewers
session = GameSession.objects.order_by("-pk").first()
events = GameEvent.objects.filter(session=session).select_related("campaign_reward")
earned = EarnedReward.objects.filter(campaign_reward__campaign__name="Dragon hunt")
print(json.dumps({
    "key": session.session_key,
    "end": session.end_code,
    "connections": session.connections,
    "phase": json.loads(session.state)["match"]["phase"],
    "sessions": GameSession.objects.exclude(session_key="match-demo").count(),
    "events": sorted(event.campaign_reward.event_name for event in events),
    "settled": all(event.settled_at for event in events),
    "earned": sorted(earned.values("campaign_reward").annotate(n=Count("viewer")).values_list("n", flat=True)),
    "heard": RecentViewers.objects.count(),
}))
"""


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[SeparatePortal]:
    with database() as url:
        portal = SeparatePortal(tmp_path, database_url=url)
        for name in ("web", "counting", "gateway"):
            portal.start(name)
        yield portal
        portal.stop()


def session_of(portal: SeparatePortal) -> dict[str, Any]:
    found: dict[str, Any] = portal.ask(SESSION)
    return found


def test_o4_a_gateway_that_is_killed_in_a_match_loses_no_event_and_makes_none_twice(portal: SeparatePortal) -> None:
    audience = live_crowd(portal.demo["audience"], minute=minute_of(datetime.now(UTC)))
    go_on_watching(audience)
    wait_for(lambda: session_of(portal)["heard"] >= 3, seconds=30, what="the audience is counted", every=0.5)
    with Match(portal.folder / "demo.json", seconds=60) as match:
        for times, moment in enumerate(("3 kills in a row", "dragon wakes", "dragon falls"), start=1):
            match.wait_for(moment)
            go_on_watching(audience)
            portal.kill("gateway")
            match.wait_for("Connecting again in", times=times, seconds=20)
            portal.start("gateway")
            match.wait_for("Connected; live: kick:2099", times=times + 1)  # by itself
        match.finish()
    found = wait_for(lambda: settled(portal), seconds=30, what="all events are settled", every=0.5)
    assert found["events"] == ["Red wins the match", "The dragon falls", "Three kills in a row"]
    assert (found["sessions"], found["end"], found["phase"]) == (1, "disconnected", "over")
    assert found["connections"] >= 4
    assert len(found["earned"]) == 3
    assert min(found["earned"]) > 10, "the audience has all three"


def go_on_watching(audience: LiveCrowd) -> None:
    """Tell the minutes that have passed: who was heard of long ago is not there when something happens."""
    assert audience.tell(minute=minute_of(datetime.now(UTC)))[1] == ""


def settled(portal: SeparatePortal) -> dict[str, Any]:
    """Return what is stored once every event was looked at, else nothing."""
    found = session_of(portal)
    return found if found["settled"] and len(found["events"]) >= 3 else {}
