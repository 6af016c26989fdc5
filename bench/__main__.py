"""Run the benchmarks named on the command line, or all, on SQLite and, where it is installed, PostgreSQL."""

from __future__ import annotations

import sys

from bench import admin_pages, delivery, game_events, game_state, history, partner, sweeping, watching, webhook
from bench.databases import databases

BENCHMARKS = {
    "webhook": webhook.run,
    "delivery": delivery.run,
    "watching": watching.run,
    "history": history.run,
    "partner": partner.run,
    "sweeping": sweeping.run,
    "game_state": game_state.run,
    "game_events": game_events.run,
    "admin_pages": admin_pages.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]}. There are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    met = True
    for name in names or list(BENCHMARKS):
        for database in databases():
            with database as running:
                print(f"\n== {name} on {running.name} ==", flush=True)
                met = BENCHMARKS[name](running) and met
    print("\nAll goals were met." if met else "\nA goal was missed.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
