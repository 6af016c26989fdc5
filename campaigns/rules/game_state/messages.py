"""Reading one message of a game server (G1): pure, the same for the gateway, recordings and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """A session begins or is taken up again; ``data`` is the full state.

    ``broadcaster_ids`` are of the form ``twitch:12345``; None where the message names none.
    """

    token: str
    game_id: str
    session_id: str
    broadcaster_ids: tuple[str, ...] | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delta:
    """What has changed since the last message, as a JSON Merge Patch (RFC 7396)."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refresh:
    """The full state anew."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Flush:
    """Make durable what was sent so far, and say so."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The session is over."""


Message = Connect | Delta | Refresh | Flush | Disconnect


def read_message(text: str) -> Message:
    """Return the message that a text frame holds. Raises ``Refused`` with the code that fits."""
    raise NotImplementedError
