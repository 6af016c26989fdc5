"""``manage.py serve``: the whole portal as one command (O1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.management.commands.seed_demo import demo_file
from portal.models import Organization
from portal.processes import Process, Supervisor, port_in_use

START_SECONDS = 60.0
LONGEST_REQUEST_LINE = 8190
"""In bytes: as many as the web server offers. Twitch's calls take a hundred ids in the address, which fill its default."""


class Command(BaseCommand):
    """Prepare the database, then run web, worker, deliveries, counting, gateways and, in development, the sandbox."""

    help = (
        "Run the whole portal: web, worker, deliveries, counting, gateways and, in development, the sandbox platforms."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start everything and stay until a signal comes or a process ends."""
        host, port = self._address()
        sandbox = urlsplit(settings.PORTAL_SANDBOX_URL) if settings.PORTAL_SANDBOX_URL else None
        gateway = self._gateway()
        for name, where, number in (
            ("PORTAL_BASE_URL", host, port),
            *((("PORTAL_GATEWAY_BIND", *gateway),) if gateway else ()),
            *((("PORTAL_SANDBOX_URL", sandbox.hostname or "", sandbox.port or 80),) if sandbox else ()),
        ):
            if port_in_use(where, number):
                raise CommandError(
                    f"Something listens on {where}:{number} already. Stop it, or choose another port with {name}."
                )
        self._prepare(with_sandbox=sandbox is not None)
        processes = [*_portal_processes(host, port), *(_sandbox_processes() if sandbox else [])]
        supervisor = Supervisor(processes, log_folder=None if settings.PRODUCTION else settings.DATA_DIR / "log")
        self._say("Starting …")
        supervisor.start()
        urls = {f"http://{host}:{port}/healthz": urlsplit(settings.BASE_URL).netloc}
        if gateway:
            where, number = gateway
            urls[f"http://{_reachable(where)}:{number}/healthz"] = "localhost"
        if sandbox:
            urls[f"{settings.PORTAL_SANDBOX_URL}/healthz"] = sandbox.netloc
        silent = supervisor.wait_until_answers(urls, seconds=START_SECONDS)
        if not silent:
            self._welcome()
        elif not supervisor.ended():
            self.stderr.write(f"{silent} did not answer within {START_SECONDS:.0f} seconds.")
        sys.exit(supervisor.run())

    def _address(self) -> tuple[str, int]:
        bind = os.environ.get("PORTAL_BIND", "")
        if bind:
            host, _, port = bind.rpartition(":")
            return host or "0.0.0.0", int(port)  # noqa: S104 - what the operator asked for
        return "127.0.0.1", urlsplit(settings.BASE_URL).port or 8000

    def _gateway(self) -> tuple[str, int] | None:
        """Return where gateways listen, if any are to be started here."""
        if not settings.PORTAL_GATEWAY_PROCESSES:
            return None
        host, _, port = settings.PORTAL_GATEWAY_BIND.rpartition(":")
        return host or "0.0.0.0", int(port)  # noqa: S104 - what the operator asked for

    def _say(self, line: str) -> None:
        """Tell at once what takes a while."""
        self.stdout.write(line)
        self.stdout.flush()

    def _prepare(self, *, with_sandbox: bool) -> None:
        self._say("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        call_command("ensure_schedules", verbosity=0)
        if settings.PRODUCTION:
            call_command("collectstatic", verbosity=0, interactive=False)
        elif not Organization.objects.exists():
            self._say("First run: making demo data …")
            call_command("seed_demo", verbosity=0)
        if with_sandbox:
            self._say("Preparing the sandbox …")
            _sandbox_command("migrate", "--verbosity=0", "--no-input")
            if demo_file().exists():
                _sandbox_command("seed_sandbox", "--from", str(demo_file()))

    def _welcome(self) -> None:
        lines = ["", f"  {settings.PORTAL_SITE_NAME} is running. Ctrl-C stops it.", ""]
        if demo_file().exists():
            demo = json.loads(demo_file().read_text())
            lines += [
                f"  Producers   {settings.BASE_URL}/admin/     user {demo['producer']['username']}   "
                f"password {demo['producer']['password']}",
                f"  Viewers     {demo['viewer_url']}",
                f"  Sandbox     {settings.PORTAL_SANDBOX_URL}/     stands in for Twitch, Kick and the game",
            ]
        else:
            lines += [f"  Producers   {settings.BASE_URL}/admin/", f"  Viewers     {settings.BASE_URL}/"]
        if not settings.PRODUCTION:
            lines.append(f"  Logs        {settings.DATA_DIR / 'log'}")
        self.stdout.write("\n".join([*lines, ""]))
        self.stdout.flush()


def _portal_processes(host: str, port: int) -> list[Process]:
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    gunicorn = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--worker-class", "gthread"]
    web = ["--workers", os.environ.get("PORTAL_WEB_WORKERS", "2"), "--threads", "8", "--preload", "--no-control-socket"]
    web += ["--limit-request-line", str(LONGEST_REQUEST_LINE)]
    return [
        Process("web", [*gunicorn, *web, "--bind", f"{host}:{port}", "--log-level", "warning"]),
        Process("worker", [*manage, "qcluster"]),
        Process("deliveries", [*manage, "drain"]),
        Process("counting", [*manage, "count"]),
        *(
            Process(f"gateway-{number + 1}" if number else "gateway", [*manage, "gateway"])
            for number in range(settings.PORTAL_GATEWAY_PROCESSES)
        ),
    ]


def _reachable(host: str) -> str:
    """Return how this machine reaches a process that listens there."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104


def _sandbox_env() -> dict[str, str]:
    url = urlsplit(settings.PORTAL_SANDBOX_URL)
    return {
        "DJANGO_SETTINGS_MODULE": "portal.sandbox.settings",
        "PORTAL_SANDBOX_DB": str(settings.DATA_DIR / "sandbox.sqlite3"),
        "PORTAL_SANDBOX_PORT": str(url.port or 80),
        "PYTHONPATH": str(settings.BASE_DIR),
    }


def _sandbox_processes() -> list[Process]:
    """The stand-ins and their crowd, in processes with settings, port, host name and database file of their own."""
    crowd = [sys.executable, "-m", "django", "play_crowd"]
    if demo_file().exists():
        crowd += ["--from", str(demo_file())]
    return [
        Process("sandbox", [sys.executable, "-m", "gunicorn", "-c", "python:portal.sandbox.server"], _sandbox_env()),
        Process("crowd", crowd, _sandbox_env()),
    ]


def _sandbox_command(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        env={**os.environ, **_sandbox_env()},
        check=True,
        stdout=subprocess.DEVNULL,
    )
