"""Several processes counting the same viewers at once: ``python -m bench.together WHAT '{...}'``, beside a database."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import defaultdict
from datetime import timedelta
from typing import Any

import django

from bench.credit import START, Scene, ids_of

IDLE_SECONDS = 2.0


def prepare(seed: int, channels: int, viewers: int, listed: int, minutes: int) -> dict[str, Any]:
    """Store heartbeats of overlapping viewers, shuffled, some twice under ids of their own; return what they come to."""
    chance = random.Random(seed)
    scene = Scene()
    everybody = ids_of(seed * 1_000_000, viewers)
    expected: dict[str, set[int]] = defaultdict(set)
    beats = []
    for number in range(minutes):
        for channel in range(channels):
            some = chance.sample(everybody, listed)
            for one in some:
                expected[one].add(number)
            beats.append((number, str(900 + channel), some))
            if chance.random() < 0.1:
                beats.append((number, str(900 + channel) + "b", some))
    chance.shuffle(beats)
    for number, broadcaster, some in beats:
        minute = START + timedelta(minutes=number)
        scene.record(scene.body(some, minute, broadcaster), minute)
    return {
        "organization": scene.game.organization_id,
        "campaign": scene.campaign.pk,
        "heartbeats": len(beats),
        "expected": {one: len(seen) for one, seen in expected.items()},
    }


def count(organization: str) -> dict[str, Any]:
    """Count without asking for the lease, so that the others are met, until nothing is due for a while."""
    from django.db import OperationalError

    from campaigns.watch.counting import count_organization
    from campaigns.watch.people import People
    from campaigns.watch.writing import Overtaken

    people, idle_since = People(), time.monotonic()
    told = {"counted": 0, "overtaken": 0, "deadlocks": 0, "other": 0}
    while time.monotonic() - idle_since < IDLE_SECONDS:
        try:
            done = count_organization(organization, now=START + timedelta(days=60), most_viewers=3_000, people=people)
        except Overtaken:
            told["overtaken"] += 1
            continue
        except OperationalError as error:
            told["deadlocks" if "deadlock" in str(error) else "other"] += 1
            continue
        if done:
            told["counted"] += done
            idle_since = time.monotonic()
        else:
            time.sleep(0.05)
    return told


def compare(campaign: str, expected: dict[str, int]) -> dict[str, Any]:
    """Return how many minutes are missing and how many are too many."""
    from campaigns.models import Viewer
    from campaigns.watch.progress import all_totals

    found = all_totals(campaign)
    names = dict(
        Viewer.objects.filter(watcher__participations__campaign=campaign).values_list("pk", "platform_user_id")
    )
    totals = {names[viewer]: minutes for viewer, minutes in found.items()}
    keys = {*totals, *expected}
    differences = [totals.get(key, 0) - expected.get(key, 0) for key in keys]
    return {
        "lost": -sum(difference for difference in differences if difference < 0),
        "doubled": sum(difference for difference in differences if difference > 0),
        "minutes": sum(expected.values()),
    }


if __name__ == "__main__":
    django.setup()
    arguments = json.loads(sys.argv[2]) if sys.argv[2] != "-" else json.load(sys.stdin)
    print(json.dumps({"prepare": prepare, "count": count, "compare": compare}[sys.argv[1]](**arguments)))
