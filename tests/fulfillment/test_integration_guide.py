"""The example of docs/integrating-a-game.md is run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from fulfillment.models import DeliveryAttempt
from tests.fulfillment.deliveries import SECRET, World, deliver, fresh, lease, send_all
from tests.loopback import free_port

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "integrating-a-game.md"


@pytest.fixture
def example(tmp_path: Path, settings: pytest.FixtureRequest) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    announced = code.replace("ThreadingHTTPServer((", "server = ThreadingHTTPServer((").replace(
        ").serve_forever()", ")\nprint('listening', flush=True)\nserver.serve_forever()"
    )
    file = tmp_path / "example.py"
    file.write_text(announced)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(file)],
        env={**os.environ, "DROPS_SECRET": SECRET, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "listening\n"
    yield port, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_d2_the_guides_python_example_verifies_and_gives_once(example: tuple[int, subprocess.Popen[str]]) -> None:
    port, process = example
    now = timezone.now()
    world = World(f"http://127.0.0.1:{port}/")
    (claim,) = world.ready(now=now)
    send_all(leased := lease(now), now=now)
    results = send_all(leased, now=now)  # the same again, as after a crash
    assert [result.status for result in results] == [204]
    assert process.stdout
    assert process.stdout.readline() == f"{world.reward.external_id} -> {claim.player.player_id}\n"


def test_d2_the_guides_python_example_refuses_a_wrong_secret(example: tuple[int, subprocess.Popen[str]]) -> None:
    port, _process = example
    now = timezone.now()
    world = World(f"http://127.0.0.1:{port}/", secret="whsec_d3JvbmcgYnV0IGxvbmcgZW5vdWdoIHNlY3JldA==")
    (claim,) = world.ready(now=now)
    deliver(now)
    assert fresh(claim).reason == "endpoint_paused"
    assert DeliveryAttempt.objects.get().answer == "The signature does not fit."
