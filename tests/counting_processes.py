"""What the processes of ``tests/campaigns/test_counting_together.py`` do: ``python -m tests.counting_processes count …``.

The crowd follows from a seed alone, so that the test knows what is sent without being told.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CHANNELS, MINUTES, VIEWERS, LISTED = 6, 30, 150, 25
START = datetime(2026, 11, 20, 11, 45, tzinfo=UTC)  # the minutes go over a full hour
FAR = START + timedelta(days=3)


def crowd(seed: int) -> list[dict[str, Any]]:
    """Return the heartbeats: their viewers overlap between channels and change from minute to minute."""
    chance = random.Random(seed)
    beats = []
    for minute in range(MINUTES):
        for channel in range(CHANNELS):
            viewers = chance.sample(range(VIEWERS), LISTED)
            beats.append(
                {
                    "broadcaster": str(900 + channel),
                    "viewers": LISTED,
                    "viewer_list": [f"v{viewer}" for viewer in viewers],
                    "game": "Skyforge",
                    "version": 1,
                    "id": f"{seed}-{minute}-{channel}",
                    "time": f"{START + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
                }
            )
    return beats


def expected(seed: int) -> tuple[Counter[str], Counter[str]]:
    """Return what the crowd comes to: the minutes of each viewer, and of each broadcaster."""
    watched = {(viewer, beat["time"]) for beat in crowd(seed) for viewer in beat["viewer_list"]}
    streamed = {(beat["broadcaster"], beat["time"]) for beat in crowd(seed)}
    return Counter(viewer for viewer, _at in watched), Counter(channel for channel, _at in streamed)


def setup(one_stream: str) -> None:
    """Make two campaigns. Half of the viewers are known, in many shards; the numbers of new ones cross the edge of one."""
    from django.db import connection

    from campaigns.models import Viewer, Watcher
    from tests import factories as make
    from tests.watching import make_counted_campaign, make_source

    organization = make.make_organization(one_stream_at_a_time=one_stream == "yes")
    game = make.make_game(organization, name="Skyforge")
    make_source(game)
    for minutes in ([5, 10], [20]):
        make_counted_campaign(game, minutes=minutes, now=START)
    known = Viewer.objects.bulk_create(
        Viewer(organization=organization, platform="kick", platform_user_id=f"v{number}")
        for number in range(0, VIEWERS, 2)
    )
    before_an_edge = 28 * 4096 - 10
    numbers = [*range(1, 1500 * (len(known) - 1), 1500), before_an_edge]
    Watcher.objects.bulk_create(
        Watcher(number=number, viewer=viewer) for number, viewer in zip(numbers, known, strict=True)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            sequence = f"pg_get_serial_sequence('{Watcher._meta.db_table}', 'number')"
            cursor.execute(f"SELECT setval({sequence}, {before_an_edge})")
    print(json.dumps(organization.pk))


def record(beats: list[dict[str, Any]], now: datetime) -> None:
    from campaigns.heartbeats.arrivals import record_heartbeat
    from campaigns.models import HeartbeatSource
    from campaigns.rules.heartbeats import parse_heartbeat

    source = HeartbeatSource.objects.select_related("game__organization").get()
    for beat in beats:
        record_heartbeat(source=source, message=parse_heartbeat(json.dumps(beat).encode(), now=now), now=now)


def ingest(seed: str, which: str) -> None:
    """Send two thirds of the crowd in an order of one's own, some of it twice: two senders together send all of it."""
    beats = crowd(int(seed))
    third = len(beats) // 3
    mine = beats[: 2 * third] if which == "0" else beats[third:]
    chance = random.Random(f"{seed} {which}")
    mine += chance.sample(mine, third)
    chance.shuffle(mine)
    for start in range(0, len(mine), 10):
        record(mine[start : start + 10], now=START + timedelta(hours=5))
        time.sleep(0.02)


