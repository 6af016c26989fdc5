"""O4: SIGKILL at any moment, of what takes claims in and of what delivers them, loses nothing that was acknowledged."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.killed_portal import CountingGame, SeparatePortal, database
from tests.e2e.portal import wait_for
from tests.signers import twitch

pytestmark = pytest.mark.slow

CLAIMS = 1000
BATCH = 10

# A viewer and a player for each claim: a player has a reward of a campaign once (R4).
LINKED = """
from django.utils import timezone
from campaigns.models import Game, Viewer
from fulfillment.models import Endpoint
from linking.models import Link, Player
game = Game.objects.get()
Endpoint.objects.update(url={url!r})
numbers = range({count})
viewers = Viewer.objects.bulk_create(
    Viewer(organization=game.organization, platform="twitch", platform_user_id=str(9_000_000 + n)) for n in numbers
)
players = Player.objects.bulk_create(Player(game=game, player_id=f"player-{{n}}") for n in numbers)
Link.objects.bulk_create(
    Link(game=game, viewer=viewer, player=player, platform="twitch", started_at=timezone.now())
    for viewer, player in zip(viewers, players)
)
print(json.dumps(Link.objects.filter(player__player_id__startswith="player-").count()))
"""
LEDGER = """
from collections import Counter
from django.db.models import Count, Max
from fulfillment.models import Claim, ClaimEvent, Delivery, DeliveryAttempt
delivered = ClaimEvent.objects.filter(to_state="delivered")
print(json.dumps({
    "states": Counter(Claim.objects.values_list("state", flat=True)),
    "ids": sorted(Claim.objects.values_list("pk", flat=True)),
    "delivered_once": delivered.count() == delivered.values("claim").distinct().count(),
    "leased": Delivery.objects.filter(leased=True).count(),
    "attempts": DeliveryAttempt.objects.count(),
}))
"""


@pytest.fixture
def game() -> Iterator[CountingGame]:
    game = CountingGame(seconds=0.02)
    yield game
    game.stop()


@pytest.fixture
def portal(tmp_path: Path, game: CountingGame) -> Iterator[SeparatePortal]:
    with database() as url:
        portal = SeparatePortal(tmp_path, database_url=url)
        assert portal.ask(LINKED.format(url=game.url, count=CLAIMS)) == CLAIMS
        yield portal
        portal.stop()


def test_o4_of_1000_claims_none_is_lost_when_deliveries_are_killed_again_and_again(
    portal: SeparatePortal, game: CountingGame
) -> None:
    portal.start("web")
    portal.start("deliveries")
    messages = grants(portal.demo)
    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(lambda message: send(portal, message), messages))
    assert {status // 100 for status in answers} == {2}
    for mark in (150, 400, 700):
        wait_for(lambda: game.requests >= mark, seconds=60, what=f"{mark} deliveries", every=0.01)  # noqa: B023
        portal.kill("deliveries")
        assert len(game.bodies) < CLAIMS, "killed in the middle"
        portal.start("deliveries")
    everything_arrived_once(portal, game)


def test_o4_a_claim_is_acknowledged_when_it_is_stored_and_not_before(
    portal: SeparatePortal, game: CountingGame
) -> None:
    portal.start("web")
    messages = grants(portal.demo)
    answered: set[int] = set()

    def deliver(number: int) -> None:
        if send(portal, messages[number]) // 100 == 2:
            answered.add(number)

    with ThreadPoolExecutor(8) as senders:
        running = [senders.submit(deliver, number) for number in range(len(messages))]
        wait_for(lambda: len(answered) >= len(messages) // 3, seconds=60, what="a third is answered", every=0.001)
        portal.kill("web")
        for each in running:
            each.result()
    known = acknowledged = set(answered)
    assert 0 < len(acknowledged) < len(messages), "killed in the middle"
    stored = portal.ask("from fulfillment.models import Claim\nprint(json.dumps(Claim.objects.count()))")
    assert stored >= BATCH * len(acknowledged)

    # What got no answer is sent again, as the platforms do.
    portal.start("web")
    for number in set(range(len(messages))) - known:
        assert send(portal, messages[number]) // 100 == 2
    portal.start("deliveries")
    everything_arrived_once(portal, game)


def everything_arrived_once(portal: SeparatePortal, game: CountingGame) -> None:
    """Wait until all is delivered; then compare what the game got with what the ledger says (D2, D6)."""
    wait_for(lambda: len(game.bodies) == CLAIMS, seconds=120, what="the game has heard of every claim")
    ledger = wait_for(lambda: settled(portal), seconds=60, what="the ledger says delivered", every=1)
    assert ledger["delivered_once"]
    assert ledger["leased"] == 0
    assert ledger["ids"] == sorted(game.bodies), "the idempotency key is the claim's id"
    changed = [bodies for bodies in game.bodies.values() if len(set(bodies)) > 1]
    assert changed == [], "a repeated delivery has the same key and the same body"
    players = [json.loads(bodies[0])["data"]["player"]["id"] for bodies in game.bodies.values()]
    assert len(set(players)) == CLAIMS, "the game, which gives an item once for each key, gave each player one"


def settled(portal: SeparatePortal) -> dict[str, Any]:
    """Return the ledger once it says that all is delivered, else nothing."""
    ledger: dict[str, Any] = portal.ask(LEDGER)
    return ledger if ledger["states"] == {"delivered": CLAIMS} else {}


def grants(demo: dict[str, Any]) -> list[bytes]:
    """Return Twitch's messages about 1,000 claims, ten in each (Twitch, EventSub, drop.entitlement.grant)."""
    side = demo["twitch"]
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    events = [
        {
            "id": str(uuid.uuid4()),
            "data": {
                "organization_id": side["organization_id"],
                "category_id": side["category"]["id"],
                "category_name": side["category"]["name"],
                "campaign_id": side["campaign"]["id"],
                "user_id": str(9_000_000 + number),
                "user_name": f"Viewer{number}",
                "user_login": f"viewer{number}",
                "entitlement_id": str(uuid.uuid4()),
                "benefit_id": side["campaign"]["rewards"][0]["id"],
                "created_at": now,
            },
        }
        for number in range(CLAIMS)
    ]
    subscription = {
        "id": str(uuid.uuid4()),
        "type": "drop.entitlement.grant",
        "version": "1",
        "status": "enabled",
        "cost": 0,
        "condition": {"organization_id": side["organization_id"]},
        "transport": {"method": "webhook", "callback": side["webhook_url"]},
        "created_at": now,
    }
    return [
        json.dumps({"subscription": subscription, "events": events[first : first + BATCH]}).encode()
        for first in range(0, CLAIMS, BATCH)
    ]


def send(portal: SeparatePortal, body: bytes) -> int:
    """Send one message signed as Twitch signs; returns the status, or 0 where there was no answer."""
    side = portal.demo["twitch"]
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    headers = twitch.headers(side["webhook_secret"], body, message_id=str(uuid.uuid4()), timestamp=now)
    return portal.post(urlsplit(side["webhook_url"]).path, body, headers)
