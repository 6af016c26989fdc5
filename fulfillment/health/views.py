"""``/health.json``: how all organizations stand, for programs that watch over the portal."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fulfillment.health.document import document
from fulfillment.health.reading import read_all
from portal.metrics import refusal


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Return the standing of every organization to who has the token of ``PORTAL_METRICS_TOKEN``, like ``/metrics``."""
    refused = refusal(request)
    if refused is not None:
        return refused
    return JsonResponse({"organizations": [document(facts) for facts in read_all(now=timezone.now())]})
