"""Done when: a simulated crowd gives exactly the expected totals, twice, though what counts and what answers is killed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.killed_portal import SeparatePortal, database
from tests.e2e.portal import REPOSITORY, wait_for

pytestmark = pytest.mark.slow(minutes=3)

# On PostgreSQL a smaller crowd: there the same is shown once more, and less is written to disk.
SMALLER = bool(os.environ.get("TEST_DATABASE_URL"))
CHANNELS, VIEWERS, MINUTES = (40, 100, 8) if SMALLER else (200, 500, 8)
SPEED = 30
"""Slow enough that what is asked by another process is still true when it is acted upon."""
WAITS_SECONDS = 300.0
DISORDER = ["--late", "0.1", "--repeated", "0.1", "--shuffled", "--overlap", "0.15"]

PROGRESS = """
from campaigns.models import CampaignFigures, Heartbeat
figures = CampaignFigures.objects.filter(campaign__name="Night watch").first()
print(json.dumps({
    "stored": Heartbeat.objects.count(),
    "waiting": Heartbeat.objects.filter(due_at__isnull=False).count(),
    "minutes": figures.watched_minutes if figures else 0,
    "repeats": sum(Heartbeat.objects.values_list("repeats", flat=True)),
    "conflicts": sum(Heartbeat.objects.values_list("conflicts", flat=True)),
    "lists": Heartbeat.objects.filter(viewer_list__isnull=False).count(),
}))
"""
THE_CAMPAIGN = """
from campaigns.models import CampaignPlatform
print(json.dumps(CampaignPlatform.objects.filter(campaign__name="Night watch").values_list("campaign", flat=True)[0]))
"""


class Simulation:
    """``manage.py simulate_heartbeats`` as a process of its own."""

    def __init__(self, portal: SeparatePortal, *, seed: int, speed: int) -> None:
        self.report = portal.folder / f"report-{seed}.json"
        crowd = portal.demo["crowd"]
        command = [
            *[sys.executable, "manage.py", "simulate_heartbeats", "--to", crowd["heartbeat_url"]],
            *["--game", crowd["game"], "--channels", str(CHANNELS), "--viewers", str(VIEWERS)],
            *["--minutes", str(MINUTES), "--speed", str(speed), "--seed", str(seed), *DISORDER],
            *["--threads", "8", "--give-up", "8", "--report", str(self.report)],
        ]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, env=portal.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def finish(self) -> dict[str, Any]:
        """Wait for its end and return its report; it must have got everything through."""
        said, _ = self.process.communicate(timeout=600)
        assert self.process.returncode == 0, said
        content: dict[str, Any] = json.loads(self.report.read_text())
        assert content["complete"], said
        return content

    def stop(self) -> None:
        """End it, where a test ends before it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[SeparatePortal]:
    with database() as url:
        portal = SeparatePortal(tmp_path, database_url=url)
        portal.start("web")
        portal.start("counting")
        yield portal
        portal.stop()


def check(portal: SeparatePortal, *reports: Path) -> str:
    """Run ``manage.py check_watch_time``: every viewer, every minute, and nobody else."""
    named = [word for report in reports for word in ("--expected", str(report))]
    campaign = portal.ask(THE_CAMPAIGN)
    done = subprocess.run(
        [sys.executable, "manage.py", "check_watch_time", *named, "--campaign", campaign, "--nobody-else"],
        cwd=REPOSITORY,
        env=portal.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def all_counted(portal: SeparatePortal) -> dict[str, Any]:
    """Wait until nothing waits to be counted any more."""

    def look() -> dict[str, Any]:
        progress: dict[str, Any] = portal.ask(PROGRESS)
        return progress if not progress["waiting"] else {}

    return wait_for(look, seconds=WAITS_SECONDS, what="every heartbeat is counted", every=1)


def test_w6_a_crowd_gives_exactly_the_expected_totals_twice_whatever_is_killed(portal: SeparatePortal) -> None:
    with contextlib.closing(_Stopping()) as started:
        first = started.start(portal, seed=11)
        kill_counting(portal)
        report = first.finish()
        progress = all_counted(portal)
        assert progress["stored"] == report["heartbeats"]
        assert progress["minutes"] == report["viewer_minutes"]
        assert progress["repeats"] > 0
        assert progress["conflicts"] == progress["lists"] == 0
        assert f"with {report['viewer_minutes']} minutes; 0 more" in check(portal, first.report)

        second = started.start(portal, seed=12)
        refused = kill_web(portal)
        again = second.finish()
        assert again["answers"]["no answer"] >= refused > 0
        all_counted(portal)
        assert f"with {report['viewer_minutes'] + again['viewer_minutes']} minutes; 0 more" in check(
            portal, first.report, second.report
        )


class _Stopping:
    """Simulations that do not outlive the test."""

    def __init__(self) -> None:
        self.running: list[Simulation] = []

    def start(self, portal: SeparatePortal, *, seed: int, speed: int = SPEED) -> Simulation:
        self.running.append(Simulation(portal, seed=seed, speed=speed))
        return self.running[-1]

    def close(self) -> None:
        for simulation in self.running:
            simulation.stop()


def kill_counting(portal: SeparatePortal) -> None:
    """SIGKILL what counts, when some is credited and more waits; another goes on once the dead one's lease is over."""

    def in_the_middle() -> bool:
        progress = portal.ask(PROGRESS)
        return bool(progress["minutes"] and progress["waiting"])

    wait_for(in_the_middle, seconds=WAITS_SECONDS, what="some minutes are credited and others wait", every=0.1)
    portal.kill("counting")
    portal.start("counting")


def kill_web(portal: SeparatePortal) -> int:
    """SIGKILL what takes heartbeats in, and start it again once some have met nobody. Returns how many did."""
    before = portal.ask(PROGRESS)["stored"]
    wait_for(
        lambda: portal.ask(PROGRESS)["stored"] > before + CHANNELS,
        seconds=WAITS_SECONDS,
        what="more heartbeats came in",
        every=0.1,
    )
    portal.kill("web")
    refused = hang_up(portal, at_least=3)
    portal.start("web")
    return refused


def hang_up(portal: SeparatePortal, *, at_least: int) -> int:
    """Stand where the killed web process stood and close what is opened, so that callers certainly come in its absence."""
    address = urlsplit(portal.url)

    def stand() -> socket.socket | None:
        try:
            return socket.create_server((address.hostname or "", address.port or 0))
        except OSError:  # the last of the killed has not let go of it yet
            return None

    with wait_for(stand, seconds=30, what="the killed web process has let go of its address") as nobody:
        nobody.settimeout(WAITS_SECONDS)
        for _caller in range(at_least):
            nobody.accept()[0].close()
    return at_least
