"""``make test``: runs every test that this machine can run, and says at the end what it ran and what it left out.

SQLite first, with the browser tests where there is a Chromium; then what depends on the database again on PostgreSQL,
on a server of its own that is started and removed here, where its programs are found (or on ``TEST_DATABASE_URL``).
Nothing is installed. ``--complete`` fails where anything was left out; other arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.servers import CHROMIUM, PostgreSQL, node_fault, postgresql_programs, redis_program

NO_TESTS = 5  # pytest's exit status when nothing was selected
# Two at a time, for two cores; who has nothing left to do takes over from the other, so that both end together.
TWO_AT_A_TIME = ("-n", "2", "--dist", "worksteal")


@dataclass
class Part:
    """One run of pytest: what it is called, which tests it takes, what its environment has besides ours."""

    name: str
    markers: str
    env: dict[str, str]
    status: int = 0
    seconds: float = 0.0

    def run(self, arguments: Sequence[str]) -> None:
        print(f"\n== {self.name} ==", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-m", self.markers, *TWO_AT_A_TIME, *arguments]
        self.status = subprocess.run(command, env={**os.environ, **self.env}, check=False).returncode
        if self.status == NO_TESTS and arguments:
            self.status = 0
        self.seconds = time.monotonic() - began


def main(arguments: list[str]) -> int:
    complete = "--complete" in arguments
    arguments = [argument for argument in arguments if argument != "--complete"]
    left_out: list[str] = []
    without: list[str] = ["postgresql"]
    if not redis_program():
        without.append("redis")
        left_out.append("tests marked redis: no redis-server found")
    if fault := node_fault():
        without.append("node")
        left_out.append(f"tests marked node: {fault}")
    quick = Part(
        "Unit tests on SQLite", _but([*without, "browser", "slow"]), {"DATABASE_URL": "", "TEST_DATABASE_URL": ""}
    )
    parts = [quick]
    if os.path.exists(CHROMIUM):
        markers = f"(browser or slow) and {_but(without)}"
    else:
        markers = f"slow and {_but([*without, 'browser'])}"
        left_out.append(f"tests marked browser: {CHROMIUM} not found")
    parts.append(Part("Browser and longer tests on SQLite", markers, quick.env))
    for part in parts:
        part.run(arguments)
    url = os.environ.get("TEST_DATABASE_URL", "")
    if url or postgresql_programs():
        parts.append(_on_postgresql(url, [m for m in without if m != "postgresql"], arguments))
    else:
        left_out.append("all tests on PostgreSQL: neither its programs nor TEST_DATABASE_URL found")
    return _report(parts, left_out, complete=complete)


def _but(markers: Sequence[str]) -> str:
    return " and ".join(f"not {marker}" for marker in markers)


def _on_postgresql(url: str, without: list[str], arguments: list[str]) -> Part:
    markers = _but([*without, "browser", "sqlite"])
    if url:
        part = Part(
            "What depends on the database, on PostgreSQL", markers, {"TEST_DATABASE_URL": url, "DATABASE_URL": url}
        )
        part.run(arguments)
        return part
    with PostgreSQL() as server:
        part = Part(
            "What depends on the database, on PostgreSQL",
            markers,
            {"TEST_DATABASE_URL": server.url, "DATABASE_URL": server.url},
        )
        part.run(arguments)
    return part


def _report(parts: Sequence[Part], left_out: Sequence[str], *, complete: bool) -> int:
    print("\n== What ran ==")
    for part in parts:
        print(f"  {'passed' if part.status == 0 else 'FAILED'}  {part.name} ({part.seconds:.0f} s)")
    for reason in left_out:
        print(f"  left out  {reason}")
    if not left_out:
        print("  Nothing was left out.")
    failed = any(part.status for part in parts)
    return 1 if failed or (complete and left_out) else 0


if __name__ == "__main__":
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    sys.exit(main(sys.argv[1:]))
