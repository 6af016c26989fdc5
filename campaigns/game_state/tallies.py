"""Counts of what gateways do, by the hour and kind: kept in memory, added to the stored ones every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from campaigns.models import GatewayTally

SETTLED = "settled"
"""Game events whose viewers were looked up for the first time."""

LATENCY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""From the message to that: counted in each of these that it took at most, as ``latency_le:0.5``."""

LATENCY_SUM = "latency_milliseconds"


def latency_kinds(seconds: float) -> dict[str, int]:
    """Return what to count for an event that was settled after so many seconds."""
    kinds = {f"latency_le:{edge:g}": 1 for edge in LATENCY_SECONDS if seconds <= edge}
    return {SETTLED: 1, LATENCY_SUM: round(max(0.0, seconds) * 1000), **kinds}


def add_tallies(counts: Mapping[str, int], *, now: datetime) -> None:
    """Add to the counts of the present hour, in one statement."""
    if not counts:
        return
    table = GatewayTally._meta.db_table
    hour = connection.ops.adapt_datetimefield_value(now.replace(minute=0, second=0, microsecond=0))
    rows = [value for kind in sorted(counts) for value in (hour, kind, counts[kind])]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (hour, kind, count) VALUES {', '.join(['(%s, %s, %s)'] * len(counts))} "  # noqa: S608
            f"ON CONFLICT (hour, kind) DO UPDATE SET count = {table}.count + excluded.count",
            rows,
        )
