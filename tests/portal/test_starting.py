"""Starting the portal's processes: what stops them, and in which words (S2)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from portal.management.commands.serve import _portal_processes

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "a-key-of-a-test-that-has-more-than-32-characters"
MANAGE = [sys.executable, "manage.py", "check", "--deploy"]
WEB = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--check-config"]


def start(command: list[str], folder: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` with a production environment of its own, in which ``changed`` differs."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "PORTAL_ENVIRONMENT": "production",
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SECRET_KEY": f"{KEY}-and-one",
        "PORTAL_ENCRYPTION_KEYS": f"{KEY}-two",
        "PORTAL_ALLOWED_HOSTS": "drops.example",
        "PORTAL_BASE_URL": "https://drops.example",
        "PYTHONUTF8": "1",
        **changed,
    }
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", [MANAGE, WEB], ids=["manage.py", "web"])
def test_s2_a_safe_production_starts_before_static_files_were_collected(command: list[str], tmp_path: Path) -> None:
    result = start(command, tmp_path)
    assert result.returncode == 0, result.stderr
    assert KEY not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_SECRET_KEY", "short"),
        ("PORTAL_ENCRYPTION_KEYS", ""),
        ("PORTAL_DEBUG", "true"),
        ("PORTAL_ALLOWED_HOSTS", "*"),
        ("PORTAL_SANDBOX_URL", "http://127.0.0.1:8001"),
        ("PORTAL_BASE_URL", "http://drops.example"),
        ("PORTAL_ALLOW_HTTP_LOOPBACK", "true"),
        ("PORTAL_GATEWAY_URL", "ws://drops.example/game-state/v1"),
    ],
)
def test_s2_the_web_process_itself_refuses_an_unsafe_production(name: str, value: str, tmp_path: Path) -> None:
    result = start(WEB, tmp_path, **{name: value})
    assert result.returncode != 0
    assert name in result.stderr
    assert KEY not in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_SECRET_KEY_FILE", "no/such/file"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgresql://user:hidden-word@host:port/name"),
        ("REDIS_URL", "nonsense"),
        ("PORTAL_EMAIL_URL", "smtp://user:hidden-word@host:port"),
        ("PORTAL_BASE_URL", "drops.example"),
        ("PORTAL_GATEWAY_URL", "https://drops.example/game-state/v1"),
        ("PORTAL_GATEWAY_BIND", "8002:127.0.0.1"),
        ("PORTAL_GATEWAY_PROCESSES", "-1"),
    ],
)
def test_s2_a_malformed_setting_is_named_with_what_is_allowed_and_without_its_secret(
    name: str, value: str, tmp_path: Path
) -> None:
    result = start(MANAGE, tmp_path, **{name: value})
    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr
    assert name in result.stderr.split("ImproperlyConfigured")[-1]
    assert "hidden-word" not in result.stderr


def test_a1_the_web_server_reads_every_call_that_twitch_documents(tmp_path: Path) -> None:
    ids = "&".join(f"id={uuid4()}" for _ in range(100))
    more = "user_id=123456789012&game_id=1234567890&fulfillment_status=FULFILLED&first=1000&after=AQAAAAAAAAAB"
    line = f"GET /helix/entitlements/drops?{ids}&{more} HTTP/1.1\r\n"
    (web,) = [process for process in _portal_processes("127.0.0.1", 8000) if process.name == "web"]
    printed = start([*web.command, "--print-config"], tmp_path).stdout
    found = re.search(r"^limit_request_line += (\d+)$", printed, re.MULTILINE)
    assert found, printed
    assert len(line) <= int(found[1])
