"""The facts of all organizations for ``/metrics`` (O3): by organization and platform, so that a graph can tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db.models import Case, CharField, Count, Sum, Value, When
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from fulfillment.health.facts import OrganizationFacts, PlatformFacts
from fulfillment.health.reading import read_all
from fulfillment.models import Alert, ArrivalCount, Claim
from fulfillment.rules.in_step import Level, of_platform, worst
from portal.models import ApiTally

_LEVELS = {Level.OFF: 0, Level.GOOD: 0, Level.ATTENTION: 1, Level.BAD: 2}
_WHERE = ["organization", "platform"]
_Value = Callable[[PlatformFacts, datetime], float | None]


def _age(moment: datetime | None, now: datetime) -> float | None:
    return (now - moment).total_seconds() if moment else None


_GAUGES: dict[str, tuple[str, _Value]] = {
    "drops_platform_level": (
        "How it stands all in all: 0 in step or switched off, 1 needs a look, 2 broken",
        lambda one, now: _LEVELS[worst(of_platform(one, now=now))],
    ),
    "drops_platform_webhook_age_seconds": (
        "Since the last message of the platform was taken in",
        lambda one, now: _age(one.webhook_at, now),
    ),
    "drops_platform_sweep_age_seconds": (
        "Since the last sweep of the platform's claims came to its end",
        lambda one, now: _age(one.sweep_at, now),
    ),
    "drops_platform_unreadable_lists": (
        "Lists that the last sweep could not read to their end",
        lambda one, now: one.unreadable,
    ),
    "drops_platform_token_seconds": (
        "For how long the app token is still good; below 0 or missing: a new one is asked for when it is needed",
        lambda one, now: -(_age(one.token_until, now) or 0) if one.token_until else None,
    ),
    "drops_platform_call_failures": (
        "Calls to the platform that failed since one last succeeded",
        lambda one, now: one.failures,
    ),
    "drops_platform_write_backs_due": (
        "Deliveries that the platform is still to be told of, counted to 10,000",
        lambda one, now: one.write_backs,
    ),
    "drops_platform_write_back_oldest_seconds": (
        "How long the oldest of them has waited",
        lambda one, now: _age(one.write_back_oldest, now) or 0,
    ),
    "drops_platform_write_backs_refused": (
        "Deliveries that the platform was told of and refused",
        lambda one, now: one.write_backs_refused,
    ),
    "drops_platform_authorizations_lapsed": (
        "Linked viewers whose authorization seems to have lapsed",
        lambda one, now: one.lapsed,
    ),
}


def collect() -> Iterable[Metric]:
    """Return how every organization stands with its platforms. A figure that is not known is left out."""
    now = timezone.now()
    everyone = read_all(now=now)
    for name, (told, value) in _GAUGES.items():
        gauge = GaugeMetricFamily(name, told, labels=_WHERE)
        for slug, one in _platforms(everyone):
            known = value(one, now)
            if known is not None:
                gauge.add_metric([slug, one.platform], known)
        yield gauge
    yield _subscriptions(everyone)
    yield _arrivals()
    yield _calls()
    yield from _of_organizations(everyone)


def _platforms(everyone: Iterable[OrganizationFacts]) -> Iterator[tuple[str, PlatformFacts]]:
    return ((facts.slug, one) for facts in everyone for one in facts.platforms)


def _subscriptions(everyone: Iterable[OrganizationFacts]) -> Metric:
    gauge = GaugeMetricFamily(
        "drops_platform_subscriptions", "Event subscriptions that are wanted, by state", labels=[*_WHERE, "state"]
    )
    for slug, one in _platforms(everyone):
        for state, number in sorted(one.subscriptions.items()):
            gauge.add_metric([slug, one.platform, state], number)
    return gauge


def _arrivals() -> Metric:
    counter = CounterMetricFamily(
        "drops_platform_arrivals", "Claims by what brought them first", labels=[*_WHERE, "source"]
    )
    rows = ArrivalCount.objects.filter(source__in=[Claim.Source.WEBHOOK, Claim.Source.SWEEP]).order_by()
    for *labels, total in rows.values_list("organization__slug", "platform", "source").annotate(total=Sum("claims")):
        counter.add_metric([str(label) for label in labels], total)
    return counter


def _calls() -> Metric:
    counter = CounterMetricFamily("drops_platform_calls", "Calls to platforms", labels=[*_WHERE, "outcome"])
    ended = Case(When(outcome="ok", then=Value("ok")), default=Value("failed"), output_field=CharField())
    rows = ApiTally.objects.order_by().annotate(ended=ended)
    sums = rows.values_list("credential__organization__slug", "credential__platform", "ended")
    for *labels, total in sums.annotate(total=Sum("count")):
        counter.add_metric([str(label) for label in labels], total)
    return counter


def _of_organizations(everyone: Iterable[OrganizationFacts]) -> Iterator[Metric]:
    unmapped = GaugeMetricFamily(
        "drops_unmapped_claims", "Claims that name a reward or campaign nobody has mapped", labels=["organization"]
    )
    not_live = GaugeMetricFamily(
        "drops_campaigns_not_live", "Campaigns that should be live and are not", labels=["organization"]
    )
    alerts = GaugeMetricFamily("drops_alerts_open", "Alerts that are not over", labels=["organization"])
    rows = Alert.objects.filter(closed_at=None).order_by().values_list("organization")
    open_alerts = dict(rows.annotate(number=Count("pk")))
    for facts in everyone:
        unmapped.add_metric([facts.slug], sum(one.claims for one in facts.unmapped))
        not_live.add_metric([facts.slug], len({one.id for one in facts.not_live}))
        alerts.add_metric([facts.slug], open_alerts.get(facts.organization_id, 0))
    yield from (unmapped, not_live, alerts)
