"""What the portal would refuse (docs/game-state.md, "Limits"), found before it is sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import StateRefused

FULL_BYTES = 102_400
"""The longest connect or refresh, in bytes of UTF-8."""

DELTA_BYTES = 20_480
DEPTH = 32
"""So deep objects and lists may be nested; a message is the first and its ``data`` the second."""

LARGEST_INTEGER = 2**53 - 1
ID_LENGTH = 100
BROADCASTERS = 100
_BROADCASTER_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}:\S{1,200}")


def to_json(value: Any) -> str:
    """Return JSON as it is sent: without spaces, in the characters that were meant."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def size_of(text: str) -> int:
    """Return how many bytes a message takes."""
    return len(text.encode())


def plain(value: Any, *, depth: int = 2, where: str = "data") -> Any:
    """Return a copy of a value in plain JSON types; ``depth`` counts as the portal does. Raises ``StateRefused``."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int | float):
        return _number(value, where)
    if not isinstance(value, Mapping | list | tuple):
        raise StateRefused(f"{where} is a {type(value).__name__}, which JSON does not have.")
    if depth > DEPTH:
        raise StateRefused(f"{where} is nested too deeply: at most {DEPTH} objects and lists, the message included.")
    if isinstance(value, Mapping):
        return {
            _name(name, where): plain(member, depth=depth + 1, where=f"{where}.{name}")
            for name, member in value.items()
        }
    return [plain(member, depth=depth + 1, where=f"{where}[{index}]") for index, member in enumerate(value)]


def _name(name: Any, where: str) -> str:
    if not isinstance(name, str):
        raise StateRefused(f"{where} has the key {name!r}: keys must be texts.")
    return _text(name, where)


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise StateRefused(f"{where} holds half a surrogate pair, which is no UTF-8.") from None
    return str(value)


def _number(value: int | float, where: str) -> int | float:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise StateRefused(f"{where} is {value}, which JSON does not have: leave it out.")
        return float(value)
    if abs(value) > LARGEST_INTEGER:
        raise StateRefused(f"{where} is larger than {LARGEST_INTEGER}, which not every language can hold: send a text.")
    return int(value)


def check_token(token: object) -> str:
    """Return a token that can be sent. Raises ``StateRefused`` for one with a prefix, or none."""
    if not isinstance(token, str) or not token:
        raise StateRefused("There is no token.")
    if any(character.isspace() for character in token):
        raise StateRefused('The token is sent as it is: without "Bearer" or "OAuth" before it, and without blanks.')
    return token


def check_session(game_id: str, session_id: str, broadcaster_ids: Sequence[str] | None) -> None:
    """Raise ``StateRefused`` for ids that the portal does not take."""
    for name, value in (("game_id", game_id), ("session_id", session_id)):
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > ID_LENGTH:
            raise StateRefused(f"{name} must have 1 to {ID_LENGTH} printable characters.")
    if broadcaster_ids is None:
        return
    if isinstance(broadcaster_ids, str) or not 1 <= len(broadcaster_ids) <= BROADCASTERS:
        raise StateRefused(f"broadcaster_ids is a list of 1 to {BROADCASTERS} texts, or None with a player's token.")
    for one in broadcaster_ids:
        if not isinstance(one, str) or not _BROADCASTER_ID.fullmatch(one):
            raise StateRefused(f'A broadcaster id is a platform and a user id, as in "twitch:12345"; {one!r} is not.')
    if len(set(broadcaster_ids)) < len(broadcaster_ids):
        raise StateRefused("broadcaster_ids names a broadcaster twice.")
