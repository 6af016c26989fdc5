"""The overview of a campaign and a person's inventory: with 10 million viewer-hours in the database against none.

Two databases of one kind, each with its own server, are asked in turn. The overview is compared with that of a campaign in
which nothing was counted. The inventory is that of a person who watched 100 hours and claimed 12 rewards, in a database
in which nobody else ever did, so that both pages show the same and only what is around it differs; and that of somebody
who has watched nothing yet.
"""

from __future__ import annotations

import http.client
import json
import time
from statistics import median
from typing import Any

from bench.databases import Database
from bench.figures import show_growth

ROUNDS = 40
WARM_UP = 5
GOAL = 1.5


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    with Database(database.name) as bare:
        full_pages, bare_pages = _past(database, "begin"), _past(bare, "begin")
        _past(bare, "fill", everybody=False)
        began = time.monotonic()
        filled = _past(database, "fill", everybody=True)
        told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in filled.items())
        print(f"  history made in {time.monotonic() - began:.0f} s: {told}", flush=True)
        with database.served() as full_port, bare.served() as bare_port:
            full = {page: (full_port, full_pages[page]) for page in ("live", "me")}
            little = {page: (bare_port, bare_pages[page]) for page in ("untouched", "me", "somebody")}
            took = _ask(
                {
                    "overview, 10 million viewer-hours": full["live"],
                    "overview, nothing counted": little["untouched"],
                    "inventory, 10 million viewer-hours": full["me"],
                    "inventory, the person's own alone": little["me"],
                    "inventory, of somebody new": little["somebody"],
                }
            )
    return _tell(took)


def _ask(pages: dict[str, tuple[int, dict[str, str]]]) -> dict[str, list[float]]:
    """Ask for all pages in turn, round by round; return the seconds that each took."""
    took: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(ROUNDS + WARM_UP):
        # Each round begins with another one, so that none always comes after the same.
        for name in [*pages][number % len(pages) :] + [*pages][: number % len(pages)]:
            port, page = pages[name]
            seconds = _get(port, **page)
            if number >= WARM_UP:
                took[name].append(seconds)
    return took


def _tell(took: dict[str, list[float]]) -> bool:
    for name, seconds in took.items():
        ms = [one * 1000 for one in seconds]
        print(f"  {name:46} {median(ms):9.1f} ms   [{min(ms):.1f} to {max(ms):.1f}]", flush=True)
    much, nothing, mine, alone, new = took.values()
    return all(
        [
            show_growth("overview: much / nothing", much, nothing, goal=GOAL),
            show_growth("inventory: much around it / nothing", mine, alone, goal=GOAL),
            show_growth("inventory: much around it / somebody new's", mine, new, goal=GOAL),
        ]
    )


def _past(database: Database, what: str, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(database.run("-m", "bench.past", what, json.dumps(arguments)))
    return answer


def _get(port: int, *, path: str, session: str) -> float:
    """Return the seconds until a page was there. Raises ``RuntimeError`` where it is answered with anything but 200."""
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    try:
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"drops_session={session}"})
        answer = connection.getresponse()
        answer.read()
        seconds = time.perf_counter() - began
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} was answered with {answer.status}.")
    return seconds
