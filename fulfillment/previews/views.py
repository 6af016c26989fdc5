"""The preview for who was sent a link: no account is needed, and nothing but the campaign's own page is told."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fulfillment.previews.links import find_campaign_of
from fulfillment.previews.page import find, preview_response
from fulfillment.rules.previewing import USUAL, View
from portal.ratelimit import limited


@never_cache
@require_safe
@limited("preview", limit=120, methods=("GET", "HEAD"))
def preview(request: HttpRequest, token: str, state: str = USUAL.value) -> HttpResponse:
    """Show the campaign of a link in a state; a wrong, an expired and a revoked link are answered alike.

    Raises:
        Http404: there is no such state, or the campaign never comes to it.
    """
    now = timezone.now()
    campaign_id = find_campaign_of(token, now=now)
    if campaign_id is None:
        return render(request, "fulfillment/preview_gone.html", status=404)
    if state not in set(View):
        raise Http404

    def address(view: View) -> str:
        return reverse("preview_state", args=[token, view.value])

    return preview_response(request, find(campaign_id), View(state), address=address, framed=False, now=now)
