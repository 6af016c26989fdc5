"""F5: the button pressed in two processes at the same moment, on SQLite as it is delivered, is one claim."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.portal import REPOSITORY, clean_environment

pytestmark = pytest.mark.slow

SEED = """
import django
django.setup()
from tests.fulfillment.claimants import World
world = World()
world.earn(world.bronze)
print(world.viewer.pk, world.bronze.pk, world.user.pk)
"""
PRESS = """
import sys, django
django.setup()
from campaigns.models import CampaignReward, Viewer
from fulfillment.claiming import claim_reward
from portal.models import User
from tests.factories import NOW
viewer, row, user = sys.argv[1:]
viewer, user = Viewer.objects.get(pk=viewer), User.objects.get(pk=user)
row = CampaignReward.objects.select_related("campaign__game", "reward").get(pk=row)
print("ready", flush=True)
sys.stdin.readline()
print({claim_reward(viewer=viewer, campaign_reward=row, actor=user, now=NOW).pk for _ in range(20)}, flush=True)
"""
COUNT = """
import django
django.setup()
from fulfillment.models import Claim
print(Claim.objects.count())
"""


def test_f5_two_processes_that_press_at_once_make_one_claim(tmp_path: Path) -> None:
    environment = clean_environment(
        PORTAL_DATA_DIR=str(tmp_path), DJANGO_SETTINGS_MODULE="portal.settings", PYTHONPATH=str(REPOSITORY)
    )

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(sys.executable, "manage.py", "migrate", "-v0")
    ids = run(sys.executable, "-c", SEED).split()
    presses = [
        subprocess.Popen(
            [sys.executable, "-c", PRESS, *ids],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for press in presses:
        assert press.stdout
        assert press.stdout.readline() == "ready\n"
    for press in presses:
        assert press.stdin
        press.stdin.write("\n")
        press.stdin.flush()
    answers = []
    for press in presses:
        out, errors = press.communicate(timeout=60)
        assert press.returncode == 0, errors
        answers.append(out.splitlines()[-1])
    assert len(set(answers)) == 1
    assert answers[0].count("'") == 2, "each answer names one claim"
    assert run(sys.executable, "-c", COUNT).strip() == "1"
