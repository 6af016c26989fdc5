"""The databases that benchmarks run on: made for one run, removed afterwards, with the processes beside them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.servers import PostgreSQL, free_port, postgresql_programs

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0
STOP_SECONDS = 20.0
LOG_SHOWN = 3000
"""How many characters of a process's output are printed when the benchmark fails."""


@dataclass
class Database:
    """A database of its own with the portal's tables, and the environment that leads processes to it."""

    name: str
    env: dict[str, str] = field(default_factory=dict)
    _resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            folder = tempfile.mkdtemp(prefix="drops-bench-")
            resources.callback(shutil.rmtree, folder, ignore_errors=True)
            # Nothing of the caller's configuration may lead to a database or a queue that is in use.
            own = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
            self.env = {
                **own,
                "PORTAL_DATA_DIR": folder,
                "DJANGO_SETTINGS_MODULE": "bench.settings",
                "DATABASE_URL": "",
                "REDIS_URL": "",
                "PYTHONPATH": str(ROOT),
            }
            if self.name == "PostgreSQL":
                self.env["DATABASE_URL"] = resources.enter_context(PostgreSQL(durable=True)).url
            self.run("manage.py", "migrate", "--verbosity=0")
            self.run("manage.py", "createcachetable")
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._resources.close()

    def run(self, *command: str) -> str:
        """Run a Python program beside this database and return what it printed."""
        done = subprocess.run(
            [sys.executable, *command], env=self.env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def setup(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Make rows by a function of :mod:`bench.setup` and return what it returns."""
        answer: dict[str, Any] = json.loads(self.run("-m", "bench.setup", what, json.dumps(arguments)))
        return answer

    @contextmanager
    def beside(self, *command: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Have a process run beside this database, its output in a file, until the block ends."""
        path = Path(self.env["PORTAL_DATA_DIR"]) / f"{name}.log"
        with path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], env=self.env, cwd=ROOT, start_new_session=True, stdout=log, stderr=log
            )
        try:
            yield process
        except BaseException:
            print(path.read_text(errors="replace")[-LOG_SHOWN:], file=sys.stderr)
            raise
        finally:
            _end(process)

    @contextmanager
    def served(self) -> Iterator[int]:
        """Serve the portal as ``manage.py serve`` does, and yield the port."""
        port = free_port()
        gunicorn = ("-m", "gunicorn", "portal.wsgi:application", "--worker-class", "gthread")
        tuning = ("--workers", "2", "--threads", "8", "--no-control-socket", "--log-level", "warning")
        with self.beside(*gunicorn, *tuning, "--bind", f"127.0.0.1:{port}", name="web"):
            wait_until_answers(f"http://localhost:{port}/healthz")
            yield port


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, wait, and end what is left of its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_answers(url: str) -> None:
    """Return when a server answers. Raises ``RuntimeError`` where it does not within ``START_SECONDS``."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start within {START_SECONDS:.0f} seconds.")


def databases() -> Iterator[Database]:
    """Yield SQLite and, where its programs are installed, PostgreSQL with fsync on."""
    yield Database("SQLite")
    if postgresql_programs():
        yield Database("PostgreSQL")
    else:
        print("\nPostgreSQL is not installed: nothing is measured on it.")
