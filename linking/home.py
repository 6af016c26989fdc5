"""The start page: the games whose Drops are open here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.models import Game
from linking.views.games import listed

MOST = 200


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List the games of the studios that the portal's administrator has enabled."""
    games = Game.objects.filter(organization__enabled=True).select_related("organization").order_by("name")[:MOST]
    return render(request, "portal/home.html", {"games": listed(list(games))})
