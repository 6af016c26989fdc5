"""The two calls of the portal's API that a game server needs besides: for a token of its own, and for who is linked and live."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import GameStateError

SECONDS = 10
MOST_PLAYERS = 100
"""In one call."""


class PortalRefused(GameStateError):
    """The portal refuses a call; ``status`` is that of HTTP, the text what the portal says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"The portal answers {status}: {message}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Broadcaster:
    """Somebody for whom a game may be streamed. ``id`` is what ``broadcaster_ids`` takes, as in ``twitch:12345``."""

    player_id: str
    id: str
    name: str
    live: bool


def app_token(portal: str, client_id: str, client_secret: str) -> str:
    """Return an access token of the client's own, valid for weeks (docs/partner-api.md, "A client's own token").

    ``portal`` is the portal's address. Raises ``PortalRefused`` for what the portal refuses, and ``OSError`` where it
    cannot be reached or has trouble of its own.
    """
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    request = urllib.request.Request(f"{portal.rstrip('/')}/oauth2/token", urllib.parse.urlencode(form).encode())  # noqa: S310
    return str(_answer(request)["access_token"])


def find_broadcasters(portal: str, token: str, game_id: str, player_ids: Sequence[str]) -> list[Broadcaster]:
    """Return for whom of these players a match can be streamed, and who of them is live (docs/game-state.md).

    A player may stream on several platforms; one who has linked none is not among them. Raises as ``app_token``.
    """
    found = []
    for first in range(0, len(player_ids), MOST_PLAYERS):
        some = [("player_id", one) for one in player_ids[first : first + MOST_PLAYERS]]
        query = urllib.parse.urlencode([("game_id", game_id), *some])
        address = f"{portal.rstrip('/')}/game-state/v1/broadcasters?{query}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
        for player in _answer(request)["data"]:
            found += [
                Broadcaster(player["player_id"], one["id"], one["name"] or one["login"], one["live"])
                for one in player["broadcasters"]
            ]
    return found


def _answer(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            return json.load(response)
    except urllib.error.HTTPError as error:
        if error.code >= 500 or error.code == 429:
            raise
        raise PortalRefused(error.code, _message(error.read(4096))) from None


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason was given"
