"""Every page of the admin: with a big studio's rows behind it, against the demo data alone.

The same pages of the same database, asked by the same producer in one process, before and after a million claims of
100,000 viewers in 200 campaigns are there. A page may take three times as long, ask at most 20 queries, and read no big
table from end to end. Times are the processor's, with PostgreSQL those of both processes, and compared with those of a
yardstick beside each: how quick the processor is just then is not the page's doing.
"""

from __future__ import annotations

import json
import time
from typing import Any

from bench.databases import Database

CLAIMS, VIEWERS = 1_000_000, 100_000
MOST_QUERIES = 20
GOAL = 3.0
NOT_OPENED = frozenset({302, 403, 404, 405})
"""Answers of addresses that lead elsewhere, or that a producer has no business at."""

QUICK_MS = 60.0
"""A page that answers within this is not held to the ratio: of so little, chance is too large a part."""


def run(database: Database) -> bool:
    """Measure, print a line for each page, and say whether all goals were met."""
    database.run("manage.py", "seed_demo", "--verbosity=0")
    little = _ask(database, "cockpit_pages", "measure")
    began = time.monotonic()
    filled = _ask(database, "cockpit", "fill", claims=CLAIMS, viewers=VIEWERS)
    told = ", ".join(f"{count:,} {name}" for name, count in filled.items())
    print(f"  made in {time.monotonic() - began:.0f} s: {told}", flush=True)
    much = _ask(database, "cockpit_pages", "measure")
    opened = {name: page for name, page in much.items() if page["status"] not in NOT_OPENED}
    missed = [name for name, page in opened.items() if not _tell(name, page, little.get(name))]
    print(f"  {len(opened)} pages, {len(missed)} of them miss a goal: {', '.join(missed) or 'none'}")
    return not missed


def _tell(name: str, page: dict[str, Any], before: dict[str, Any] | None) -> bool:
    ratio = page["yardsticks"] / before["yardsticks"] if before and before["yardsticks"] else None
    grown = f"{ratio:4.1f} times" if ratio else "   new  "
    faults = []
    if page["status"] >= 500:
        faults.append(f"answered {page['status']}")
    if page["queries"] > MOST_QUERIES:
        faults.append("too many queries")
    if page["reads"]:
        faults.append(f"reads many: {', '.join(page['reads'])}")
    if ratio and ratio > GOAL and page["ms"] > QUICK_MS:
        faults.append("too slow")
    print(f"  {name:52} {page['ms']:8.1f} ms {grown} {page['queries']:3} queries  {'; '.join(faults)}", flush=True)
    return not faults


def _ask(database: Database, module: str, what: str, **arguments: Any) -> dict[str, Any]:
    told = database.run("-m", f"bench.{module}", what, json.dumps(arguments))
    answer: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answer
