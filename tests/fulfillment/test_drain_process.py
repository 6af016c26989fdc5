"""The drain as a process of its own, on a database file, as ``make run`` starts it: killed, stopped and started again."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fulfillment.deliveries import Backend

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]
ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0

PREPARE = """
from django.db import transaction
from django.utils import timezone
from tests.fulfillment.deliveries import World
with transaction.atomic():
    World({url!r}).ready({count}, now=timezone.now())
"""
LOOK = """
import json
from collections import Counter
from fulfillment.models import Claim, Delivery, Worker
print(json.dumps({
    "states": Counter(Claim.objects.values_list("state", flat=True)),
    "leased": Delivery.objects.filter(leased=True).count(),
    "workers": Worker.objects.count(),
    "left": min(Delivery.objects.values_list("attempts_left", flat=True)),
}))
"""


class Portal:
    """An installation with a database file of its own."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "portal.sqlite3"
        self._env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{self._file}",
            "PYTHONPATH": str(ROOT),
        }
        self._drains: list[subprocess.Popen[bytes]] = []
        self.manage("migrate", "-v", "0")

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._env, check=True, stdout=subprocess.PIPE
        )
        return done.stdout.decode()

    def run(self, script: str) -> str:
        return self.manage("shell", "--no-imports", "-v", "0", "-c", script)

    def look(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.run(LOOK).splitlines()[-1])
        return found

    def delivered(self) -> int:
        with closing(sqlite3.connect(self._file)) as database:
            query = "SELECT count(*) FROM fulfillment_claim WHERE state = 'delivered'"
            count: int = database.execute(query).fetchone()[0]
            return count

    def start_drain(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "drain"], cwd=ROOT, env=self._env, stdout=subprocess.PIPE
        )
        self._drains.append(process)
        return process

    def end(self) -> None:
        for process in self._drains:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(tmp_path)
    yield portal
    portal.end()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)  # another process is waited for


def test_o4_killed_in_the_middle_of_1000_deliveries_it_loses_none(portal: Portal, backend: Backend) -> None:
    portal.run(PREPARE.format(url=backend.url, count=1000))
    first = portal.start_drain()
    wait_until(lambda: len(backend.requests) >= 300)
    first.send_signal(signal.SIGKILL)
    first.wait()
    killed_at = len(backend.requests)
    assert killed_at < 1000

    second = portal.start_drain()
    wait_until(lambda: portal.delivered() == 1000)
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0

    assert portal.look() == {"states": {"delivered": 1000}, "leased": 0, "workers": 0, "left": 8}
    bodies = defaultdict(set)
    for request in backend.requests:
        if len(request.body) == int(request.headers["content-length"]):  # the kill cut some off
            bodies[request.headers["webhook-id"]].add(request.body)
    assert len(bodies) == 1000
    assert {len(found) for found in bodies.values()} == {1}  # the same key and body on every attempt
    assert len(backend.requests) - 1000 <= 256  # sent twice at most what was leased when it was killed
    reports = [json.loads(line) for line in (second.stdout.read() if second.stdout else b"").splitlines()]
    assert [report["event"] for report in reports] == ["drain"] * len(reports) != []


def test_o4_two_drains_share_the_work_and_send_nothing_twice(portal: Portal, backend: Backend) -> None:
    portal.run(PREPARE.format(url=backend.url, count=400))
    drains = [portal.start_drain(), portal.start_drain()]
    wait_until(lambda: portal.delivered() == 400)
    for drain in drains:
        drain.send_signal(signal.SIGINT)
    assert [drain.wait(20) for drain in drains] == [0, 0]
    assert portal.look()["states"] == {"delivered": 400}
    assert len(backend.ids()) == 400