def rounds(holder: str, *, lease: bool, now: datetime) -> Callable[[int], int]:
    """Return what counts a batch: as the process does, or without a lease, so that all really work at the same time."""
    from campaigns.watch.counting import count_due, count_organization
    from campaigns.watch.people import People
    from portal.models import Organization

    people = People()
    if lease:
        return lambda most_viewers: count_due(now=now, holder=holder, people=people, most_viewers=most_viewers)
    organization = Organization.objects.values_list("pk", flat=True).get()
    return lambda most_viewers: count_organization(organization, now=now, most_viewers=most_viewers, people=people)


def count(holder: str, lease: str, stop: str) -> None:
    """Count until a file says that nothing more will come and nothing is due; tell how it went."""
    from django.db import OperationalError

    from campaigns.models import Heartbeat
    from campaigns.watch.writing import Overtaken

    chance, batch = random.Random(holder), rounds(holder, lease=lease == "yes", now=FAR)
    told: dict[str, Any] = {"counted": 0, "overtaken": 0, "errors": []}
    while True:
        last = Path(stop).exists()
        try:
            told["counted"] += (done := batch(chance.choice([50, 200, 1000])))
        except Overtaken:
            told["overtaken"] += 1
            continue
        except OperationalError as error:
            told["errors"].append(str(error))
            continue
        if not done:
            if last and not Heartbeat.objects.filter(due_at__isnull=False).exists():
                break
            time.sleep(0.02)
    print(json.dumps(told))


class KillAt:
    """Kills this process as the n-th statement that changes something is about to run, or has just run."""

    def __init__(self, number: int, *, after: bool) -> None:
        self.left, self.after = number, after

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        changing = not sql.lstrip().startswith("SELECT")
        self.left -= changing
        if changing and self.left < 0 and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = execute(sql, params, many, context)
        if changing and self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


def killed(seed: str) -> None:
    """Count in processes each of which is killed one statement later than the one before; tell how many were."""
    from django.db import connections

    from campaigns.watch.counting import LEASE

    beats, kills, now = crowd(int(seed)), 0, FAR
    for number in range(1000):
        for after in (False, True):
            if beats:
                record([beats.pop() for _ in range(min(3, len(beats)))], now=START + timedelta(hours=5))
            now += LEASE  # the dead one's lease has run out
            connections.close_all()
            child = os.fork()
            if not child:
                _count_and_die(number, after, now)
            _pid, status = os.waitpid(child, 0)
            kills += os.WIFSIGNALED(status)
            ended_by_itself = os.WIFEXITED(status)
        if ended_by_itself:
            break
    record(beats, now=START + timedelta(hours=5))
    batch = rounds("last", lease=True, now=now + LEASE)
    while batch(1000):
        pass
    print(json.dumps({"kills": kills, "statements": number}))


def _count_and_die(number: int, after: bool, now: datetime) -> None:
    from django.db import connection

    batch = rounds(f"child-{number}", lease=True, now=now)
    with connection.execute_wrapper(KillAt(number, after=after)):
        batch(200)
    os._exit(0)


def report() -> None:
    """Print what was counted."""
    from campaigns.models import Campaign, EarnedReward, Heartbeat, HeartbeatViewers, MinuteKind, Watcher
    from campaigns.watch.checking import recount
    from tests.watching import totals

    campaigns = list(Campaign.objects.order_by("pk"))
    print(
        json.dumps(
            {
                "watched": [totals(campaign) for campaign in campaigns],
                "streamed": [totals(campaign, MinuteKind.BROADCAST) for campaign in campaigns],
                "differences": [
                    str(found) for campaign in campaigns for found in recount(campaign_id=campaign.pk).differences
                ],
                "due": Heartbeat.objects.filter(due_at__isnull=False).count(),
                "lists": HeartbeatViewers.objects.count(),
                "stored": Heartbeat.objects.count(),
                "watchers": Watcher.objects.count(),
                "earned": EarnedReward.objects.count(),
            }
        )
    )


def _named() -> Iterator[Callable[..., None]]:
    yield from (setup, ingest, count, killed, report)


if __name__ == "__main__":
    import django

    django.setup()
    {deed.__name__: deed for deed in _named()}[sys.argv[1]](*sys.argv[2:])
