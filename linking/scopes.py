"""Which permissions a platform's sign-in asks for: what the game uses and nothing more (L3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from campaigns.models import Game
from linking.models import Link
from portal import platforms

scope_sources: list[Callable[[Game, str], Iterable[str]]] = []
"""Whoever needs more than the sign-in itself enters a function of game and platform from its ``AppConfig.ready()``."""


def needed_scopes(game: Game, platform: str) -> list[str]:
    """Return the scopes that a sign-in for ``game`` at ``platform`` asks for, sorted, each once."""
    scopes = set(platforms.get(platform).default_scopes)
    for source in scope_sources:
        scopes.update(source(game, platform))
    return sorted(scopes)


def missing_scopes(link: Link) -> list[str]:
    """Return what a link would be asked for today and was not granted when it was made."""
    granted = set(link.scopes.split())
    return [scope for scope in needed_scopes(link.game, link.platform) if scope not in granted]
