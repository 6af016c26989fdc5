"""Reading one message of a game server (G1): pure, the same for the gateway, recordings and tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from campaigns.rules.game_state.codes import (
    BROADCASTERS,
    DELTA_BYTES,
    FULL_BYTES,
    ID_LENGTH,
    VERSION,
    Code,
    Refused,
)
from campaigns.rules.game_state.strict_json import read_sized
from portal.platforms.messages import MAXIMUM_ID_LENGTH


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
    """What has changed since the last message, as a JSON Merge Patch (RFC 7396): as JSON it takes at most ``size`` bytes."""

    data: dict[str, Any]
    size: int | None = field(default=None, compare=False)


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

_TOKEN_LENGTH = 4096
_BROADCASTER_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}:\S+")
_SEEN_KIND = re.compile(r'\s*\{\s*"type"\s*:\s*"(connect|delta|refresh)"')
_TOO_LARGE = {
    "connect": (Code.CONNECT_TOO_LARGE, FULL_BYTES),
    "refresh": (Code.REFRESH_TOO_LARGE, FULL_BYTES),
    "delta": (Code.DELTA_TOO_LARGE, DELTA_BYTES),
}


def read_message(text: str) -> Message:
    """Return the message that a text frame holds. Raises ``Refused`` with the code that fits.

    The sentences are for the developer of the game server and hold no value of the message, above all not its token.
    """
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    if size > FULL_BYTES:
        begins = _SEEN_KIND.match(text)
        raise _too_large(begins[1] if begins else "", size)
    fields, written = read_sized(text)
    if not isinstance(fields, dict):
        raise Refused(Code.NOT_AN_OBJECT, f"The message is {_kind(fields)}: a message is one JSON object.")
    kind = fields.get("type")
    if size > DELTA_BYTES and kind not in ("connect", "refresh"):
        raise _too_large(str(kind), size)
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Refused(Code.UNKNOWN_TYPE, f"The field type of the message must be one of: {', '.join(_READERS)}.")
    return reader(fields, written)


def _too_large(kind: str, size: int) -> Refused:
    if kind in _TOO_LARGE:
        code, limit = _TOO_LARGE[kind]
        return Refused(code, f"The {kind} has {size} bytes: at most {limit} are allowed, as UTF-8.")
    said = (
        f"The message has {size} bytes: at most {FULL_BYTES} are allowed for connect and refresh, "
        f"and {DELTA_BYTES} for the others, as UTF-8."
    )
    return Refused(Code.MESSAGE_TOO_LARGE, said)


def _connect(fields: dict[str, Any], _size: int) -> Connect:
    version = fields.get("version")
    if type(version) is not int or version != VERSION:
        raise Refused(
            Code.WRONG_VERSION, f"The field version of the connect must be {VERSION}: the portal reads no other."
        )
    return Connect(
        token=_text(fields, "token", _TOKEN_LENGTH),
        game_id=_text(fields, "game_id", ID_LENGTH),
        session_id=_text(fields, "session_id", ID_LENGTH),
        broadcaster_ids=_broadcaster_ids(fields),
        data=_data(fields, Code.BAD_FIELD),
    )


def _delta(fields: dict[str, Any], size: int) -> Delta:
    return Delta(_data(fields, Code.BAD_PATCH), size)


def _refresh(fields: dict[str, Any], _size: int) -> Refresh:
    return Refresh(_data(fields, Code.BAD_FIELD))


def _flush(_fields: dict[str, Any], _size: int) -> Flush:
    return Flush()


def _disconnect(_fields: dict[str, Any], _size: int) -> Disconnect:
    return Disconnect()


_READERS: dict[str, Callable[[dict[str, Any], int], Message]] = {
    "connect": _connect,
    "delta": _delta,
    "refresh": _refresh,
    "flush": _flush,
    "disconnect": _disconnect,
}


def _data(fields: dict[str, Any], otherwise: Code) -> dict[str, Any]:
    data = fields.get("data")
    if type(data) is dict:
        return data
    if data is None:
        raise Refused(Code.BAD_FIELD, "The field data is missing: it must be a JSON object.")
    raise Refused(otherwise, f"The field data is {_kind(data)}: it must be a JSON object.")


def _text(fields: dict[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        what = "missing" if value is None else _kind(value)
        raise Refused(Code.BAD_FIELD, f"The field {name} is {what}: it must be a string.")
    if not value.strip() or not value.isprintable() or len(value) > longest:
        allowed = f"1 to {longest} printable characters that are not all blanks"
        raise Refused(Code.BAD_FIELD, f"The field {name} must have {allowed}.")
    return value


def _broadcaster_ids(fields: dict[str, Any]) -> tuple[str, ...] | None:
    listed = fields.get("broadcaster_ids")
    if listed is None:
        return None
    if not isinstance(listed, list) or not 1 <= len(listed) <= BROADCASTERS:
        allowed = f'an array of 1 to {BROADCASTERS} strings like "twitch:12345"; leave it out where there are none'
        raise Refused(Code.BAD_FIELD, f"The field broadcaster_ids must be {allowed}.")
    for position, one in enumerate(listed):
        if not _is_broadcaster_id(one):
            allowed = 'it must be a platform and the id of a channel there, like "twitch:12345"'
            raise Refused(Code.BAD_FIELD, f"The field broadcaster_ids is wrong at position {position}: {allowed}.")
    if len(set(listed)) < len(listed):
        raise Refused(Code.BAD_FIELD, "The field broadcaster_ids names a broadcaster twice: each may be there once.")
    return tuple(listed)


def _is_broadcaster_id(one: object) -> bool:
    if not isinstance(one, str) or not one.isprintable() or not _BROADCASTER_ID.fullmatch(one):
        return False
    return len(one.partition(":")[2]) <= MAXIMUM_ID_LENGTH


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a string", list: "an array"}
    return kinds.get(type(value), "an object")
