"""Starts the sandbox as its users do: a process of its own with its own settings and database file."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

#: Runs management commands in one process, so that a test does not wait for Django to start each time.
RUNNER = """
import io, json, sys, django
from django.core.management import call_command
from django.core.management.base import CommandError
django.setup()
for line in sys.stdin:
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command(*json.loads(line), stdout=out, stderr=err)
    except CommandError as fault:
        code = 1
        err.write(str(fault))
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""
REPOSITORY = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30.0


def free_port() -> int:
    """A loopback port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Reply:
    """One answer of the sandbox, redirects not followed."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Done:
    """A management command that has run."""

    returncode: int
    stdout: str
    stderr: str


class SandboxServer:
    """A running sandbox: ``start()``, then ``url``, ``get()``, ``post()``, ``submit()``, ``stop()``.

    ``seed`` is the content of the file that ``seed_sandbox --from`` reads (see that command).
    """

    def __init__(self, directory: Path, *, seed: dict[str, Any] | None = None, port: int | None = None) -> None:
        self.directory = directory
        self.seed = seed
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.runner: subprocess.Popen[str] | None = None
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "portal.sandbox.settings",
            "PORTAL_SANDBOX_DB": str(directory / "sandbox.sqlite3"),
            "PORTAL_SANDBOX_PORT": str(self.port),
        }

    def command(self, *arguments: str) -> Done:
        """Run one of the sandbox's management commands and return what it printed."""
        if self.runner is None:
            self.runner = subprocess.Popen(
                [sys.executable, "-c", RUNNER],
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        if self.runner.stdin is None or self.runner.stdout is None:
            raise RuntimeError("The process for commands has no pipes.")
        self.runner.stdin.write(json.dumps(arguments) + "\n")
        self.runner.stdin.flush()
        return Done(*json.loads(self.runner.stdout.readline()))

    def start(self) -> SandboxServer:
        """Migrate, seed, start, and wait until /healthz answers."""
        arguments = ["seed_sandbox"]
        if self.seed is not None:
            source = self.directory / "seed.json"
            source.write_text(json.dumps(self.seed))
            arguments += ["--from", str(source)]
        for wanted in (["migrate", "-v0"], arguments):
            done = self.command(*wanted)
            if done.returncode:
                raise RuntimeError(f"{' '.join(wanted)} failed:\n{done.stdout}{done.stderr}")
        log = (self.directory / "sandbox.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:portal.sandbox.server"],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self._wait()
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                if self.get("/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)  # Not listening yet: a process that starts can only be asked again.
        self.stop()
        raise RuntimeError("The sandbox did not start:\n" + (self.directory / "sandbox.log").read_text())

    def stop(self) -> None:
        """End both processes, and wait for their end."""
        for process in (self.process, self.runner):
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self.process = self.runner = None

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 20.0,
    ) -> Reply:
        """One request. Raises OSError or http.client.HTTPException if no answer comes."""
        parts = urlsplit(path)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str, *, headers: dict[str, str] | None = None) -> Reply:
        """GET ``path`` (or a whole URL of this sandbox)."""
        return self.request("GET", path, headers=headers)

    def post(self, path: str, form: dict[str, str], *, headers: dict[str, str] | None = None) -> Reply:
        """POST a form to an endpoint for programs (no CSRF token)."""
        typed = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
        return self.request("POST", path, body=urlencode(form).encode(), headers=typed)

    def submit(self, path: str, form: dict[str, str], *, action: str | None = None) -> Reply:
        """Open a page, take its CSRF token and cookie, and submit ``form`` to it (or to ``action``)."""
        page = self.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        if token is None:
            raise AssertionError(f"{path} answered {page.status} and has no form.")
        cookie = page.headers["set-cookie"].split(";")[0]
        return self.post(action or path, {"csrfmiddlewaretoken": token[1]} | form, headers={"Cookie": cookie})

    def send_json(self, method: str, path: str, content: Any, *, headers: dict[str, str] | None = None) -> Reply:
        """Send ``content`` as JSON."""
        typed = {"Content-Type": "application/json"} | (headers or {})
        return self.request(method, path, body=json.dumps(content).encode(), headers=typed)

    def answer_as(self, mode: str, *, seconds: int = 20) -> None:
        """Tell the demo game how to answer; the signing secret stays."""
        page = self.get("/game/demo/").text
        secret = re.search(r'name="signing_secret" value="([^"]*)"', page)
        form = {"mode": mode, "seconds": str(seconds), "signing_secret": secret[1] if secret else ""}
        reply = self.submit("/game/demo/", form)
        if reply.status != 302:
            raise AssertionError(f"The game refused the mode: {reply.status}")

    def game(self) -> dict[str, Any]:
        """What the demo game remembers: ``mode``, ``items``, ``requests``."""
        found: dict[str, Any] = self.get("/game/demo/state.json").json()
        return found

    def empty_game(self) -> None:
        """Take all items away and forget all requests."""
        self.submit("/game/demo/", {}, action="/game/demo/empty/")
