"""What a call about game state asks for, read from its parameters. Pure. Raises ``Problem`` with status 400."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

from fulfillment.api.problems import Problem

MAX_PLAYERS = 100
LONGEST_ID = 200
LONGEST_BROADCASTER_ID = 233
"""A platform's key of at most 32 characters, a colon, and a user id."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BROADCASTER = re.compile(r"[a-z0-9_-]{1,32}:.{1,200}")


class Parameters(Protocol):
    """A call's parameters, as Django has them: each with all its values."""

    def getlist(self, key: str, /) -> list[str]:
        """Return the values of one, none where it is not there."""


def one_id(parameters: Parameters, name: str) -> str | None:
    """Return the id that a parameter gives, or None where it is not there."""
    values = parameters.getlist(name)
    if len(values) > 1:
        raise wrong(f"{name} may be given once. It is there {len(values)} times.")
    return _id(values[0], name) if values else None


def demanded_id(parameters: Parameters, name: str) -> str:
    """Return the id that a parameter gives."""
    value = one_id(parameters, name)
    if value is None:
        raise wrong(f"{name} is missing.")
    return value


def player_ids(parameters: Parameters) -> Sequence[str]:
    """Return the ids of players, each once, in their order: at most 100, perhaps none."""
    values = parameters.getlist("player_id")
    if len(values) > MAX_PLAYERS:
        raise wrong(f"player_id may be given up to {MAX_PLAYERS} times. It is there {len(values)} times.")
    return list(dict.fromkeys(_id(value, "player_id") for value in values))


def broadcaster(parameters: Parameters) -> tuple[str, str] | None:
    """Return platform and user id of the broadcaster that is asked about, or None."""
    value = one_id(parameters, "broadcaster_id")
    if value is None:
        return None
    if not _BROADCASTER.fullmatch(value):
        raise wrong('broadcaster_id must be a platform and the user id there, like "twitch:12345".')
    platform, _colon, user_id = value.partition(":")
    return platform, user_id


def wrong(message: str) -> Problem:
    """Return the refusal of a call that is wrong in itself."""
    return Problem(HTTPStatus.BAD_REQUEST, message)


def _id(text: str, name: str) -> str:
    longest = LONGEST_BROADCASTER_ID if name == "broadcaster_id" else LONGEST_ID
    if not text.strip() or len(text) > longest or _CONTROL.search(text):
        raise wrong(f"{name} must have 1 to {longest} characters, no control characters.")
    return text
