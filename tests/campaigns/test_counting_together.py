"""Several real processes that count the same viewers while others send, and processes killed at every step (W6, O4)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.counting_processes import CHANNELS, MINUTES, VIEWERS, expected
from tests.e2e.killed_portal import database
from tests.e2e.portal import REPOSITORY, clean_environment

pytestmark = pytest.mark.slow

PATIENCE = 300


class Processes:
    """Processes on a database of their own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = clean_environment(
            PORTAL_DATA_DIR=str(folder), DATABASE_URL=database_url, DJANGO_SETTINGS_MODULE="portal.settings"
        )
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"], cwd=REPOSITORY, env=self.environment, check=True
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.counting_processes", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Any:
        """Wait for the end; returns what was printed last. Nothing may have been logged as an error on the way."""
        printed, logged = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, logged
        assert '"level": "error"' not in logged, logged
        return json.loads(printed.splitlines()[-1]) if printed else None

    def run(self, *arguments: str) -> Any:
        return self.end(self.start(*arguments))


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with database() as url:
        yield Processes(tmp_path, url)


def everything_is_exact(processes: Processes, seed: int) -> None:
    watched, streamed = expected(seed)
    found = processes.run("report")
    assert found["differences"] == []
    assert (found["due"], found["lists"], found["stored"]) == (0, 0, CHANNELS * MINUTES)
    assert found["watched"] == [watched, watched]
    assert found["streamed"] == [streamed, streamed]
    assert found["watchers"] == VIEWERS + CHANNELS
    earned = sum((minutes >= 5) + (minutes >= 10) + (minutes >= 20) for minutes in watched.values())
    assert found["earned"] == earned


@pytest.mark.parametrize(("seed", "lease"), [(1, "no"), (2, "no"), (3, "no"), (4, "yes")])
def test_w6_four_processes_count_overlapping_viewers_while_two_send(
    processes: Processes, seed: int, lease: str
) -> None:
    processes.run("setup", "no")
    stop = processes.folder / "stop"
    counting = [processes.start("count", f"counter-{number}", lease, str(stop)) for number in range(4)]
    sending = [processes.start("ingest", str(seed), str(which)) for which in range(2)]
    for each in sending:
        processes.end(each)
    stop.touch()
    told = [processes.end(each) for each in counting]
    assert [error for each in told for error in each["errors"]] == []
    assert sum(each["counted"] > 0 for each in told) >= 2, "they really worked together"
    everything_is_exact(processes, seed)


@pytest.mark.parametrize("one_stream", ["no", "yes"])
def test_o4_killed_at_every_statement_nothing_is_lost_or_doubled(processes: Processes, one_stream: str) -> None:
    processes.run("setup", one_stream)
    told = processes.run("killed", "7")
    assert told["kills"] >= 30
    everything_is_exact(processes, 7)
