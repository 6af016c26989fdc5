"""Watch time: crediting, answering and storing, against the same done in other ways, interleaved in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median
from typing import Any

from bench.credit import body_of, ids_of
from bench.databases import ROOT, Database
from bench.figures import show_ratio
from bench.load import connect, prepared, send_one

ROUNDS = 7
SHAPES = ((100, 100), (100, 1_000), (10, 10_000), (1, 100_000))
"""Channels and viewers of each: a minute of heartbeats of 100, 1,000, 10,000 and 100,000 viewers."""

ORM_GOAL = 100.0
ALONE_GOAL = 0.7
WHOLE_WAY_GOAL = 2.0
ANSWER_GOAL = 20.0
ANSWER_VIEWERS = 100_000
BYTES_GOAL = {"SQLite": 40, "PostgreSQL": 200}
PROCESSES = 4
SEEDS = (1, 2, 3)


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    met = [_credit(database), _whole_way(database), _answers(database), _together(database), _disk(database)]
    return all(met)


def _measured(database: Database, what: str, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(database.run("-m", "bench.credit", what, json.dumps(arguments)))
    return answer


def _show_ms(what: str, seconds: list[float]) -> None:
    ms = [one * 1000 for one in seconds]
    print(f"  {what:46} {median(ms):9.1f} ms   [{min(ms):.1f} to {max(ms):.1f}]", flush=True)


def _credit(database: Database) -> bool:
    met = True
    for channels, viewers in SHAPES:
        name = f"{channels} x {viewers:,}"
        row_by_row = viewers == 1_000
        took = _measured(database, "credit", channels=channels, viewers=viewers, rounds=ROUNDS, orm=row_by_row)
        _show_ms(f"{name}: counted", took["ours"])
        _show_ms(f"{name}: upserts by the database alone", took["alone"])
        # A ratio of speeds: theirs in seconds over ours in seconds.
        met = show_ratio(f"{name}: counting / database alone", took["alone"], took["ours"], goal=ALONE_GOAL) and met
        if row_by_row:
            _show_ms("one heartbeat of 1,000: update_or_create", took["orm"])
            ours = [seconds / channels for seconds in took["ours"]]
            met = show_ratio("1,000 viewers: counting / row by row", took["orm"], ours, goal=ORM_GOAL) and met
    alone = _measured(database, "credit", channels=1, viewers=1_000, rounds=ROUNDS, orm=True)
    _show_ms("a single heartbeat of 1,000, counted alone", alone["ours"])
    show_ratio("  the same / row by row (no goal)", alone["orm"], alone["ours"], goal=0)
    return met


def _whole_way(database: Database) -> bool:
    took = _measured(database, "whole_way", channels=100, viewers=1_000, rounds=ROUNDS)
    _show_ms("100 x 1,000 from JSON to progress", took["ours"])
    _show_ms("the same, one upsert a heartbeat", took["theirs"])
    return show_ratio("whole way", took["theirs"], took["ours"], goal=WHOLE_WAY_GOAL)


def _answers(database: Database) -> bool:
    """Time the answer to a heartbeat of 100,000 viewers, stored, and credited within the request."""
    from datetime import UTC, datetime, timedelta

    made = _measured(database, "prepare_answers", viewers=ANSWER_VIEWERS)
    ids = ids_of(0, ANSWER_VIEWERS)
    start = datetime.fromtimestamp(made["start"], UTC)
    took: dict[str, list[float]] = {"stored": [], "credited": []}
    with database.served() as port:
        for number in range(ROUNDS + 2):
            minute = start + timedelta(minutes=1 + number)
            body = body_of(ids, minute=minute, game=made["game"])
            clock_minute = int(minute.timestamp() // 60)
            paths = {
                "stored": f"/webhooks/heartbeats/{made['token']}",
                "credited": f"/bench/credit/c/{made['organization']}/{clock_minute}",
            }
            for what, path in list(paths.items())[:: 1 if number % 2 else -1]:
                with connect(port) as connection:
                    began = time.monotonic()
                    ended = send_one(connection, prepared(path, body, {}))
                if number > 1:  # each of the two web processes warms up
                    took[what].append(ended - began)
    _show_ms("answer to 100,000 viewers: stored", took["stored"])
    _show_ms("answer to 100,000 viewers: credited at once", took["credited"])
    return show_ratio("answering sooner", took["credited"], took["stored"], goal=ANSWER_GOAL)


def _together(database: Database) -> bool:
    lost = doubled = deadlocks = minutes = overtaken = 0
    for seed in SEEDS:
        arguments = {"seed": seed, "channels": 20, "viewers": 3_000, "listed": 300, "minutes": 20}
        made = json.loads(database.run("-m", "bench.together", "prepare", json.dumps(arguments)))
        command = [sys.executable, "-m", "bench.together", "count", json.dumps({"organization": made["organization"]})]
        running = [
            subprocess.Popen(command, env=database.env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            for _number in range(PROCESSES)
        ]
        told = [json.loads(process.communicate(timeout=300)[0]) for process in running]
        compared = json.loads(
            subprocess.run(
                [sys.executable, "-m", "bench.together", "compare", "-"],
                input=json.dumps({"campaign": made["campaign"], "expected": made["expected"]}),
                env=database.env,
                cwd=ROOT,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        )
        lost, doubled = lost + compared["lost"], doubled + compared["doubled"]
        minutes += compared["minutes"]
        deadlocks += sum(one["deadlocks"] + one["other"] for one in told)
        overtaken += sum(one["overtaken"] for one in told)
    met = not (lost or doubled or deadlocks)
    print(
        f"  {PROCESSES} processes, {len(SEEDS)} seeds, {minutes:,} minutes: {lost} lost, {doubled} doubled, "
        f"{deadlocks} deadlocks or time-outs; {overtaken} batches given up to others   goal 0, 0, 0: "
        f"{'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


def _disk(database: Database) -> bool:
    with Database(database.name) as empty:  # where something was removed before, nothing would have to grow
        everybody = _measured(empty, "disk", channels=5, viewers=1_000, hours=24, present=1.0)["bytes"]
    with Database(database.name) as empty:
        half = _measured(empty, "disk", channels=5, viewers=1_000, hours=6, present=0.5)["bytes"]
    goal = BYTES_GOAL[database.name]
    met = everybody <= goal
    print(
        f"  bytes a viewer-hour, 5,000 viewers, 24 h, all watching: {everybody:.1f}   goal at most {goal}: "
        f"{'met' if met else 'MISSED'}\n  the same over 6 h, each in a random half of the minutes: {half:.1f} (no goal)",
        flush=True,
    )
    return met
