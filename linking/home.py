"""The portal's front page for people who play."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from campaigns.models import Game


def home(request: HttpRequest) -> HttpResponse:
    """Show what this site is for, and the games whose accounts can be linked here."""
    games = Game.objects.filter(organization__enabled=True).select_related("organization").order_by("name")
    shown = [
        {
            "name": game.name,
            "organization_name": game.organization.name,
            "url": reverse("connect_game", args=[game.organization.slug, game.slug]),
            "logo_url": game.logo.url if game.logo else "",
        }
        for game in games
    ]
    return render(request, "portal/home.html", {"games": shown})
