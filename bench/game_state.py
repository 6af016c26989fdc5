"""The gateway of game state: against a bare echo server, holding idle connections, and keeping up with 2,000 at once.

One gateway stays on one core; whatever measures stays on the other. A message counts as dealt with when the gateway gets
to a last one behind it, which it answers at once because it is of no known kind: so nothing is added to what the deltas cost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any

import psutil

from bench.databases import Database, wait_until_answers
from bench.figures import show, show_ratio
from bench.matches import connect, delta, state_of
from bench.pinned import cores, staying_on
from bench.sockets import SILENCE_SECONDS, Sockets, answered_bytes, text_frame
from tests.servers import free_port

PATH = "/game-state/v1"
ROUNDS = 5
LINES = 1_000
DELTAS = 58
"""For each connection and round; with the last one and a flush it sends all the 60 messages of its clock minute."""

RATIO_GOAL = 0.5
IDLE = 5_000
FIRST = 100
"""So many of them are there before memory is looked at: threads and caches are filled by then."""

IDLE_SECONDS = 60
PACED = 2_000
PACED_SECONDS = 60
EVERY_TENTH = 10
LATE_SECONDS = 1.0

CONNECTING = 200
"""So many connect at once: admitting asks the database."""

LAST = text_frame('{"type":"bench"}')
FLUSH = text_frame('{"type":"flush"}')


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    made = json.loads(database.run("-m", "bench.matches", "prepare", "{}"))
    with staying_on(cores()[1]):
        met = [_against_echo(database, made), _idle(database, made), _paced(database, made)]
    return all(met)


@contextmanager
def gateway(database: Database, *, name: str = "gateway") -> Iterator[tuple[int, int]]:
    """Have a gateway run on one core; yield its port and process id."""
    port = free_port()
    database.env["PORTAL_GATEWAY_BIND"] = f"127.0.0.1:{port}"
    with _pinned(database, "manage.py", "gateway", name=name, port=port) as pid:
        yield port, pid


@contextmanager
def _pinned(database: Database, *program: str, name: str, port: int) -> Iterator[int]:
    with database.beside("-m", "bench.pinned", str(cores()[0]), *program, name=name) as process:
        wait_until_answers(f"http://127.0.0.1:{port}/healthz")
        yield process.pid


def connect_all(sockets: Sockets, made: dict[str, Any], what: str, count: int, data: dict[str, Any]) -> float:
    """Open so many more connections, each with a session of its own; return the seconds it took."""
    began = time.perf_counter()
    end = len(sockets) + count
    while len(sockets) < end:
        some = range(len(sockets), min(len(sockets) + CONNECTING, end))
        sockets.open(len(some))
        for number in some:
            sockets.send(number, text_frame(connect(made, f"{what}-{number}", number, data)))
        sockets.wait_for(len(some), b'"connected"')
    return time.perf_counter() - began


def _against_echo(database: Database, made: dict[str, Any]) -> bool:
    echo_port = free_port()
    deltas = [text_frame(delta(0, step)) for step in range(DELTAS)]
    rates: dict[str, list[float]] = {"gateway": [], "echo": []}
    busy: dict[str, list[float]] = {"gateway": [], "echo": []}
    with (
        gateway(database) as (port, pid),
        _pinned(database, "-m", "bench.echo", str(echo_port), name="echo", port=echo_port) as echo_pid,
        Sockets(port, PATH) as matches,
        Sockets(echo_port, "/") as echoes,
    ):
        connect_all(matches, made, "burst", LINES, state_of(0, 0))
        echoes.open(LINES)
        both = [("gateway", matches, psutil.Process(pid)), ("echo", echoes, psutil.Process(echo_pid))]
        for number in range(ROUNDS):
            _next_minute(matches, echoes)
            for name, sockets, process in both[:: 1 if number % 2 else -1]:
                before = process.cpu_times()
                rates[name].append(_burst(sockets, deltas, echoed=sockets is echoes))
                after = process.cpu_times()
                busy[name].append(LINES * DELTAS / (after.user + after.system - before.user - before.system))
            _flush(matches, revision=1 + DELTAS * (number + 1))
    show("2 KB deltas taken by the gateway", rates["gateway"], "/s")
    show("the same, echoed by a bare server", rates["echo"], "/s")
    met = show_ratio("gateway / bare echo server", rates["gateway"], rates["echo"], goal=RATIO_GOAL)
    show("taken in a second of processor time", busy["gateway"], "/s")
    show("echoed in a second of processor time", busy["echo"], "/s")
    return show_ratio("the same by processor time", busy["gateway"], busy["echo"], goal=RATIO_GOAL) and met


def _burst(sockets: Sockets, frames: Sequence[bytes], *, echoed: bool) -> float:
    """Send all frames on all connections, one by one in turn, and return how many a second were dealt with.

    All have been once the last one is answered on every connection; where they are echoed, once all bytes are back.
    """
    every = (*frames, LAST)
    wanted = len(sockets) * (sum(answered_bytes(frame) for frame in every) if echoed else 1)
    came = 0
    began = time.perf_counter()
    for frame in every:
        for start in range(0, len(sockets), 100):
            for number in range(start, min(start + 100, len(sockets))):
                sockets.send(number, frame)
            came += sockets.drain(0) if echoed else len(sockets.pump(0))
    until = time.monotonic() + SILENCE_SECONDS
    while came < wanted and not sockets.closed and time.monotonic() < until:
        came += sockets.drain(1) if echoed else len(sockets.pump(1))
    if came != wanted or sockets.closed:
        raise RuntimeError(f"{came} of {wanted} came back; closed: {sorted(set(sockets.closed.values()))}.")
    return len(sockets) * len(frames) / (time.perf_counter() - began)


def _flush(sockets: Sockets, *, revision: int) -> None:
    """Raise ``RuntimeError`` where not every session has taken all of its deltas, durably."""
    for number in range(len(sockets)):
        sockets.send(number, FLUSH)
    for _number, answer in sockets.wait_for(len(sockets), b'"flushed"'):
        if json.loads(answer)["revision"] != revision:
            raise RuntimeError(f"A session is at {answer!r}, not at revision {revision}.")


def _next_minute(*held: Sockets) -> None:
    """Wait until no connection has sent anything in the present clock minute."""
    until = time.time() // 60 * 60 + 60.05
    while time.time() < until:
        for sockets in held:
            sockets.pump(0.2)


def _idle(database: Database, made: dict[str, Any]) -> bool:
    data = state_of(0, 0)
    with gateway(database, name="gateway-idle") as (port, pid), Sockets(port, PATH) as sockets:
        process = psutil.Process(pid)
        connect_all(sockets, made, "idle", FIRST, data)
        before = process.memory_info().rss
        took = connect_all(sockets, made, "idle", IDLE - FIRST, data)
        _stay(sockets, IDLE_SECONDS)
        each = (process.memory_info().rss - before) / (IDLE - FIRST)
        began = time.perf_counter()
        _flush(sockets, revision=1)
        answered = time.perf_counter() - began
    state = len(json.dumps(data, separators=(",", ":")))
    print(
        f"  {IDLE:,} connections made in {took:.0f} s, idle for {IDLE_SECONDS} s: {each / 1024:.1f} KiB each, with a state of "
        f"{state:,} bytes; all flushed within {answered:.1f} s   goal: all held: met",
        flush=True,
    )
    return True


def _stay(sockets: Sockets, seconds: float) -> None:
    """Do nothing but answer pings. Raises ``RuntimeError`` where a connection is closed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sockets.pump(1.0)
        if sockets.closed:
            raise RuntimeError(f"Connections were closed: {sorted(set(sockets.closed.values()))}.")


