"""The claim webhook against a bare insert and against the endpoint as it is usually written, interleaved in one run."""

from __future__ import annotations

from bench.databases import Database
from bench.figures import show, show_ratio
from bench.kick import TOKEN, Kick
from bench.load import send_all

ROUNDS = 15
REQUESTS = 300
GOALS = {"PostgreSQL": 0.55, "SQLite": 0.45}
USUAL_GOAL = 2.5
PATHS = {"webhook": f"/webhooks/kick/{TOKEN}", "insert": "/bench/insert", "usual": f"/bench/usual/{TOKEN}"}


def run(database: Database) -> bool:
    """Measure, print medians and ratios, and say whether the goals were met."""
    kick = Kick()
    database.setup("webhook", public_key=kick.public_key)
    rates: dict[str, list[float]] = {what: [] for what in PATHS}
    with database.served() as port:
        for number in range(ROUNDS + 1):
            # Each round begins with another one, so that none always comes after the same.
            order = [*PATHS.items()][number % 3 :] + [*PATHS.items()][: number % 3]
            for what, path in order:
                requests = [kick.claim(f"{what}-{number}-{index}", path=path) for index in range(REQUESTS)]
                rate = send_all(port, requests)
                if number:  # the first round warms up
                    rates[what].append(rate)
    stored = database.setup("count_claims")["claims"]
    if stored != 2 * REQUESTS * (ROUNDS + 1):
        raise RuntimeError(f"{stored} claims were stored instead of {2 * REQUESTS * (ROUNDS + 1)}.")
    show("claim webhook", rates["webhook"], "requests/s")
    show("bare view, one INSERT", rates["insert"], "requests/s")
    show("usual endpoint", rates["usual"], "requests/s")
    bare = show_ratio("webhook / bare view", rates["webhook"], rates["insert"], goal=GOALS[database.name])
    usual = show_ratio("webhook / usual endpoint", rates["webhook"], rates["usual"], goal=USUAL_GOAL)
    return bare and usual
