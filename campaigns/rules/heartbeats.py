"""Reading a heartbeat (W1, P4): Twitch's Viewer Heartbeat Service, "Sample JSON post". Pure.

The fields are those of the guide (https://dev.twitch.tv/docs/drops, its Viewer Heartbeat section) and the later
``broadcast_id``. ``viewers`` may differ from the length of the list, which is what counts. Unknown fields are kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from campaigns.rules.counting import MOST_AHEAD
from portal.platforms.messages import MAXIMUM_ID_LENGTH, is_storable
from portal.platforms.times import parse_time

VERSION = 1
MOST_EXTRA_BYTES = 4096
_LARGEST = 2**63 - 1
_KNOWN = frozenset(
    {"broadcaster", "broadcast_id", "viewers", "viewer_list", "game", "version", "id", "time", "retries"}
)


class HeartbeatInvalid(Exception):
    """The body is no heartbeat; the text says in one sentence what is wrong and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatMessage:
    """A heartbeat as it was read. ``viewer_ids`` has each id once; ``digest`` is the same for the same contents.

    ``retries`` is no part of the contents: it grows when the same heartbeat is sent again.
    """

    id: str
    broadcaster: str
    game: str
    sent_at: datetime
    viewers: int
    viewer_ids: tuple[str, ...]
    retries: int
    extra: str
    digest: bytes


def parse_heartbeat(body: bytes, *, now: datetime) -> HeartbeatMessage:
    """Return the heartbeat that a body holds. Raises ``HeartbeatInvalid``, also for a time over 2 minutes ahead (W4)."""
    data = _object(body)
    listed = data.get("viewer_list")
    if not isinstance(listed, list) or not set(map(type, listed)) <= {str}:
        raise HeartbeatInvalid(
            "viewer_list is missing or is not a list of strings: one id, as a string, for each viewer."
        )
    viewer_ids = _plausible(listed)
    version = _whole(data, "version", VERSION)
    if version != VERSION:
        raise HeartbeatInvalid(f"version is {version}; this endpoint reads version {VERSION}.")
    return HeartbeatMessage(
        id=_text(data, "id"),
        broadcaster=_text(data, "broadcaster"),
        game=_text(data, "game"),
        sent_at=_time(data, now),
        viewers=_whole(data, "viewers", len(listed)),
        viewer_ids=viewer_ids,
        retries=_whole(data, "retries", 0),
        extra=_extra(data),
        digest=_digest(data, viewer_ids),
    )


def _plausible(listed: list[str]) -> tuple[str, ...]:
    """Return each id once. What cannot be an id names nobody; the others in the list shall have their minute."""
    once = dict.fromkeys(listed)
    if "" in once or max(map(len, once), default=0) > MAXIMUM_ID_LENGTH or "\0" in "".join(once):
        return tuple(one for one in once if 0 < len(one) <= MAXIMUM_ID_LENGTH and is_storable(one))
    return tuple(once)


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HeartbeatInvalid(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if not isinstance(data, dict):
        raise HeartbeatInvalid("The body is not a JSON object. One heartbeat is one object: no list of them.")
    return data


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise HeartbeatInvalid(f"{name} is missing or is not a string with something in it.")
    if len(value) > MAXIMUM_ID_LENGTH or not is_storable(value):
        raise HeartbeatInvalid(f"{name} has over {MAXIMUM_ID_LENGTH} characters, or one that cannot be stored.")
    return value


def _whole(data: dict[str, Any], name: str, default: int) -> int:
    value = data.get(name, default)
    if type(value) is not int or abs(value) > _LARGEST:
        raise HeartbeatInvalid(f"{name} is not a whole number.")
    return value


def _time(data: dict[str, Any], now: datetime) -> datetime:
    text = _text(data, "time")
    moment = parse_time(text) if "-" in text else None  # seconds since 1970 are no form that the guide knows
    if moment is None:
        raise HeartbeatInvalid("time is not RFC 3339, like 2026-11-20T12:34:56Z or 2026-11-20T13:34:56+01:00.")
    if moment > now + MOST_AHEAD:
        raise HeartbeatInvalid(
            f"time lies more than {MOST_AHEAD.seconds // 60} minutes in the future. Set the sender's clock: "
            f"here it is {now:%Y-%m-%dT%H:%M:%SZ}."
        )
    return moment


def _extra(data: dict[str, Any]) -> str:
    """Return the further fields and the later ``broadcast_id``, as JSON; a note instead where they are too much to keep."""
    further = {name: value for name, value in data.items() if name not in _KNOWN or name == "broadcast_id"}
    if not further:
        return ""
    try:
        kept = orjson.dumps(further).decode()
    except (orjson.JSONEncodeError, UnicodeDecodeError):
        return '"not kept"'
    return kept if len(kept) <= MOST_EXTRA_BYTES and is_storable(kept) else '"not kept: too long"'


def _digest(data: dict[str, Any], viewer_ids: tuple[str, ...]) -> bytes:
    parts = [str(data.get(name)) for name in ("broadcaster", "game", "time", "viewers")]
    return hashlib.blake2b(orjson.dumps([parts, viewer_ids]), digest_size=16).digest()