def _paced(database: Database, made: dict[str, Any]) -> bool:
    with gateway(database, name="gateway-paced") as (port, _pid), Sockets(port, PATH) as sockets:
        connect_all(sockets, made, "paced", PACED, state_of(0, 0))
        _next_minute(sockets)
        deltas = [text_frame(delta(0, step)) for step in range(PACED_SECONDS)]
        late, behind = _pace(sockets, deltas)
    told = json.loads(database.run("-m", "bench.matches", "stored", json.dumps({"what": "paced"})))
    changes = 1 + PACED_SECONDS - PACED_SECONDS // EVERY_TENTH
    if told != {"sessions": PACED, "least": changes, "most": changes}:
        raise RuntimeError(f"Not every session is stored as changed {changes} times: {told}.")
    met = max(late) < LATE_SECONDS
    print(
        f"  {PACED:,} connections, one message a second each for {PACED_SECONDS} s, every tenth a flush: from sent to durable "
        f"and answered, median {median(late) * 1000:.0f} ms, 99th percentile {quantiles(late, n=100)[98] * 1000:.0f} ms, "
        f"longest {max(late) * 1000:.0f} ms of {len(late):,}; the sender itself was at most {behind * 1000:.0f} ms behind"
        f"   goal less than {LATE_SECONDS:.0f} s: {'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


def _pace(sockets: Sockets, deltas: Sequence[bytes]) -> tuple[list[float], float]:
    """Have each connection send at its own moment of every second; return how long flushes took, and the sender's delay.

    Messages of a connection are dealt with in their order and all connections by one process: a flush is answered no
    sooner than what came before it, and about two hundred a second find every pause that the gateway makes.
    """
    count = len(sockets)
    start = float(int(time.time()) + 1)
    sent: dict[int, float] = {}
    late: list[float] = []
    behind = 0.0
    for second, frame in enumerate(deltas):
        for number in range(count):
            # Away from the edges of the clock minute, so that none has 61.
            due = start + second + 0.05 + 0.9 * number / count
            while (now := time.time()) < due:
                _note(sockets.pump(min(due - now, 0.005)), sent, late)
            behind = max(behind, now - due)
            flushing = (number + second) % EVERY_TENTH == 0
            if flushing:
                sent[number] = now
            sockets.send(number, FLUSH if flushing else frame)
            if number % 20 == 0:
                _note(sockets.pump(0), sent, late)
    until = time.time() + 10
    while sent and time.time() < until:
        _note(sockets.pump(0.1), sent, late)
    if sent or sockets.closed:
        raise RuntimeError(f"{len(sent)} flushes were not answered; closed: {sorted(set(sockets.closed.values()))}.")
    return late, behind


def _note(messages: Sequence[tuple[int, bytes]], sent: dict[int, float], late: list[float]) -> None:
    now = time.time()
    for number, text in messages:
        if b'"flushed"' in text:
            late.append(now - sent.pop(number))
