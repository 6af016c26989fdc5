"""Sweeps and write-backs: how fast a platform's list is read and entered, and what a long history makes of it.

The platform is a server on loopback that lists claims as fast as it can. Twitch lets an app make 800 calls a minute, so
read and entered faster than that the portal is never what a sweep waits for.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from bench.databases import Database, wait_until_answers
from bench.figures import show, show_growth
from tests.servers import free_port

CLAIMS = 10_000
"""How many each sweep reads."""

HISTORY = 1_000_000
TWITCH_ALLOWS = 800 / 60 * 100
"""Claims a second, by a hundred a call."""

ROUNDS = 3


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    port = free_port()
    with database.beside("-m", "bench.lists", str(port), name="lists"):
        wait_until_answers(f"http://127.0.0.1:{port}/healthz")
        young = _measure(database, port, first=0)
        database.run("-m", "bench.many_claims", "only_fill", json.dumps({"claims": HISTORY}))
        print(f"  {HISTORY:,} claims of another organization and of the past were added", flush=True)
        old = _measure(database, port, first=ROUNDS * CLAIMS)
    for name in young:
        show(f"{name}, young ledger", young[name], "claims/s")
        show(f"{name}, {HISTORY:,} claims", old[name], "claims/s")
    quick = all(_fast_enough(name, old[name]) for name in ("new claims entered", "known claims seen again", "told"))
    same = [
        show_growth(f"{name}: with history / without", _seconds(old[name]), _seconds(young[name]), goal=1.5)
        for name in ("new claims entered", "known claims seen again", "told")
    ]
    return quick and all(same)


def _measure(database: Database, port: int, *, first: int) -> dict[str, list[float]]:
    arguments = {"url": f"http://127.0.0.1:{port}", "first": first}
    measured: dict[str, list[float]] = json.loads(database.run("-m", "bench.sweeping", json.dumps(arguments)))
    return measured


def _fast_enough(name: str, rates: list[float]) -> bool:
    met = min(rates) >= TWITCH_ALLOWS
    print(
        f"  {name}: at least {TWITCH_ALLOWS:.0f} a second, which is all that Twitch allows: {'met' if met else 'MISSED'}"
    )
    return met


def _seconds(rates: list[float]) -> list[float]:
    return [1 / rate for rate in rates]


def measure(url: str, first: int) -> dict[str, list[float]]:
    """Sweep new claims, then the same again, then tell of them, each round; return claims a second. In its own process."""
    from django.utils import timezone

    from bench.setup import _game
    from fulfillment.models import Claim
    from fulfillment.sweeping.reading import has_due_pages, read_due_pages
    from fulfillment.sweeping.request import request_sweep
    from fulfillment.write_back import write_back_due
    from tests.factories import make_credential

    def swept(credential: Any) -> float:
        request_sweep(credential=credential, full=True, actor=None, now=timezone.now())
        began = time.perf_counter()
        while has_due_pages(now=timezone.now()):
            read_due_pages(seconds=60)
        return CLAIMS / (time.perf_counter() - began)

    rates: dict[str, list[float]] = {"new claims entered": [], "known claims seen again": [], "told": []}
    for round_ in range(ROUNDS):
        game = _game()
        base = f"{url}/{first + round_ * CLAIMS}/{CLAIMS}"
        credential = make_credential(game.organization, "twitch", id_url=url, api_url=base)
        rates["new claims entered"].append(swept(credential))
        rates["known claims seen again"].append(swept(credential))
        claims = Claim.objects.filter(organization=game.organization)
        if claims.count() != CLAIMS:
            raise RuntimeError(f"{claims.count()} of {CLAIMS} claims were entered.")
        claims.update(write_back_at=timezone.now(), resolve_at=None)
        began = time.perf_counter()
        while write_back_due(now=timezone.now()).accepted:
            pass
        rates["told"].append(CLAIMS / (time.perf_counter() - began))
        if claims.filter(written_back_at=None).exists():
            raise RuntimeError("Not all claims were told.")
    return rates


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(measure(**json.loads(sys.argv[1]))))
