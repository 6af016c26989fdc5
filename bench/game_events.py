"""From a game server's message to the reward in a viewer's inventory: with gateway, counting and web as they run."""

from __future__ import annotations

import http.client
import json
import random
import time
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any

from bench.credit import body_of
from bench.databases import Database
from bench.game_state import PATH, gateway
from bench.load import connect as open_kept
from bench.load import prepared, send_one
from bench.matches import connect
from bench.sockets import Sockets, text_frame

EVENTS = 40
VIEWERS = 1_000
GOAL_SECONDS = 5.0
LIMIT_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.05
MOST_PAUSE_SECONDS = 1.5
KEEP_ALIVE_SECONDS = 20.0
"""So often the viewers are reported: more often than each minute, so that somebody always watched a moment ago."""


def run(database: Database) -> bool:
    """Measure, print the percentiles, and say whether the goal was met."""
    made = json.loads(
        database.run("-m", "bench.matches", "prepare_events", json.dumps({"events": 1 + EVENTS, "viewers": VIEWERS}))
    )
    with (
        database.served() as web,
        database.beside("manage.py", "count", name="count"),
        gateway(database, name="gateway-events") as (port, _pid),
        Sockets(port, PATH) as sockets,
    ):
        sockets.open(1)
        sockets.send(0, text_frame(connect(made, "events", 0, {"events": {}})))
        sockets.wait_for(1, b'"connected"')
        took = _events(sockets, web, made)
    told = json.loads(database.run("-m", "bench.matches", "earned", "{}"))
    if told != {"rewards": 1 + EVENTS, "least": VIEWERS, "most": VIEWERS}:
        raise RuntimeError(f"Not everybody has earned every reward once: {told}.")
    percentile = quantiles(took, n=20, method="inclusive")[18]
    met = percentile < GOAL_SECONDS
    print(
        f"  from message to inventory, {EVENTS} events of {VIEWERS:,} viewers: median {median(took):.2f} s, 95th percentile "
        f"{percentile:.2f} s, longest {max(took):.2f} s   goal less than {GOAL_SECONDS:.0f} s: {'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


def _events(sockets: Sockets, web: int, made: dict[str, Any]) -> list[float]:
    """Have the events happen one after another at random moments; return the seconds until each was to be seen.

    The first waits for the first report to be counted, and is not among them.
    """
    chance = random.Random(6)
    reported = 0.0
    took = []
    for number in range(1 + EVENTS):
        if time.monotonic() - reported > KEEP_ALIVE_SECONDS:
            _report(web, made)
            reported = time.monotonic()
        time.sleep(chance.uniform(0, MOST_PAUSE_SECONDS))
        began = time.monotonic()
        sockets.send(0, text_frame(json.dumps({"type": "delta", "data": {"events": {f"e{number}": True}}})))
        while not _sees(web, made["session"], f"Reward of event {number}."):
            if time.monotonic() - began > LIMIT_SECONDS:
                raise RuntimeError(f"The reward of event {number} did not come within {LIMIT_SECONDS:.0f} seconds.")
            sockets.pump(LOOK_EVERY_SECONDS)
        took.append(time.monotonic() - began)
    return took[1:]


def _report(web: int, made: dict[str, Any]) -> None:
    """Report all viewers of this minute."""
    now = datetime.now(UTC)
    body = body_of(made["viewers"], minute=now, broadcaster="0", game=made["game_name"], id=f"beat-{now.timestamp()}")
    with open_kept(web) as connection:
        send_one(connection, prepared(f"/webhooks/heartbeats/{made['heartbeats']}", body, {}))


def _sees(web: int, session: str, reward: str) -> bool:
    """Tell whether the inventory offers this reward to be claimed."""
    connection = http.client.HTTPConnection("localhost", web, timeout=60)
    try:
        connection.request("GET", "/inventory/", headers={"Cookie": f"drops_session={session}"})
        answer = connection.getresponse()
        page = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"The inventory was answered with {answer.status}.")
    return f'<span class="visually-hidden"> {reward}</span>' in page
