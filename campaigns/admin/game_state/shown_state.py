"""A state as the admin shows it: a part for each of its names, folded where it is long, and no more than a page bears."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from campaigns.rules.game_state.reading import ABSENT, Line, Mark, lines_of, short

PARTS_AT_MOST = 100
LINES_OF_A_PART = 400
LINES_AT_MOST = 4_000
"""On one page; a state at its limit of 102,400 bytes can have fifty thousand."""

SHORT = 100
"""A part that takes no more than this on one line, and has not changed inside, is shown on one line."""


@dataclass(frozen=True, slots=True)
class StatePart:
    """What stands under one name at the top of a state; ``cut`` where it has more lines than are shown.

    ``key`` is the same for the same name, so that a page can tell parts apart.
    """

    key: str
    name: str
    told: str
    lines: list[Line]
    cut: bool
    changed: bool

    @property
    def short(self) -> bool:
        """Whether it is one line: then it needs no folding."""
        return len(self.lines) == 1


@dataclass(frozen=True, slots=True)
class ShownState:
    """A state in parts, those that have changed first. ``more`` are the names that are not shown."""

    parts: list[StatePart]
    more: int


def read_state(text: str) -> dict[str, Any]:
    """Return a stored state as an object."""
    state = json.loads(text)
    return state if isinstance(state, dict) else {}


def shown_state(state: Mapping[str, Any], *, before: Mapping[str, Any] | None = None) -> ShownState:
    """Return a state as it is shown, with marks where it differs from the one ``before``, if that is given."""
    old = state if before is None else before
    names = [*state, *(name for name in old if name not in state)]
    if before is not None:
        names.sort(key=lambda name: not _differs(state.get(name, ABSENT), old.get(name, ABSENT)))
    parts, left = [], LINES_AT_MOST
    for name in names[:PARTS_AT_MOST]:
        part = _part(name, state.get(name, ABSENT), old.get(name, ABSENT), min(left, LINES_OF_A_PART))
        left = max(0, left - len(part.lines))
        parts.append(part)
    return ShownState(parts, max(0, len(names) - PARTS_AT_MOST))


def _part(name: str, value: Any, before: Any, most: int) -> StatePart:
    key = hashlib.blake2b(name.encode(errors="replace"), digest_size=6).hexdigest()
    changed = _differs(value, before)
    if not changed and len(text := short(value, SHORT)) <= SHORT:
        return StatePart(key, name, told(value), [Line(0, text)], cut=False, changed=False)
    lines = list(islice(lines_of(value, before), most + 1))
    return StatePart(key, name, told(value), lines[:most], cut=len(lines) > most, changed=changed)


def _differs(value: Any, before: Any) -> bool:
    return value is not before and any(line.mark is not Mark.SAME for line in lines_of(value, before))


def told(value: Any) -> str:
    """Return in words what stands somewhere, and how much of it; nothing for what one sees at once."""
    if value is ABSENT:
        return _t("gone")
    if isinstance(value, dict):
        return ngettext("object with %(count)s name", "object with %(count)s names", len(value)) % {
            "count": f"{len(value):,}"
        }
    if isinstance(value, list):
        return ngettext("list of %(count)s", "list of %(count)s", len(value)) % {"count": f"{len(value):,}"}
    return ""
