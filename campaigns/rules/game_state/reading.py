"""A state as people read it: the lines of its indented JSON, and what of it differs from the state before. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LONGEST_TEXT = 1_000
"""Of one value, in characters of JSON."""

LONGEST_BEFORE = 80
"""Of a value that was there before."""

ABSENT: Any = object()
"""Stands for what is not there."""


class Mark(StrEnum):
    """What has become of a value since the state before."""

    SAME = "same"
    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a state. ``was`` is what stood there before, in short, where it has changed."""

    depth: int
    text: str
    mark: Mark = Mark.SAME
    was: str = ""

    @property
    def indented(self) -> str:
        """The line as it stands in the text."""
        return f"{'  ' * self.depth}{self.text}"


def lines_of(value: Any, before: Any, *, label: str = "", depth: int = 0, tail: str = "") -> Iterator[Line]:
    """Yield the lines of a JSON value, compared with the value before; the same object has not changed.

    What is gone stands where it was, as a line of its own. Lists are compared place by place.
    """
    if value is ABSENT:
        yield Line(depth, label + short(before), Mark.GONE)
        return
    if not isinstance(value, dict | list) or not value:
        mark = mark_of(value, before)
        was = short(before) if mark is Mark.CHANGED else ""
        yield Line(depth, f"{label}{short(value, LONGEST_TEXT)}{tail}", mark, was)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    alike = type(value) is type(before)
    mark = Mark.SAME if alike else mark_of(value, before)
    yield Line(depth, label + opening, mark, short(before) if mark is Mark.CHANGED else "")
    inside = list(_members(value, before if alike else ABSENT))
    last = max((place for place, member in enumerate(inside) if member[1] is not ABSENT), default=0)
    for place, (name, new, old) in enumerate(inside):
        yield from lines_of(new, old, label=name, depth=depth + 1, tail="," if place < last else "")
    yield Line(depth, closing + tail)


def mark_of(value: Any, before: Any) -> Mark:
    """Return what has become of a value that is there."""
    if before is ABSENT:
        return Mark.NEW
    if isinstance(value, bool) is not isinstance(before, bool):
        return Mark.CHANGED  # in Python true is 1, in JSON it is not
    return Mark.SAME if value == before else Mark.CHANGED


def short(value: Any, longest: int = LONGEST_BEFORE) -> str:
    """Return a value as JSON on one line, cut where it is too long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"


def _members(value: Any, before: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is inside an object or a list, now or before: how it is labelled, what it is and what it was."""
    if isinstance(value, dict):
        old = before if isinstance(before, dict) else {}
        for name in [*value, *(name for name in old if name not in value)]:
            yield f"{json.dumps(name, ensure_ascii=False)}: ", value.get(name, ABSENT), old.get(name, ABSENT)
        return
    items = before if isinstance(before, list) else []
    for place in range(max(len(value), len(items))):
        yield (
            "",
            value[place] if place < len(value) else ABSENT,
            items[place] if place < len(items) else ABSENT,
        )
