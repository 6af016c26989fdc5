"""The figures that fulfillment gives to ``/metrics`` (O3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from fulfillment.models import Claim, Delivery, Endpoint, EventDelivery, EventSubscription, WebhookTally, Worker


def collect() -> Iterable[Metric]:
    """Return backlog, breakers, workers and webhook outcomes. Every query reads a partial index or a small table."""
    now = timezone.now()
    due = Delivery.objects.filter(due_at__lte=now).aggregate(count=Count("pk"), oldest=Min("due_at"))
    unresolved = Claim.objects.filter(resolve_at__lte=now).aggregate(count=Count("pk"), oldest=Min("resolve_at"))
    events = EventDelivery.objects.filter(due_at__lte=now).aggregate(count=Count("pk"), oldest=Min("due_at"))
    untold = Claim.objects.filter(write_back_at__lte=now).aggregate(count=Count("pk"), oldest=Min("write_back_at"))
    backlogs = {"deliveries": due, "claims_to_resolve": unresolved, "events": events, "write_backs": untold}
    for name, row in backlogs.items():
        yield GaugeMetricFamily(f"drops_{name}_due", f"Rows of {name} that are due now", value=row["count"])
        age = (now - row["oldest"]).total_seconds() if row["oldest"] else 0
        yield GaugeMetricFamily(
            f"drops_{name}_oldest_seconds", f"How long the oldest of {name} has been due", value=age
        )
    paused = Endpoint.objects.filter(opened_at__isnull=False).count()
    yield GaugeMetricFamily("drops_endpoints_paused", "Game endpoints whose breaker is open", value=paused)
    paused = EventSubscription.objects.filter(opened_at__isnull=False).count()
    yield GaugeMetricFamily(
        "drops_event_subscriptions_paused", "Event subscriptions whose breaker is open", value=paused
    )
    alive = Worker.objects.filter(beat_at__gte=now - timedelta(seconds=15)).count()
    yield GaugeMetricFamily("drops_workers", "Delivery workers heard from", value=alive)
    outcomes = CounterMetricFamily(
        "drops_webhooks", "Webhook calls by platform and outcome", labels=["platform", "outcome"]
    )
    rows = WebhookTally.objects.values_list("credential__platform", "outcome").annotate(total=Sum("count"))
    for platform, outcome, total in rows:
        outcomes.add_metric([platform, outcome], total)
    yield outcomes
