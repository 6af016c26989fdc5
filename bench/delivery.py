"""Deliveries through the worker against a queue's tasks, and how long a claim takes from the webhook to the game."""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

from bench.databases import Database, wait_until_answers
from bench.figures import show, show_ratio
from bench.kick import Kick
from bench.load import connect, send_one
from tests.servers import free_port

ROUNDS = 3
LIMIT_SECONDS = 120.0
"""What is not delivered after this time ends the benchmark."""

WORKERS = 2  # of the queue's cluster; the drain is held to as many calls at once where the goal says so
DEFAULT_CONCURRENCY = 24
SAME_CONCURRENCY_GOAL = 1.5
SLOW_BACKEND_GOAL = 10.0

LATENCY_CLAIMS = 100
LATENCY_GOAL_SECONDS = 2.0


@dataclass(frozen=True)
class Cell:
    """One thing that is measured: who delivers, how many, to a backend that takes how many milliseconds."""

    name: str
    count: int
    delay_ms: int
    concurrency: int = DEFAULT_CONCURRENCY
    state: str = "ready"
    queue: bool = False


CELLS = {
    "drain, 2 at once": Cell("worker, 2 calls at once, 0 ms", 600, 0, concurrency=WORKERS),
    "queue": Cell("queue of 2 workers, 0 ms", 400, 0, queue=True),
    "drain, slow": Cell("worker, 20 ms", 1200, 20),
    "queue, slow": Cell("queue of 2 workers, 20 ms", 200, 20, queue=True),
    "whole way": Cell("worker, resolving too, 0 ms", 1200, 0, state="received"),
}


class Backend:
    """The game backend that counts: :mod:`bench.sink`, running."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, delay_ms: int) -> str:
        return f"http://127.0.0.1:{self.port}/{delay_ms}"

    def report(self) -> tuple[int, dict[str, float]]:
        """Return how many calls came since the last report, and when each message came first."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/report", timeout=10) as answer:
            told = json.load(answer)
        return told["total"], told["at"]

    def wait_for(self, count: int) -> tuple[int, dict[str, float]]:
        """Return the same once ``count`` messages have come. Raises ``RuntimeError`` where they do not."""
        until = time.monotonic() + LIMIT_SECONDS
        total, at = 0, dict[str, float]()
        while len(at) < count:
            if time.monotonic() > until:
                raise RuntimeError(f"{len(at)} of {count} deliveries came within {LIMIT_SECONDS:.0f} seconds.")
            time.sleep(0.5)
            more, times = self.report()
            total += more
            at = times | at
        return total, at


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    rates: dict[str, list[float]] = {key: [] for key in CELLS}
    with backend(database) as sink:
        for _round in range(ROUNDS):
            for key, cell in CELLS.items():
                rates[key].append(_measure(database, sink, cell))
        _check_recorded(database, ROUNDS * sum(cell.count for cell in CELLS.values()))
        for key, cell in CELLS.items():
            show(cell.name, rates[key], "deliveries/s")
        same = show_ratio(
            "at the same concurrency", rates["drain, 2 at once"], rates["queue"], goal=SAME_CONCURRENCY_GOAL
        )
        slow = show_ratio("with a backend of 20 ms", rates["drain, slow"], rates["queue, slow"], goal=SLOW_BACKEND_GOAL)
        quick = _latency(database, sink)
    return same and slow and quick


@contextmanager
def backend(database: Database) -> Iterator[Backend]:
    """Have the counting game backend run until the block ends."""
    port = free_port()
    with database.beside("-m", "bench.sink", str(port), name="sink"):
        wait_until_answers(f"http://127.0.0.1:{port}/report")
        yield Backend(port)


def _measure(database: Database, sink: Backend, cell: Cell) -> float:
    """Return how many deliveries a second came to the backend, from the first to the last."""
    database.setup(
        "deliveries",
        count=cell.count,
        url=sink.url(cell.delay_ms),
        concurrency=cell.concurrency,
        state=cell.state,
        queue=cell.queue,
    )
    sink.report()
    with database.beside("manage.py", "qcluster" if cell.queue else "drain", name="worker"):
        total, at = sink.wait_for(cell.count)
    if total != cell.count:
        raise RuntimeError(f"{cell.name}: {total} calls came for {cell.count} deliveries.")
    return (cell.count - 1) / (max(at.values()) - min(at.values()))


def _check_recorded(database: Database, count: int) -> None:
    recorded = database.setup("count_claims", state="delivered")["claims"]
    if recorded != count:
        raise RuntimeError(f"{recorded} of {count} claims are recorded as delivered.")


def _latency(database: Database, sink: Backend) -> bool:
    """Send claims one by one at random moments, and print how long each took from the answer to the backend."""
    kick = Kick()
    made = database.setup("latency", count=LATENCY_CLAIMS, url=sink.url(0), public_key=kick.public_key)
    claims = {f"latency-{user}": kick.claim(f"latency-{user}", user_id=user) for user in made["users"]}
    sink.report()
    answered: dict[str, float] = {}
    with database.served() as port, database.beside("manage.py", "drain", name="worker"):
        time.sleep(3)  # until the drain is at work: nothing tells when that is
        for claim_id, request in claims.items():
            time.sleep(random.uniform(0.05, 0.5))
            with connect(port) as connection:
                answered[claim_id] = send_one(connection, request)
        _total, at = sink.wait_for(LATENCY_CLAIMS)
    ids = database.setup("claim_ids", organization=made["organization"])
    took = [at[ids[claim_id]] - when for claim_id, when in answered.items()]
    p95 = quantiles(took, n=20)[-1]
    met = p95 < LATENCY_GOAL_SECONDS
    print(
        f"  from the webhook's answer to the backend: median {median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
        f"longest {max(took) * 1000:.0f} ms; {len(took)} claims"
        f"   goal p95 less than {LATENCY_GOAL_SECONDS:.0f} s: {'met' if met else 'MISSED'}"
    )
    return met
