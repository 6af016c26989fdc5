"""The merged state of a session, and the bucket of its messages. Pure; no clock of its own."""

from __future__ import annotations

from typing import Any

import json_merge_patch
import orjson

from campaigns.rules.game_state.codes import DEPTH, FULL_BYTES, MESSAGES_PER_MINUTE, Code, Refused
from campaigns.rules.game_state.strict_json import is_deeper, may_be_deeper

_LEVELS = DEPTH - 1
"""Of the state itself: the message around it is the first."""

_TOO_LARGE = (
    f"The state of the session would have over {FULL_BYTES} bytes as JSON: "
    "remove what is not needed any more, with null, or send a smaller full state."
)
_TOO_DEEP = f"The state of the session would be nested too deeply: at most {_LEVELS} levels of objects and arrays."


class MergedState:
    """A session's state. ``revision`` rises with every change; a change that is refused leaves it as it was.

    ``data`` is for reading: it is changed in place. Nothing in it is part of a message.
    """

    __slots__ = ("_at_most", "data", "revision")

    def __init__(self, data: dict[str, Any] | None = None, *, revision: int = 0) -> None:
        self.data: dict[str, Any] = data or {}
        self.revision = revision
        self._at_most = len(orjson.dumps(self.data))
        """No fewer bytes than the state has: a merge adds no more than what is written in the patch."""

    def replace(self, data: dict[str, Any]) -> None:
        """Put a full state in the place of what was; members that are null are left out (RFC 7396). Raises ``Refused``."""
        patch, _size = _own(data)
        self._take({}, patch)

    def merge(self, patch: dict[str, Any], *, read_size: int | None = None) -> None:
        """Apply a JSON Merge Patch. Raises ``Refused`` where the state would get larger or deeper than is allowed.

        ``read_size`` vouches for the patch of a message that was just read: its size in bytes at most, that it is no deeper
        than a message may be, and that nobody else changes it. Then it is not looked at again.
        """
        own, size = _own(patch) if read_size is None else (patch, read_size)
        if self._at_most + size > FULL_BYTES:
            # It may be too large: merged into a copy, so that a refusal finds the state untouched.
            self._take(orjson.loads(orjson.dumps(self.data)), own)
            return
        json_merge_patch.merge(self.data, own)
        self._at_most += size
        self.revision += 1

    def _take(self, base: dict[str, Any], patch: dict[str, Any]) -> None:
        merged: dict[str, Any] = json_merge_patch.merge(base, patch)
        size = len(orjson.dumps(merged))
        if size > FULL_BYTES:
            raise Refused(Code.STATE_TOO_LARGE, _TOO_LARGE)
        self.data = merged
        self._at_most = size
        self.revision += 1

    def as_json(self) -> str:
        """Return it as it is stored and given out: compact, and in UTF-8 of ``size_bytes`` bytes."""
        written = orjson.dumps(self.data)
        self._at_most = len(written)
        return written.decode()

    @property
    def size_bytes(self) -> int:
        """How many bytes the state takes as JSON."""
        self._at_most = len(orjson.dumps(self.data))
        return self._at_most


def _own(patch: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a patch that is nobody else's, and how many bytes it has. Raises ``Refused`` for one that is too deep.

    A merge makes objects of its own, but puts arrays into the state as they are.
    """
    try:
        written = orjson.dumps(patch)
    except orjson.JSONEncodeError:
        if is_deeper(patch, _LEVELS):  # so deep that it cannot even be written
            raise Refused(Code.TOO_DEEP, _TOO_DEEP) from None
        raise
    if may_be_deeper(written, _LEVELS) and is_deeper(patch, _LEVELS):
        raise Refused(Code.TOO_DEEP, _TOO_DEEP)
    return (orjson.loads(written) if b"[" in written else patch), len(written)


class Bucket:
    """Sixty messages in a clock minute (G1). ``messages`` are those taken in ``minute``, counted from 1970."""

    __slots__ = ("messages", "minute")

    def __init__(self) -> None:
        self.minute = 0
        self.messages = 0

    def take(self, *, at: float) -> bool:
        """Count a message of a moment (seconds since 1970) and tell whether it is within the limit."""
        minute = int(at // 60)
        if minute != self.minute:
            self.minute = minute
            self.messages = 0
        if self.messages >= MESSAGES_PER_MINUTE:
            return False
        self.messages += 1
        return True
