"""What is to be sent next: the state as it is, the state as it was sent last, and what was asked for besides. No clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from .checks import DELTA_BYTES, DEPTH, FULL_BYTES, plain, size_of, to_json
from .errors import SessionOver, StateRefused
from .merge_patch import apply_patch, make_patch

DISCONNECT = to_json({"type": "disconnect"})
Flush = asyncio.Future[int]


class Outbox:
    """The state of a session and what the portal knows of it.

    ``room`` is how many bytes the full state may take: a connect message has other fields too.
    """

    def __init__(self, data: Any, *, room: int = FULL_BYTES) -> None:
        self._room = room
        self.data: dict[str, Any] = {}
        self._sent: dict[str, Any] = {}
        self._whole_next = False
        self._alive_due = False
        self._asked: list[Flush] = []
        self._under_way: deque[list[Flush]] = deque()
        self.ending = False
        self._put(apply_patch({}, _object(data)))

    def update(self, changes: Any) -> None:
        """Merge changes into the state. Raises ``StateRefused``, and the state stays as it was."""
        self._put(apply_patch(self.data, _object(changes)))

    def set(self, path: str | Sequence[str], value: Any) -> None:
        """Put a value into a place, whatever was there; None empties it. Raises ``StateRefused``."""
        names = _names(path)
        value = plain(value, depth=2 + len(names), where=".".join(names))
        if isinstance(value, dict):
            value = apply_patch({}, value)
        self._put(_placed(self.data, names, value))

    def _put(self, data: dict[str, Any]) -> None:
        size = size_of(to_json(data))
        if size > self._room:
            raise StateRefused(f"The state would take {size} bytes; {self._room} are allowed.")
        self.data = data

    def ask_flush(self) -> Flush:
        """Ask for a flush; what is returned is done when the portal has said so, with the revision."""
        flush: Flush = asyncio.get_running_loop().create_future()
        self._asked.append(flush)
        return flush

    def flushed(self, revision: int) -> None:
        """The portal has said that all before the oldest flush under way is durable."""
        for flush in self._under_way.popleft() if self._under_way else []:
            if not flush.done():
                flush.set_result(revision)

    def give_up(self, error: SessionOver) -> None:
        """Nothing will be sent any more."""
        for flush in [flush for group in self._under_way for flush in group] + self._asked:
            if not flush.done():
                flush.set_exception(SessionOver(error.code, error.reason))

    def connect_text(self, fields: dict[str, Any]) -> str:
        """Return a connect message with the full state. What was asked for and not confirmed is asked for again."""
        self._asked = [flush for group in self._under_way for flush in group] + self._asked
        self._under_way.clear()
        return self._full({"type": "connect", **fields, "data": self.data})

    def send_whole(self) -> None:
        """What the portal has may be another state: the next change is sent with all the rest."""
        self._whole_next = True

    def keep_alive(self) -> None:
        """The line has been silent for long: send something."""
        self._alive_due = True

    def due(self, *, live: bool) -> bool:
        """Tell whether there is something to send. Changes wait while nobody is live, but for a flush or the end."""
        if self._alive_due or self._asked or self.ending:
            return True
        return live and bool(make_patch(self._sent, self.data))

    def take(self, *, live: bool) -> str | None:
        """Return the next message, which is held to be sent then, or None."""
        if (live or self._asked or self.ending) and (changes := self._changes()):
            return changes
        if self._asked:
            self._under_way.append(self._asked)
            self._asked = []
            return to_json({"type": "flush"})
        if self.ending:
            return DISCONNECT
        if self._alive_due:
            self._alive_due = False
            # A full state mends what may have gone wrong; while nobody watches, the shortest message does.
            return self._refresh() if live else to_json({"type": "delta", "data": {}})
        return None

    def _changes(self) -> str | None:
        patch = make_patch(self._sent, self.data)
        if not patch:
            return None
        text = to_json({"type": "delta", "data": patch})
        if self._whole_next or size_of(text) > DELTA_BYTES:
            return self._refresh()
        self._sent = self.data
        self._alive_due = False
        return text

    def _refresh(self) -> str:
        return self._full({"type": "refresh", "data": self.data})

    def _full(self, message: dict[str, Any]) -> str:
        self._sent = self.data
        self._whole_next = self._alive_due = False
        return to_json(message)


def _object(data: Any) -> dict[str, Any]:
    value = plain(data)
    if not isinstance(value, dict):
        raise StateRefused("A state is an object: a dict.")
    return value


def _names(path: str | Sequence[str]) -> list[str]:
    names = path.split(".") if isinstance(path, str) else list(path)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise StateRefused(f"{path!r} is no path: names with dots between, or a list of names.")
    if len(names) >= DEPTH:  # the object that holds the last is so deep, the message being the first
        raise StateRefused(f"The path is nested too deeply: at most {DEPTH - 1} names.")
    return names


def _placed(target: dict[str, Any], names: list[str], value: Any) -> dict[str, Any]:
    """Return an object with a value in a place; objects on the way there are made."""
    name, *further = names
    result = dict(target)
    if further:
        inner = result.get(name, {})
        if not isinstance(inner, dict):
            raise StateRefused(f"“{name}” is no object, so it has no “{further[0]}”.")
        if value is None and name not in result:
            return target
        result[name] = _placed(inner, further, value)
    elif value is None:
        result.pop(name, None)
    else:
        result[name] = value
    return result
