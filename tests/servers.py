"""Servers that tests run against, started on loopback from what is installed, and removed afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from glob import glob
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[1]
CLIENTS = REPOSITORY / "tests" / "clients"
TWURPLE = CLIENTS / "twurple"
WS = CLIENTS / "ws"
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def postgresql_programs() -> Path | None:
    """Return the folder with initdb and postgres of the newest installed version, if there is one."""
    found = sorted(glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if found:
        return Path(found[-1]).parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def redis_program() -> str | None:
    return shutil.which("redis-server")


def node_fault() -> str | None:
    """Return why tests that need Node.js cannot run; None: they can."""
    if not shutil.which("node"):
        return "no node found"
    for folder, library in ((TWURPLE, "@twurple/api"), (WS, "ws"), (WS, "typescript")):
        if not (folder / "node_modules" / library).is_dir():
            named = folder.relative_to(REPOSITORY)
            return f"the libraries of {named} are not installed (npm is missing, or had no network)"
    return None


class PostgreSQL:
    """A PostgreSQL server for one run. As root it runs as the user ``postgres``, because it refuses to run as root."""

    def __init__(self, *, durable: bool = False) -> None:
        programs = postgresql_programs()
        if programs is None:
            raise RuntimeError("PostgreSQL is not installed.")
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="drops-pg-"))
        self._fsync = "on" if durable else "off"
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        if self._as:
            owner = pwd.getpwnam("postgres")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8")
        settings = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync={self._fsync} -c max_connections=60"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", data, "-o", settings, "-l", log, "-w", "start")
        return self

    def __exit__(self, *error: object) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as, str(self._programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder if not self._as else "/",
        )


class Redis:
    """A Redis server for one test."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        program = redis_program()
        if program is None:
            raise RuntimeError("Redis is not installed.")
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError("Redis did not start within 10 seconds.")

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(10)
