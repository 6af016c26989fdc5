"""What every page of one game needs: the game, its generated stylesheet and its address."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from campaigns.models import Game


def game_context(game: Game) -> dict[str, Any]:
    """Return the template context of a game's page."""
    slugs = [game.organization.slug, game.slug]
    theme_url = f"{reverse('game_theme', args=slugs)}?v={game.accent_color.lstrip('#')}" if game.accent_color else ""
    return {
        "game": game,
        "organization": game.organization,
        "theme_url": theme_url,
        "game_url": reverse("connect_game", args=slugs),
    }
