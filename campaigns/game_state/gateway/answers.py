"""What the portal says to a game server: the JSON of each message (docs/game-state.md). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from campaigns.rules.game_state.codes import VERSION, Refused

LIVE = "live"
OFFLINE = "offline"
NOT_LINKED = "not_linked"


def connected(
    *, session_id: str, resumed: bool, revision: int, idle_seconds: int, broadcasters: Mapping[str, str]
) -> str:
    """Return the answer to ``connect``; ``broadcasters`` are those of the session, and how each stands."""
    return _text(
        {
            "type": "connected",
            "version": VERSION,
            "session": session_id,
            "resumed": resumed,
            "revision": revision,
            "idle_seconds": idle_seconds,
            "broadcasters": broadcasters,
            "live": LIVE in broadcasters.values(),
        }
    )


def live(broadcasters: Mapping[str, str]) -> str:
    """Return what is said when a stream has begun or ended: all broadcasters as they are now."""
    return _text({"type": "live", "broadcasters": broadcasters})


def error(refused: Refused) -> str:
    """Return what is said of a message that was not taken, or of a connection that is closed."""
    return _text({"type": "error", "code": str(refused.code), "message": refused.message})


def reconnect(milliseconds: int) -> str:
    """Return the request to come back after so long: the connection is about to be closed."""
    return _text({"type": "reconnect", "milliseconds": milliseconds})


def flushed(revision: int) -> str:
    """Return the answer to ``flush``: the state of this revision, and all before it, is durable."""
    return _text({"type": "flushed", "revision": revision})


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
