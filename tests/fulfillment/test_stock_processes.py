"""Codes and limits with two processes that resolve, one of them killed again and again: none over, none twice, none lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.portal import REPOSITORY, clean_environment
from tests.servers import PostgreSQL

pytestmark = pytest.mark.slow

CLAIMS, CODES, LIMIT = 120, 70, 80

SEED = f"""
import django
django.setup()
from tests.fulfillment.stock import StockWorld
world = StockWorld()
world.pool(codes={CODES})
world.limit(limit_total={LIMIT})
for number in range({CLAIMS}):
    world.claimed(number, minutes=1000 - number, account=False)
"""
RESOLVE = """
import time, django
django.setup()
from django.db import OperationalError, close_old_connections
from fulfillment.resolve import resolve_due
from tests.fulfillment.stock import LATER
print("ready", flush=True)
quiet = 0
while quiet < 20:
    try:
        done = resolve_due(now=LATER, limit=7)
    except OperationalError:
        close_old_connections()
        done = 0
    quiet = 0 if done else quiet + 1
    if not done:
        time.sleep(0.05)
"""
CHECK = """
import django
django.setup()
from django.db.models import Count
from fulfillment.models import Claim, RewardCode, RewardGiven
from tests.fulfillment.stock import check_books
check_books()
states = dict(Claim.objects.values_list("reason").annotate(n=Count("pk")))
codes = dict(RewardCode.objects.values_list("state").annotate(n=Count("pk")))
print(states, codes, RewardGiven.objects.get(day=0).given, Claim.objects.filter(resolve_at__isnull=False).count())
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield {}
            return
        yield {"DATABASE_URL": stack.enter_context(PostgreSQL()).url}


def test_d8_no_code_and_no_place_is_given_over_or_lost_while_resolvers_are_killed(
    tmp_path: Path, database: dict[str, str]
) -> None:
    environment = clean_environment(
        PORTAL_DATA_DIR=str(tmp_path),
        DJANGO_SETTINGS_MODULE="portal.settings",
        PYTHONPATH=str(REPOSITORY),
        **database,
    )

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def resolver() -> subprocess.Popen[str]:
        started = subprocess.Popen(
            [sys.executable, "-c", RESOLVE], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert started.stdout
        assert started.stdout.readline() == "ready\n"
        return started

    run(sys.executable, "manage.py", "migrate", "-v0")
    run(sys.executable, "-c", SEED)
    for wait in (0.02, 0.07, 0.15):
        victim = resolver()
        time.sleep(wait)  # however far it has come: that is what differs from run to run
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
    workers = [resolver(), resolver()]
    for worker in workers:
        assert worker.wait(timeout=120) == 0
    told = run(sys.executable, "-c", CHECK).strip()
    assert told.endswith(f" {CODES} 0"), told
    assert f"'code_assigned': {CODES}" in told
    assert f"'pool_empty': {CLAIMS - CODES}" in told
    assert f"'assigned': {CODES}}}" in told
