"""Running several processes as one (O1): start them, stop all when one ends or a signal comes, leave no orphan."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STOP_SECONDS = 20.0
LAST_LINES = 20
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Process:
    """One process to run: a name for people, its command, and what its environment has besides ours."""

    name: str
    command: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)


def _die_with_parent() -> None:
    """Ask Linux to end this child when its parent dies, even by SIGKILL (O4)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Keeps processes running together.

    With ``log_folder`` each writes to a file of its own there, otherwise all write where we do.
    """

    def __init__(self, processes: Sequence[Process], *, log_folder: Path | None = None) -> None:
        self._wanted = processes
        self._log_folder = log_folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False

    def start(self) -> None:
        """Start all. Each gets a session of its own, so that Ctrl-C reaches us alone and we stop them in order."""
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signal_number, self._on_signal)
        for process in self._wanted:
            with self._log_of(process.name) as log:
                self._running[process.name] = subprocess.Popen(
                    list(process.command),
                    env={**os.environ, **process.env},
                    stdout=log,
                    stderr=subprocess.STDOUT if log else None,
                    start_new_session=True,
                    preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has no threads
                )

    def _log_of(self, name: str) -> contextlib.AbstractContextManager[IO[bytes] | None]:
        if self._log_folder is None:
            return contextlib.nullcontext()
        self._log_folder.mkdir(parents=True, exist_ok=True)
        return (self._log_folder / f"{name}.log").open("wb")

    def _on_signal(self, signal_number: int, frame: object) -> None:
        self._stopping = True

    def wait_until_answers(self, urls: dict[str, str], *, seconds: float) -> str:
        """Wait until every address answers 200, asked with the host name beside it. Returns the first that did not."""
        deadline = time.monotonic() + seconds
        for url, host in urls.items():
            while not _answers(url, host):
                if self._stopping or self.ended() or time.monotonic() > deadline:
                    return url
                time.sleep(0.1)
        return ""

    def ended(self) -> str:
        """Return the name of a process that has ended, or nothing."""
        return next((name for name, child in self._running.items() if child.poll() is not None), "")

    def run(self) -> int:
        """Wait for a signal or for a process to end, stop all, and return the exit status: 0 after a signal."""
        gone = ""
        while not self._stopping and not gone:
            gone = self.ended()
            time.sleep(0.2)
        if gone:
            self._tell(gone)
        self.stop()
        return 1 if gone else 0

    def _tell(self, name: str) -> None:
        status = self._running[name].returncode
        print(f"{name} ended with status {status}; stopping the rest.", file=sys.stderr)  # noqa: T201
        if self._log_folder:
            lines = (self._log_folder / f"{name}.log").read_text(errors="replace").splitlines()
            print("\n".join(lines[-LAST_LINES:]), file=sys.stderr)  # noqa: T201

    def stop(self) -> None:
        """Ask every process to end, then end what is left."""
        for child in self._running.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        for child in self._running.values():
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            child.wait()


def port_in_use(host: str, port: int) -> bool:
    """Say whether something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _answers(url: str, host: str) -> bool:
    request = urllib.request.Request(url, headers={"Host": host})  # noqa: S310 - our own processes on this machine
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
