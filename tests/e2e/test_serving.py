"""O1: one command starts everything, Ctrl-C stops all of it, and a second start goes on where the first stopped."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.e2e.portal import REPOSITORY, RunningPortal, still_running, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

COUNTS = """
from campaigns.models import Campaign, Reward
from portal.models import Organization, User
print(json.dumps([model.objects.count() for model in (Organization, User, Reward, Campaign)]))
"""


def test_o1_ctrl_c_stops_everything_and_the_second_start_is_quick_and_keeps_its_data(tmp_path: Path) -> None:
    portal = RunningPortal(tmp_path)
    portal.start()
    first = portal.prepared_in
    try:
        first_sign_in, first_counts = portal.printed_sign_in, portal.ask(COUNTS)
        processes = portal.descendants()
        # Web, worker, deliveries, counting, gateway, sandbox and crowd are its own children; the rest are theirs.
        assert len(psutil.Process(portal.pid).children()) == 7
        assert all(answers(url) for url in (portal.url, portal.sandbox_url))
    finally:
        status = portal.stop()
    assert status == 0
    assert still_running(processes) == []
    assert not any(answers(url) for url in (portal.url, portal.sandbox_url))

    with portal:
        assert portal.prepared_in < first / 2, (portal.prepared_in, first)
        assert portal.printed_sign_in == first_sign_in
        assert "First run" not in portal.printed
        assert portal.ask(COUNTS) == first_counts


def test_o4_when_serve_itself_is_killed_nothing_is_left_running(tmp_path: Path) -> None:
    portal = RunningPortal(tmp_path)
    portal.start()
    processes = portal.descendants()
    assert len(processes) >= 7
    portal.kill()
    wait_for(lambda: not still_running(processes), seconds=20, what="all that it had started has ended")
    assert [process for process in psutil.process_iter() if belongs_to(process, tmp_path)] == []
    with portal:
        assert "is running" in portal.printed


def test_a_process_that_dies_takes_the_rest_along_and_is_named(tmp_path: Path) -> None:
    portal = RunningPortal(tmp_path)
    portal.start()
    processes = portal.descendants()
    next(process for process in processes if process.cmdline()[-1:] == ["drain"]).kill()
    wait_for(lambda: not still_running(processes), seconds=30, what="all have ended")
    assert portal.ended(seconds=30) == 1
    assert "deliveries ended with status -9; stopping the rest." in portal.printed


def test_a_port_that_is_taken_is_named_with_the_setting_that_chooses_another(tmp_path: Path) -> None:
    with RunningPortal(tmp_path) as portal:
        done = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=REPOSITORY,
            env=portal.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "Something listens on 127.0.0.1:" in done.stderr
    assert "PORTAL_BASE_URL" in done.stderr


def answers(url: str) -> bool:
    """Tell whether a process answers there that it is alive."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def belongs_to(process: psutil.Process, folder: Path) -> bool:
    """Tell whether a process was started for the portal in this folder."""
    try:
        return process.environ().get("PORTAL_DATA_DIR") == str(folder / "var")
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False
