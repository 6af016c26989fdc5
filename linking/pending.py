"""A platform account that was proven a moment ago and waits, in the session, for the confirm page (L4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest

from campaigns.models import Game, Viewer
from campaigns.registering.tokens import ViewerToken, seal, unseal
from portal.tokens import new_token

KEY = "linking_pending"
LIFETIME = timedelta(minutes=15)
MOST = 10


@dataclass(frozen=True)
class PendingLink:
    """A viewer proven in this session, for one game. ``token`` ties the confirm form to what it showed."""

    viewer: Viewer
    scopes: tuple[str, ...]
    token: str
    sealed: str = field(default="", repr=False)

    @property
    def viewer_token(self) -> ViewerToken | None:
        """The viewer's tokens at the platform, where the game needs them; None where not, or they cannot be read."""
        return unseal(self.sealed) if self.sealed else None


def keep(
    request: HttpRequest,
    *,
    game: Game,
    viewer: Viewer,
    scopes: list[str],
    now: datetime,
    token: ViewerToken | None = None,
) -> None:
    """Put a proven viewer into the session for 15 minutes; one per game and platform, the latest.

    The viewer's ``token`` is encrypted there (L9).
    """
    waiting = _unexpired(request, now)
    waiting[_name(game, viewer.platform)] = {
        "viewer": viewer.pk,
        "scopes": scopes,
        "token": new_token(),
        "until": (now + LIFETIME).timestamp(),
        **({"sealed": seal(token)} if token is not None else {}),
    }
    request.session[KEY] = dict(list(waiting.items())[-MOST:])


def find(request: HttpRequest, *, game: Game, platform: str, now: datetime) -> PendingLink | None:
    """Return what waits for this game and platform in this session, or None."""
    entry = _unexpired(request, now).get(_name(game, platform))
    if entry is None:
        return None
    viewer = Viewer.objects.filter(pk=entry["viewer"], organization=game.organization_id, platform=platform).first()
    if viewer is None:
        return None
    return PendingLink(
        viewer=viewer, scopes=tuple(entry["scopes"]), token=entry["token"], sealed=entry.get("sealed", "")
    )


def find_any(request: HttpRequest, *, game: Game, now: datetime) -> PendingLink | None:
    """Return the latest that waits for this game on any platform, or None."""
    for name in reversed(_unexpired(request, now)):
        game_id, _, platform = name.partition(":")
        if game_id == game.pk:
            return find(request, game=game, platform=platform, now=now)
    return None


def proven_viewers(request: HttpRequest, *, now: datetime) -> list[Viewer]:
    """Return every viewer proven in this session who waits to be confirmed, for whichever game."""
    ids = {entry["viewer"] for entry in _unexpired(request, now).values()}
    return list(Viewer.objects.filter(pk__in=ids).order_by("pk")) if ids else []


def drop(request: HttpRequest, *, game: Game, platform: str) -> None:
    """Forget what waits for this game and platform."""
    waiting = dict(request.session.get(KEY, {}))
    if waiting.pop(_name(game, platform), None) is not None:
        request.session[KEY] = waiting


def take_along(request: HttpRequest, *, game: Game) -> dict[str, dict[str, Any]]:
    """Return what waits for one game, to be put back after the session was emptied by signing out."""
    return {name: entry for name, entry in request.session.get(KEY, {}).items() if name.startswith(f"{game.pk}:")}


def put_back(request: HttpRequest, waiting: dict[str, dict[str, Any]]) -> None:
    """Put into a new session what :func:`take_along` returned."""
    if waiting:
        request.session[KEY] = waiting


def _name(game: Game, platform: str) -> str:
    return f"{game.pk}:{platform}"


def _unexpired(request: HttpRequest, now: datetime) -> dict[str, dict[str, Any]]:
    """Return what still waits. What is over goes from the session as soon as somebody looks: it may hold tokens (L9)."""
    entries: dict[str, dict[str, Any]] = request.session.get(KEY, {})
    left = {name: entry for name, entry in entries.items() if datetime.fromtimestamp(entry["until"], UTC) > now}
    if len(left) < len(entries):
        request.session[KEY] = left
    return dict(left)
