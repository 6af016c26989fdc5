"""Whether heartbeats are counted (O3): what ``/readyz`` asks and ``/metrics`` tells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from campaigns.models import CountingLease, Heartbeat, HeartbeatTally
from campaigns.watch.counting import LEASE

WAITS_TOO_LONG = timedelta(minutes=2)
"""Progress may lag by a minute; what waits longer than this is waiting for a process that is not there."""


def nobody_counts(*, now: datetime) -> bool:
    """Tell whether heartbeats have waited for minutes and no process is at them.

    A backlog that a process works on is not meant: its lease is renewed with every round.
    """
    if not Heartbeat.objects.filter(due_at__lt=now - WAITS_TOO_LONG).exists():
        return False
    return not CountingLease.objects.filter(until__gte=now - LEASE).exists()


def readiness() -> str:
    """Return what keeps the portal from being ready as far as counting goes, or nothing (O3)."""
    if nobody_counts(now=timezone.now()):
        return "heartbeats have waited for over 2 minutes and nobody counts them: start manage.py count"
    return ""


def collect() -> Iterable[Metric]:
    """Return the backlog of heartbeats and how calls ended. Every query reads a partial index or a small table."""
    now = timezone.now()
    due = Heartbeat.objects.filter(due_at__lte=now).aggregate(count=Count("pk"), oldest=Min("due_at"))
    yield GaugeMetricFamily("drops_heartbeats_due", "Heartbeats that wait to be counted", value=due["count"])
    age = (now - due["oldest"]).total_seconds() if due["oldest"] else 0
    yield GaugeMetricFamily("drops_heartbeats_oldest_seconds", "How long the oldest of these has waited", value=age)
    outcomes = CounterMetricFamily("drops_heartbeat_calls", "Heartbeat calls by outcome", labels=["outcome"])
    for outcome, total in HeartbeatTally.objects.values_list("outcome").annotate(total=Sum("count")):
        outcomes.add_metric([outcome], total)
    yield outcomes
