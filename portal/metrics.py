"""``/metrics`` in Prometheus' form (O3). Figures come from the database, so any web process gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

sources: list[Callable[[], Iterable[Metric]]] = []
"""What the apps add: functions that return metrics, each by a few cheap queries."""


class _FromSources(Collector):
    def collect(self) -> Iterator[Metric]:
        for source in sources:
            yield from source()


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return None for who has the token of ``PORTAL_METRICS_TOKEN``, else what to answer: 401, without a token set 404."""
    token = settings.PORTAL_METRICS_TOKEN
    if not token:
        return HttpResponse(status=404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not compare_digest(given.encode(), token.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return None


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all figures to who has the token of ``PORTAL_METRICS_TOKEN``; without a token set, to nobody (404)."""
    refused = refusal(request)
    if refused is not None:
        return refused
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FromSources())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
