"""Crediting, measured within one process: ``python -m bench.credit WHAT '{...}'`` prints the seconds of each round as JSON."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import django

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIRST_ID = 100_000_000  # ids of nine digits, as platforms have them


def ids_of(first: int, count: int) -> list[str]:
    """Return user ids as heartbeats have them."""
    return [str(FIRST_ID + first + number) for number in range(count)]


def body_of(
    ids: list[str], *, minute: datetime, broadcaster: str = "900", game: str = "Starfall", id: str = ""
) -> bytes:
    """Return a heartbeat as its sender makes it."""
    import orjson

    return orjson.dumps(
        {
            "broadcaster": broadcaster,
            "viewers": len(ids),
            "viewer_list": ids,
            "game": game,
            "version": 1,
            "id": id or f"{broadcaster}-{minute.timestamp():.0f}",
            "time": f"{minute:%Y-%m-%dT%H:%M:%SZ}",
            "retries": 0,
        }
    )


class Scene:
    """A campaign that the portal counts, with its source, and viewers who are known already."""

    def __init__(self, *, days: int = 30) -> None:
        from campaigns.models import CampaignPlatform, HeartbeatSource
        from portal.tokens import hash_token
        from tests.factories import make_campaign, make_game, make_organization

        n = time.monotonic_ns()  # another for each process that uses the same database
        organization = make_organization(name=f"Studio {n}", slug=f"studio-{n}")
        self.game = make_game(organization, name=f"Starfall {n}", slug=f"starfall-{n}")
        self.campaign = make_campaign(self.game, now=START, ends_at=START + timedelta(days=days))
        CampaignPlatform.objects.create(campaign=self.campaign, platform="kick", counted_by="portal")
        self.token = f"bench-{n}"
        self.source = HeartbeatSource.objects.create(
            game=self.game, name="bench", identifiers="platform", platform="kick", url_token_hash=hash_token(self.token)
        )

    def body(self, ids: list[str], minute: datetime, broadcaster: str = "900") -> bytes:
        return body_of(ids, minute=minute, broadcaster=broadcaster, game=self.game.name)

    def record(self, body: bytes, at: datetime) -> None:
        from campaigns.heartbeats.arrivals import record_heartbeat
        from campaigns.rules.heartbeats import parse_heartbeat

        record_heartbeat(source=self.source, message=parse_heartbeat(body, now=at), now=at)

    def count(self, people: Any) -> None:
        from campaigns.watch.counting import count_due

        while count_due(now=START + timedelta(days=60), people=people):
            pass

    def credited(self) -> int:
        from campaigns.watch.progress import all_totals

        return sum(all_totals(self.campaign.pk).values())


def _timed(deed: Callable[[], Any]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def credit(channels: int, viewers: int, rounds: int, orm: bool = False) -> dict[str, Any]:
    """Credit a minute of so many channels to known viewers: ours from stored heartbeats, the database alone, row by row.

    Row by row only one channel is credited: its seconds are those of one heartbeat.
    """
    from bench import upserts
    from campaigns.watch.people import People

    upserts.make_tables()
    upserts.fill_list(channels, viewers)
    scene, people = Scene(), People()
    lists = [ids_of(channel * viewers, viewers) for channel in range(channels)]
    took: dict[str, list[float]] = {"ours": [], "alone": [], "orm": []}
    for number in range(rounds + 1):
        minute = START + timedelta(minutes=number)
        for channel, ids in enumerate(lists):
            scene.record(scene.body(ids, minute, str(900 + channel)), minute)
        clock_minute = int(minute.timestamp() // 60)
        deeds: dict[str, Callable[[], Any]] = {
            "ours": lambda: scene.count(people),
            "alone": functools.partial(upserts.upsert_alone, "c", clock_minute, channels),
        }
        if orm:
            deeds["orm"] = functools.partial(upserts.update_or_create, "c", lists[0])
        _round(number, deeds, took)
    _check(scene, channels * viewers * (rounds + 1))
    return took


def _round(number: int, deeds: dict[str, Callable[[], Any]], took: dict[str, list[float]]) -> None:
    """Do everything once, each round beginning with another; the first round makes the rows and is not counted."""
    keys = list(deeds)
    for key in keys[number % len(keys) :] + keys[: number % len(keys)]:
        seconds = _timed(deeds[key])
        if number:
            took[key].append(seconds)


def _check(scene: Scene, expected: int) -> None:
    from bench import upserts

    for what, minutes in (("counting", scene.credited()), ("the upserts", upserts.total_minutes("c"))):
        if minutes != expected:
            raise RuntimeError(f"By {what} {minutes} minutes were credited instead of {expected}.")


def whole_way(channels: int, viewers: int, rounds: int) -> dict[str, Any]:
    """From JSON to exact progress, a minute of all channels a round: ours, and one set-based upsert a heartbeat."""
    from bench import upserts
    from campaigns.watch.people import People

    upserts.make_tables()
    scene, people = Scene(), People()
    lists = [ids_of(channel * viewers, viewers) for channel in range(channels)]
    took: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(rounds + 1):
        minute = START + timedelta(minutes=number)
        bodies = [scene.body(ids, minute, str(900 + channel)) for channel, ids in enumerate(lists)]

        def ours(bodies: list[bytes] = bodies, minute: datetime = minute) -> None:
            for body in bodies:
                scene.record(body, minute)
            scene.count(people)

        def theirs(bodies: list[bytes] = bodies, minute: datetime = minute) -> None:
            for body in bodies:
                upserts.upsert_from_json(
                    body,
                    campaign="c",
                    organization=scene.game.organization_id,
                    minute=int(minute.timestamp() // 60),
                )

        _round(number, {"ours": ours, "theirs": theirs}, took)
    _check(scene, channels * viewers * (rounds + 1))
    return took


def prepare_answers(viewers: int) -> dict[str, Any]:
    """Make a source and known viewers for heartbeats over HTTP."""
    from bench import upserts
    from campaigns.watch.people import People

    upserts.make_tables()
    scene = Scene()
    scene.record(scene.body(ids_of(0, viewers), START), START)
    scene.count(People())
    return {
        "token": scene.token,
        "game": scene.game.name,
        "organization": scene.game.organization_id,
        "start": START.timestamp(),
    }


def disk(channels: int, viewers: int, hours: int, present: float) -> dict[str, Any]:
    """Count so many hours minute by minute and return the bytes that were added for each viewer-hour.

    ``present`` is the share of viewers that watch in a minute, drawn anew for each. On PostgreSQL the tables are vacuumed
    once an hour of theirs, where autovacuum would come once a minute of ours.
    """
    import random

    from campaigns.watch.people import People

    chance = random.Random(7)
    scene, people = Scene(), People()
    lists = [ids_of(channel * viewers, viewers) for channel in range(channels)]
    before, watched = 0, 0
    for number in range(hours * 60 + 1):
        minute = START + timedelta(minutes=number)
        for channel, ids in enumerate(lists):
            some = ids if present >= 1 or not number else [one for one in ids if chance.random() < present]
            scene.record(scene.body(some, minute, str(900 + channel)), minute)
            watched += len(some)
        scene.count(people)
        if number % 60 == 0:
            _vacuum()
        if not number:  # from here on all viewers are known
            before, watched = _size(), 0
    return {"bytes": (_size() - before) / (watched / 60)}


def _vacuum() -> None:
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")


def _size() -> int:
    """Return the bytes that the tables of watch time take, with their indexes; on SQLite those of the whole file."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT SUM(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relkind = 'r' "
                "AND c.relname LIKE 'campaigns_%%'"
            )
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.fetchall()
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    django.setup()
    deeds = {"credit": credit, "whole_way": whole_way, "prepare_answers": prepare_answers, "disk": disk}
    print(json.dumps(deeds[sys.argv[1]](**json.loads(sys.argv[2]))))
