"""The page of the programs that a person has allowed to act for them (A1)."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fulfillment.oauth.allowed import programs_of, withdraw
from fulfillment.oauth.consent import OF_PLAYERS, OF_STAFF
from portal.models import User
from portal.ratelimit import limited


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("programs", limit=30)
def programs(request: HttpRequest) -> HttpResponse:
    """List them, and have one act no longer."""
    user = cast(User, request.user)
    if request.method == "POST":
        withdraw(user, client_id=request.POST.get("client", ""))
        return redirect(f"{reverse('programs')}?ended=1")
    context = {
        "programs": [
            {
                "client": allowed.client,
                "since": allowed.since,
                "may": [text for scope, text in {**OF_PLAYERS, **OF_STAFF}.items() if scope in allowed.scopes],
            }
            for allowed in programs_of(user)
        ],
        "ended": request.GET.get("ended", "") == "1",
        "nav_current": "connections",
    }
    return render(request, "fulfillment/programs.html", context)
