"""Which permissions a platform's sign-in asks for: what the game uses and nothing more (L3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum

from campaigns.models import Game
from campaigns.registering.wanting import viewers_with_consent
from linking.authorizing.watching import lapsed_viewers
from linking.models import Link
from portal import platforms

ScopeSource = Callable[[Collection[str]], Mapping[tuple[str, str], Collection[str]]]

scope_sources: list[ScopeSource] = []
"""Whoever needs more than the sign-in itself enters a function from an ``AppConfig.ready()``.

It takes games' ids and returns, by game and platform, the permissions that are needed there; in a number of queries that
does not depend on how many games there are.
"""


class Lacking(StrEnum):
    """Why a link has to be consented to again."""

    PERMISSION = "permission"
    """The game needs a permission that was not given."""
    AUTHORIZATION = "authorization"
    """The permission was given, but the authorization works no more, or none is kept."""
    LAPSED = "lapsed"
    """The platform did not name the authorization when it was last asked: the link ends if it says so again (L8)."""


def needed_scopes(game: Game, platform: str) -> list[str]:
    """Return the scopes that a sign-in for ``game`` at ``platform`` asks for, sorted, each once."""
    return _with_default(platform, _asked_by_sources([game.pk]).get((game.pk, platform), set()))


def lacking_consent(links: Collection[Link]) -> dict[str, Lacking]:
    """Return, by their ids, the links that have to be consented to again, and why. At most three queries with one source."""
    asked = _asked_by_sources(sorted({link.game_id for link in links})) if links else {}
    registering = {key for key in asked if _registers(key[1], asked[key])}
    viewers = [link.viewer_id for link in links if (link.game_id, link.platform) in registering]
    good = viewers_with_consent(viewers) if viewers else set()
    lapsed = lapsed_viewers([link.viewer_id for link in links]) if links else set()
    lacking = {}
    for link in links:
        key = (link.game_id, link.platform)
        if link.viewer_id in lapsed:
            lacking[link.pk] = Lacking.LAPSED
        elif not set(_with_default(link.platform, asked.get(key, set()))) <= set(link.scopes.split()):
            lacking[link.pk] = Lacking.PERMISSION
        elif key in registering and link.viewer_id not in good:
            lacking[link.pk] = Lacking.AUTHORIZATION
    return lacking


def registering_platforms(game: Game) -> set[str]:
    """Return the platforms at which a game's viewers are registered, so that heartbeats name them (L10)."""
    return {key[1] for key, scopes in _asked_by_sources([game.pk]).items() if _registers(key[1], scopes)}


def _asked_by_sources(game_ids: Collection[str]) -> dict[tuple[str, str], set[str]]:
    asked: dict[tuple[str, str], set[str]] = {}
    for source in scope_sources:
        for key, scopes in source(game_ids).items():
            asked.setdefault(key, set()).update(scopes)
    return asked


def _with_default(platform: str, scopes: Collection[str]) -> list[str]:
    return sorted({*platforms.get(platform).default_scopes, *scopes})


def _registers(platform: str, scopes: Collection[str]) -> bool:
    """Tell whether what is asked for is what registering viewers needs."""
    registrar = platforms.get(platform).registrar
    return registrar is not None and set(registrar.scopes) <= set(scopes)
