"""Web, deliveries, counting and gateway as processes of their own, so that one can be killed without the others, and a game that counts."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.e2e.portal import REPOSITORY, ask, clean_environment, wait_for
from tests.servers import free_port


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: that senders vanish is what is tried here."""


class CountingGame:
    """A game's server that takes its time, and keeps for each delivery id what it was sent, every time."""

    def __init__(self, *, seconds: float) -> None:
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.requests = 0
        self._lock = threading.Lock()
        game = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                wanted = int(self.headers["Content-Length"])
                body = self.rfile.read(wanted)
                if len(body) < wanted:  # the sender was killed in the middle of its sentence
                    self.close_connection = True
                    return
                time.sleep(seconds)  # what a game takes to put an item into a mailbox
                with game._lock:
                    game.bodies[self.headers["webhook-id"]].append(body)
                    game.requests += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/deliveries"

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class SeparatePortal:
    """A portal with demo data whose processes are started and ended one by one."""

    def __init__(self, folder: Path, *, database_url: str) -> None:
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.folder = folder
        self.environment = clean_environment(
            PORTAL_DATA_DIR=str(folder),
            PORTAL_BASE_URL=self.url,
            PORTAL_SANDBOX_URL=f"http://127.0.0.1:{free_port()}",
            PORTAL_GATEWAY_BIND=f"127.0.0.1:{free_port()}",
            DATABASE_URL=database_url,
        )
        for command in (["migrate", "-v0"], ["createcachetable", "-v0"], ["seed_demo", "-v0"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=REPOSITORY, env=self.environment, check=True)
        self.demo: dict[str, Any] = json.loads((folder / "demo.json").read_text())
        self._commands = {
            "deliveries": [sys.executable, "manage.py", "drain"],
            "counting": [sys.executable, "manage.py", "count"],
            "gateway": [sys.executable, "manage.py", "gateway"],
            "web": [
                *[sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--worker-class", "gthread"],
                *["--workers", "2", "--threads", "8", "--no-control-socket", "--bind", f"127.0.0.1:{port}"],
            ],
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a process: ``web`` (waits until it answers), ``deliveries``, ``counting`` or ``gateway``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if name == "web":
            wait_for(self._answers, seconds=60, what="the web process answers")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self, name: str) -> None:
        """SIGKILL to a process and to all that it has started."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End what runs."""
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:  # it finishes what it is at, which nobody waits for any more
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def ask(self, script: str) -> Any:
        """Run Python inside the portal's Django and return the JSON that it prints last."""
        return ask(script, self.environment)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a webhook; returns the status, or 0 where there was no answer."""
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Give the address of an empty database: on the server that TEST_DATABASE_URL names, else SQLite's default (empty)."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield ""
        return
    name = f"drops_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
