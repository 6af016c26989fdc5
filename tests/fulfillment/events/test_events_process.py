"""The drain as a process of its own, killed while it delivers and tells of it: nothing is lost and nothing told twice."""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fulfillment.deliveries import Backend
from tests.fulfillment.test_drain_process import Portal, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

PREPARE = """
from django.db import transaction
from django.utils import timezone
from tests.factories import make_subscription
from tests.fulfillment.deliveries import World
with transaction.atomic():
    world = World({game!r})
    make_subscription(world.game.organization, {subscriber!r})
    world.ready({count}, now=timezone.now())
"""
LOOK = """
import json
from collections import Counter
from fulfillment.models import Claim, Event, EventDelivery
print(json.dumps({
    "states": Counter(Claim.objects.values_list("state", flat=True)),
    "events": Counter(Event.objects.values_list("type", flat=True)),
    "told": Counter(EventDelivery.objects.values_list("progress", flat=True)),
    "leased": EventDelivery.objects.filter(leased=True).count(),
}))
"""


def look(portal: Portal) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(portal.run(LOOK).splitlines()[-1])
    return found


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(tmp_path)
    yield portal
    portal.end()


def test_o4_killed_between_lease_and_record_every_event_is_still_told_under_one_id(
    portal: Portal, backend: Backend
) -> None:
    game = Backend()
    portal.run(PREPARE.format(game=game.url, subscriber=backend.url, count=400))
    first = portal.start_drain()
    wait_until(lambda: len(backend.requests) >= 60)
    first.send_signal(signal.SIGKILL)
    first.wait()
    killed_at = len(set(backend.ids()))
    assert killed_at < 400

    second = portal.start_drain()
    # What the first had sent and not noted any more is known to the subscriber before it is told of once more.
    wait_until(lambda: len(set(backend.ids())) == 400 and look(portal)["told"] == {"delivered": 400})
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    game.server.stop()
    assert look(portal) == {
        "states": {"delivered": 400},
        "events": {"claim.delivered": 400},
        "told": {"delivered": 400},
        "leased": 0,
    }
    bodies = defaultdict(set)
    for request in backend.requests:
        if len(request.body) == int(request.headers["content-length"]):  # the kill cut some off
            bodies[request.headers["webhook-id"]].add(request.body)
    assert {len(texts) for texts in bodies.values()} == {1}
    claims = {json.loads(body)["data"]["claim_id"] for texts in bodies.values() for body in texts}
    assert len(claims) == 400
    assert len(backend.requests) - 400 <= 64  # told twice at most what was leased when it was killed
