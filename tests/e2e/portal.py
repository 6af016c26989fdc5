"""The real thing: ``manage.py serve`` in a folder of its own on free ports, started, watched and stopped like a user does."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

from tests.servers import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
STOP_SECONDS = 40.0
PRINTED_SIGN_IN = re.compile(r"(http://\S+/admin/)\s+user (\S+)\s+password (\S+)")
# What a machine has set for another portal, or pytest for its own, must not reach this one.
NOT_INHERITED = ("DJANGO_", "PORTAL_", "DATABASE_URL", "REDIS_URL", "TEST_DATABASE_URL", "PYTEST_", "COV_")

Answer = TypeVar("Answer")


class NotYet(AssertionError):
    """What was waited for did not come in time."""


def wait_for(look: Callable[[], Answer], *, seconds: float, what: str, every: float = 0.2) -> Answer:
    """Look until something true is seen and return it; raises ``NotYet`` with what was seen last."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > until:
            raise NotYet(f"{what}: not within {seconds:.0f} s; seen last: {seen!r}")
        time.sleep(every)
    return seen


def clean_environment(**wanted: str) -> dict[str, str]:
    """Return the environment without what belongs to another portal, and with ``wanted``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return {**inherited, "PYTHONUNBUFFERED": "1", **wanted}


class RunningPortal:
    """A portal in ``folder``. ``start`` returns when it has greeted; ``stop`` is Ctrl-C and returns the exit status."""

    def __init__(self, folder: Path, *, database_url: str = "") -> None:
        self.folder = folder
        port, sandbox_port = free_port(), free_port()
        self.url = f"http://localhost:{port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.environment = clean_environment(
            PORTAL_DATA_DIR=str(folder / "var"),
            PORTAL_BASE_URL=self.url,
            PORTAL_SANDBOX_URL=self.sandbox_url,
            PORTAL_GATEWAY_BIND=f"127.0.0.1:{free_port()}",
            DATABASE_URL=database_url,
        )
        self.prepared_in = 0.0
        """Seconds of a processor that ``serve`` itself needed until it greeted, without what it had started by then."""
        self._output = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of ``serve`` itself."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait for the greeting. Raises ``RuntimeError`` with what was printed if it does not come."""
        (self.folder / "var").mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while "is running. Ctrl-C stops it." not in self.printed or "  Logs " not in self.printed:
            if self._process.poll() is not None or time.monotonic() - began > START_SECONDS:
                self.stop()
                raise RuntimeError(f"The portal did not start:\n{self.printed}\n{self.logs()}")
            time.sleep(0.05)
        self.prepared_in = sum(psutil.Process(self.pid).cpu_times()[:4])

    def stop(self) -> int:
        """Send what Ctrl-C sends, to ``serve`` alone, wait for its end and return its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGINT)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise

    def ended(self, *, seconds: float) -> int:
        """Wait until ``serve`` ends by itself and return its exit status."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End ``serve`` as a crash would, without a chance to tidy up."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def printed(self) -> str:
        """What ``serve`` has written to the terminal."""
        return self._output.read_text(errors="replace")

    @property
    def printed_sign_in(self) -> tuple[str, str, str]:
        """Address, user name and password of the producer, as the greeting shows them."""
        found = PRINTED_SIGN_IN.search(self.printed)
        assert found is not None, self.printed
        return found[1], found[2], found[3]

    @property
    def demo(self) -> dict[str, Any]:
        """What ``seed_demo`` wrote down."""
        content: dict[str, Any] = json.loads((self.folder / "var" / "demo.json").read_text())
        return content

    def logs(self, lines: int = 30) -> str:
        """The last lines of each process's log."""
        parts = []
        for path in sorted((self.folder / "var" / "log").glob("*.log")):
            parts.append(f"== {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]))
        return "\n".join(parts)

    def descendants(self) -> list[psutil.Process]:
        """Every process that ``serve`` has started, and those that they have."""
        return psutil.Process(self.pid).children(recursive=True)

    def game(self) -> dict[str, Any]:
        """What the sandbox's game backend remembers: items and requests."""
        state: dict[str, Any] = read_json(f"{self.sandbox_url}/game/demo/state.json")
        return state

    def items_of(self, player_id: str) -> list[str]:
        """The items that a player of the sandbox's game has."""
        return [item["item"] for item in self.game()["items"] if item["player_id"] == player_id]

    def ask(self, script: str) -> Any:
        """Run Python inside the portal's Django, in a process of its own; return the JSON that it prints last."""
        return ask(script, self.environment)


def ask(script: str, environment: dict[str, str]) -> Any:
    """Run ``script`` with the portal's settings and return the JSON on its last line."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django\ndjango.setup()\nimport json\n{script}"],
        cwd=REPOSITORY,
        env={**environment, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def read_json(url: str) -> Any:
    """Fetch JSON from a loopback address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that are neither gone nor waiting to be buried."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
