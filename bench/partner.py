"""The partner API over 10 million claims: pages of 1,000 against a bare cursor and against DRF's serializers, over HTTP.

All are asked in turn over kept connections. The bare cursor and the serializer answer to everybody, count no calls and read
by the same index; the product's answers know who asks. What a filter costs is compared with one look-up by an index.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from bench.databases import Database
from bench.figures import show_growth, show_ratio

CLAIMS = 10_000_000
PAGE = 1_000
DEEP = 5_000
"""The page that is compared with the first."""

CAMPAIGN_DEEP = 200
"""That of one campaign."""

LOOK_UP_GOAL = 2.0
"""A filter asks one statement of the database, made for it by Python meanwhile; a bare look-up is made beforehand."""

ROUNDS = 60
WARM_UP = 10


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    began = time.monotonic()
    made: dict[str, Any] = json.loads(database.run("-m", "bench.many_claims", "make", json.dumps({"claims": CLAIMS})))
    print(f"  {CLAIMS:,} claims made in {time.monotonic() - began:.0f} s", flush=True)
    with database.served() as port:
        took = _ask(port, _calls(made))
    return all([_tell(took), _tell_look_ups(database, made)])


def _calls(made: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    headers: dict[str, str] = made["headers"]
    organization, cursors = made["organization"], made["cursors"]
    twitch, kick = f"/helix/entitlements/drops?first={PAGE}", f"/public/v1/drops/claims?limit={PAGE}"
    return {
        "bare": (f"/bench/page/twitch/{organization}/0", {}),
        "bare, Kick's columns": (f"/bench/page/kick/{organization}/0", {}),
        "serializer": (f"/bench/serialized/{organization}/0", {}),
        "look-up": (f"/bench/look-up/{made['claim']}", {}),
        "twitch": (twitch, headers),
        "bare, deep": (f"/bench/page/twitch/{organization}/{made['after']}", {}),
        "twitch, deep": (f"{twitch}&after={cursors['twitch']}", headers),
        "kick": (kick, headers),
        "kick, deep": (f"{kick}&cursor={cursors['kick']}", headers),
        "claimed": (f"{twitch}&fulfillment_status=CLAIMED", headers),
        "campaign": (f"{kick}&campaign_id={made['campaign']}", headers),
        "campaign, deep": (f"{kick}&campaign_id={made['campaign']}&cursor={cursors['campaign']}", headers),
        "by user": (f"{twitch}&user_id={made['user']}", headers),
        "by id": (f"/helix/entitlements/drops?id={made['claim_there']}", headers),
    }


def _ask(port: int, calls: dict[str, tuple[str, dict[str, str]]]) -> dict[str, list[float]]:
    """Make all calls in turn, round by round; return the seconds that each took."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    for number in range(ROUNDS + WARM_UP):
        # Each round begins with another one, so that none always comes after the same.
        for name in [*calls][number % len(calls) :] + [*calls][: number % len(calls)]:
            path, headers = calls[name]
            seconds = _get(connection, path, headers)
            if number >= WARM_UP:
                took[name].append(seconds)
    connection.close()
    return took


def _get(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{path} was answered with {answer.status}: {body[:200]!r}")
    return seconds


def _tell_look_ups(database: Database, made: Mapping[str, Any]) -> bool:
    """Compare what a filter asks of the database with one bare look-up by the same index."""
    named = {name: made[name] for name in ("organization", "user", "claim_there")}
    took: dict[str, list[float]] = json.loads(
        database.run("-m", "bench.many_claims", "look_ups", json.dumps({**named, "rounds": 200}))
    )
    for name, ms in took.items():
        print(f"  {'statement ' + name:34} {median(ms):9.3f} ms   [{min(ms):.3f} to {max(ms):.3f}]", flush=True)
    by_user, by_id = (
        show_growth(f"statement {name} / bare look-up", took[name], took[f"{name}, bare"], goal=LOOK_UP_GOAL)
        for name in ("by user", "by id")
    )
    return by_user and by_id


def _tell(took: dict[str, list[float]]) -> bool:
    for name, seconds in took.items():
        ms = [one * 1000 for one in seconds]
        print(f"  {name:34} {median(ms):9.2f} ms   [{min(ms):.2f} to {max(ms):.2f}]", flush=True)
    rates = {name: [1 / one for one in seconds] for name, seconds in took.items()}
    return all(
        [
            show_ratio("Twitch's shape / bare cursor", rates["twitch"], rates["bare"], goal=0.6),
            show_ratio("Kick's shape / bare cursor", rates["kick"], rates["bare, Kick's columns"], goal=0.6),
            show_ratio("Twitch's shape / ModelSerializer", rates["twitch"], rates["serializer"], goal=2.5),
            show_ratio("Kick's shape / ModelSerializer", rates["kick"], rates["serializer"], goal=2.5),
            show_growth(f"Twitch's shape: page {DEEP:,} / page 1", took["twitch, deep"], took["twitch"], goal=1.2),
            show_growth(f"Kick's shape: page {DEEP:,} / page 1", took["kick, deep"], took["kick"], goal=1.2),
            show_growth(
                f"one campaign: its page {CAMPAIGN_DEEP} / page 1", took["campaign, deep"], took["campaign"], goal=1.2
            ),
            show_growth("only what is not fulfilled / all", took["claimed"], took["twitch"], goal=1.2),
        ]
    )
