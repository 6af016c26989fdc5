"""A platform at its worst, and every claim comes through: delivered once, told once, and the health page says it (F6, F7)."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.people import Producer
from tests.e2e.portal import RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow(minutes=5)]

EACH = int(os.environ.get("IN_STEP_CLAIMS", "500"))
"""Claims on each platform. 2500 take about six minutes."""

DATABASE_URL = os.environ.get("IN_STEP_DATABASE_URL", "")
"""SQLite unless another is named; it is left as it is."""

PLATFORMS = ("twitch", "kick")
MINUTES = 20
STORM = {
    "webhooks_dropped": 30,
    "webhooks_doubled": 20,
    "calls_failing": 20,
    "hang_seconds": 1,
    "retry_after_seconds": 1,
    "seed": 5,
}

LINK = """
from campaigns.models import Game, Viewer
from django.utils import timezone
from fulfillment.models import CodePool, RewardCode
from linking.models import Link, Player
RewardCode.objects.all().delete()  # what is claimed is counted in the game, and no pool is to run out
CodePool.objects.all().delete()
game = Game.objects.select_related("organization").get()
for platform, first in (("twitch", 7_000_000_000), ("kick", 8_000_000_000)):
    numbers = range(1, {each} + 1)
    viewers = Viewer.objects.bulk_create([
        Viewer(organization=game.organization, platform=platform, platform_user_id=str(first + number), name=f"v{{number}}")
        for number in numbers], batch_size=500)
    players = Player.objects.bulk_create([
        Player(game=game, player_id=f"{{platform}}-{{number}}", name=f"P{{number}}") for number in numbers], batch_size=500)
    Link.objects.bulk_create([
        Link(game=game, viewer=viewer, player=player, platform=platform, started_at=timezone.now())
        for viewer, player in zip(viewers, players)], batch_size=500)
print(json.dumps(Link.objects.count()))
"""

LOOK = """
from collections import Counter
from django.db.models import Sum
from fulfillment.models import ArrivalCount, Claim, Sweep
arrived = ArrivalCount.objects.values_list("platform", "source").annotate(Sum("claims"))
print(json.dumps({
    "states": Counter(Claim.objects.values_list("state", flat=True)),
    "untold": Claim.objects.filter(written_back_at=None).count(),
    "arrived": [list(row) for row in arrived],
    "swept": Sweep.objects.filter(full=True, finished_at__isnull=False).values("credential").distinct().count(),
}))
"""

ONCE = """
from collections import Counter
from django.db.models import Count, F
from fulfillment.models import Claim, ClaimEvent
moves = ClaimEvent.objects.exclude(from_state=F("to_state")).filter(to_state__in=["delivered", "confirmed"])
counted = moves.values("claim", "to_state").annotate(n=Count("pk")).values_list("to_state", "n")
print(json.dumps(sorted([list(key), count] for key, count in Counter(counted).items())))
"""


class Storm:
    """A portal whose platforms fail as told, seen from the programs' side."""

    def __init__(self, portal: RunningPortal) -> None:
        self.portal = portal

    def faults(self, **faults: Any) -> None:
        for platform in PLATFORMS:
            self._send("PUT", f"/console/{platform}/faults.json", faults)

    def claims(self) -> dict[str, dict[str, Any]]:
        """Have all viewers claim; return by platform what became of the webhooks."""
        return {
            platform: self._send("POST", f"/console/{platform}/claims.json", {"count": EACH, "first_user": 1})
            for platform in PLATFORMS
        }

    def there(self) -> dict[str, dict[str, int]]:
        """Return how many claims the platforms have in which status."""
        return {
            platform: self._send("GET", f"/console/{platform}/claims.json", None)["by_status"] for platform in PLATFORMS
        }

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self.portal.ask(LOOK)
        return found

    def _send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.portal.sandbox_url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Storm]:
    """A portal of its own: what happens here would be seen on everybody's pages."""
    with RunningPortal(tmp_path, database_url=DATABASE_URL) as portal:
        yield Storm(portal)


