"""D5, O4: an action and its deliveries in processes of their own: none is sent again, and a kill loses and repeats nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.killed_portal import database
from tests.e2e.portal import REPOSITORY, clean_environment

pytestmark = pytest.mark.slow

CLAIMS = 120
BEGIN = """
import itertools, django
django.setup()
from portal.models import Organization
from tests import factories
factories._numbers = itertools.count(1000 * (1 + Organization.objects.count()))  # the tests share one database
"""
SEED = f"""{BEGIN}
from unittest.mock import patch
from fulfillment import bulk
from tests.fulfillment.bulk_story import Crew
with patch.object(bulk, "kick", lambda key: None):
    crew = Crew(above=1)
    operation = crew.asked({CLAIMS})
    from fulfillment.bulk_approval import approve
    approve(operation=operation, actor=crew.second, now=operation.confirmed_at)
print(operation.pk)
"""
WORK = """
import sys, django
django.setup()
from django.utils import timezone
from fulfillment import bulk
bulk.CHUNK = 5
print("ready", flush=True)
sys.stdin.readline()
while bulk.do_chunk(sys.argv[1], now=timezone.now()):
    print("chunk", flush=True)
"""
DELIVER = """
import sys, django
django.setup()
from django.db import transaction
from django.utils import timezone
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import BulkOperation, Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
ids = BulkOperation.objects.get(pk=sys.argv[1]).claim_ids
print("ready", flush=True)
sys.stdin.readline()
for claim_id in reversed(ids):
    # As a game does that reports success for what failed while it was pushed (D3), or takes what is ready.
    with transaction.atomic():
        for claim in lock_claims([claim_id]):
            if claim.state in (State.FAILED, State.READY):
                move_claims([Move(claim, State.DELIVERED, Code.DELIVERED)], now=timezone.now())
"""
COUNT = """
import sys, django
django.setup()
from fulfillment.models import BulkOperation, Claim, ClaimEvent
from fulfillment.rules.states import State
one = BulkOperation.objects.get(pk=sys.argv[1])
events = ClaimEvent.objects.filter(claim__in=one.claim_ids)
retried = events.filter(to_state="ready").values_list("claim", flat=True)
again = events.filter(from_state="delivered").count()
print(one.status, one.position, one.done, one.skipped, len(retried), len(set(retried)), again,
      Claim.objects.filter(pk__in=one.claim_ids, state=State.DELIVERED).count(), flush=True)
"""

PERSON = f"""{BEGIN}
from tests.fulfillment.bulk_story import Crew
crew = Crew()
print(crew.player().pk, crew.offer.pk, crew.asker.pk)
"""
GRANT = """
import sys, django
django.setup()
from campaigns.models import CampaignReward
from fulfillment.acting import NotPossible
from fulfillment.grant import grant_by_hand
from linking.models import Player
from portal.models import User
from tests.factories import NOW
person, offer, actor, key = sys.argv[1:]
offer = CampaignReward.objects.select_related("campaign__game").get(pk=offer)
given = {"person": Player.objects.get(pk=person), "offer": offer, "actor": User.objects.get(pk=actor)}
print("ready", flush=True)
sys.stdin.readline()
try:
    print(grant_by_hand(**given, key=key, reason="ticket 7", now=NOW).pk, flush=True)
except NotPossible:
    print("refused", flush=True)
"""


class Place:
    """A database of its own, and processes that work on it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.environment = clean_environment(
            PORTAL_DATA_DIR=str(folder),
            DATABASE_URL=database_url,
            DJANGO_SETTINGS_MODULE="portal.settings",
            PYTHONPATH=str(REPOSITORY),
        )
        self.run("manage.py", "migrate", "-v0")
        self.operation = ""

    def ask(self) -> None:
        """Have an action be asked for and approved; the processes that follow work on it."""
        self.operation = self.run("-c", SEED).strip()

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def process(self, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", program, *(arguments or [self.operation])]
        with subprocess.Popen(
            command, cwd=REPOSITORY, env=self.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        ) as started:
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
            yield started

    def counted(self) -> list[str]:
        return self.run("-c", COUNT, self.operation).split()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with database() as url:
        yield Place(tmp_path_factory.mktemp("bulk"), url)


@pytest.fixture
def place(migrated: Place) -> Place:
    migrated.ask()
    return migrated


def _go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def test_d5_what_another_process_delivers_meanwhile_is_left_alone(place: Place) -> None:
    with place.process(WORK) as work, place.process(WORK) as more, place.process(DELIVER) as deliver:
        _go(work, more, deliver)
        for process in (work, more, deliver):
            _out, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
    status, position, done, skipped, retried, different, again, delivered = place.counted()
    assert (status, int(position), int(again), int(delivered)) == ("finished", CLAIMS, 0, CLAIMS)
    assert int(done) + int(skipped) == CLAIMS
    assert int(done) >= int(retried) == int(different), "each at most once"


def test_o4_killed_in_the_middle_it_goes_on_where_it_was(place: Place) -> None:
    with place.process(WORK) as work:
        _go(work)
        assert work.stdout is not None
        for _ in range(3):
            assert work.stdout.readline() == "chunk\n"
        os.kill(work.pid, 9)
        work.wait()
    status, position, done, skipped, retried, *_rest = place.counted()
    assert (status, position) == ("running", done)
    assert 15 <= int(position) == int(retried) < CLAIMS
    with place.process(WORK) as work:
        _go(work)
        work.communicate(timeout=120)
    status, position, done, skipped, retried, different, *_rest = place.counted()
    assert (status, done, skipped, retried, different) == ("finished", str(CLAIMS), "0", str(CLAIMS), str(CLAIMS))


@pytest.mark.parametrize("same_form", [True, False])
def test_r4_two_grants_at_the_same_moment_are_one_claim(migrated: Place, same_form: bool) -> None:
    person = migrated.run("-c", PERSON).split()
    keys = ["0" * 26, ("0" if same_form else "1") * 26]
    with migrated.process(GRANT, *person, keys[0]) as one, migrated.process(GRANT, *person, keys[1]) as other:
        _go(one, other)
        answers = []
        for process in (one, other):
            out, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            answers.append(out.strip())
    assert (len(set(answers)) == 1) == same_form
    assert ("refused" in answers) != same_form
