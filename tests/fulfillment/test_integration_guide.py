"""The example of docs/integrating-a-game.md is run as it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from fulfillment.models import DeliveryAttempt
from tests.fulfillment.deliveries import World, deliver, fresh, lease, send_all
from tests.fulfillment.guide_example import Example, running_example

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "integrating-a-game.md"


@pytest.fixture
def example(tmp_path: Path, loopback: None) -> Iterator[Example]:
    with running_example(GUIDE.read_text(), tmp_path) as started:
        yield started


def test_d2_the_guides_python_example_verifies_and_gives_once(example: Example) -> None:
    port, process = example
    now = timezone.now()
    world = World(f"http://127.0.0.1:{port}/")
    (claim,) = world.ready(now=now)
    send_all(leased := lease(now), now=now)
    results = send_all(leased, now=now)  # the same again, as after a crash
    assert [result.status for result in results] == [204]
    assert process.stdout
    assert process.stdout.readline() == f"{world.reward.external_id} -> {claim.player.player_id}\n"


def test_d2_the_guides_python_example_refuses_a_wrong_secret(example: Example) -> None:
    port, _process = example
    now = timezone.now()
    world = World(f"http://127.0.0.1:{port}/", secret="whsec_d3JvbmcgYnV0IGxvbmcgZW5vdWdoIHNlY3JldA==")
    (claim,) = world.ready(now=now)
    deliver(now)
    assert fresh(claim).reason == "endpoint_paused"
    assert DeliveryAttempt.objects.get().answer == "The signature does not fit."