def test_f7_through_lost_doubled_and_failing_calls_every_claim_is_delivered_and_told_once(
    storm: Storm, browser: Browser
) -> None:
    assert storm.portal.ask(LINK.format(each=EACH)) >= 2 * EACH
    producer = Producer(browser, storm.portal)
    producer.sign_in()
    # The first sweep of each platform brings the past: what it finds is no fault of the webhooks.
    wait_for(lambda: storm.look()["swept"] == len(PLATFORMS), seconds=240, what="the first sweeps", every=5)
    storm.faults(**STORM)
    told = storm.claims()
    lost = {platform: made["withheld"] for platform, made in told.items()}
    assert all(EACH * 0.2 < count < EACH * 0.4 for count in lost.values()), "the storm is one"

    until = time.monotonic() + MINUTES * 60
    said: set[str] = set()
    while True:
        _sweep(producer)
        seen = storm.look()
        said |= _page_and_ledger_agree(storm, producer)
        print(time.strftime("%H:%M:%S"), seen, file=sys.stderr)
        if seen["states"] == {"confirmed": 2 * EACH} and not seen["untold"]:
            break
        assert time.monotonic() < until, (seen, storm.portal.logs())
        time.sleep(5)
    assert said & {"failing", "paused", "gaps", "silent", "outage"}, said

    items = storm.portal.game()["items"]
    assert len(items) == 2 * EACH
    assert len({(item["player_id"], item["item"]) for item in items}) == 2 * EACH
    assert storm.portal.ask(ONCE) == [[["confirmed", 1], 2 * EACH], [["delivered", 1], 2 * EACH]]
    arrived = {(platform, source): count for platform, source, count in seen["arrived"]}
    for platform in PLATFORMS:
        assert arrived[platform, "webhook"] + arrived[platform, "sweep"] == EACH
        assert arrived[platform, "sweep"] >= lost[platform]

    # What a platform took without doing it is found by the next sweeps, and told again.
    storm.faults()
    wait_for(lambda: _all_done_there(storm, producer), seconds=300, what="all done on both platforms", every=5)
    producer.watch.close()


def _sweep(producer: Producer) -> None:
    """Press *Sweep now* for each platform, where no sweep runs already."""
    for place in range(len(PLATFORMS)):
        producer.open("health/")
        buttons = producer.page.get_by_role("button", name="Sweep now")
        if buttons.count() > place:
            buttons.nth(place).click()


def _page_and_ledger_agree(storm: Storm, producer: Producer) -> set[str]:
    """Hold the page's figures against the ledger's own; return what is said to be the matter."""
    before = storm.look()["arrived"]
    producer.open("health.json")
    document = json.loads(producer.page.locator("body").inner_text())
    after = storm.look()["arrived"]
    for one in document["platforms"]:
        for source in ("webhook", "sweep"):
            least, most = (
                sum(count for platform, of, count in rows if (platform, of) == (one["platform"], source))
                for rows in (before, after)
            )
            assert least <= one[f"by_{source}"] <= most, (source, one, before, after)
    return {condition["what"] for one in document["platforms"] for condition in one["conditions"]}


def _all_done_there(storm: Storm, producer: Producer) -> bool:
    _sweep(producer)
    there = storm.there()
    return there == {"twitch": {"FULFILLED": EACH}, "kick": {"processed": EACH}}


def test_f7_the_health_page_says_in_words_that_a_platform_is_away(storm: Storm, browser: Browser) -> None:
    producer = Producer(browser, storm.portal)
    producer.sign_in()
    storm.faults(outage="503")
    _sweep(producer)
    wait_for(lambda: _body(producer, "503"), seconds=180, what="the page says that calls fail", every=3)
    storm.faults()
    wait_for(lambda: not _body(producer, "503"), seconds=240, what="the page says that it is over", every=3)
    expect(producer.page.locator("body")).not_to_contain_text("500")
    producer.watch.close()


def _body(producer: Producer, text: str) -> bool:
    producer.open("health/")
    return text in producer.page.locator("body").inner_text()
