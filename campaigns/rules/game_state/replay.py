"""Playing recorded messages once more (G): the state after each, and what rules would have found. Pure.

The same classes do it as in the gateway, so that a trial finds what a session would have found live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from campaigns.rules.game_state.codes import Code, Refused
from campaigns.rules.game_state.events import EventRule, Match, Watch
from campaigns.rules.game_state.state import MergedState


@dataclass(frozen=True, slots=True)
class Line:
    """A recorded message: ``kind`` is connect, delta or refresh, ``data`` its JSON object as text."""

    number: int
    kind: str
    at: datetime
    data: str


@dataclass(frozen=True, slots=True)
class Step:
    """A line that was played: the state after it, and what happened by it.

    ``state`` is the same object at each step and goes on changing: read it before the next step.
    """

    line: Line
    state: MergedState
    matches: list[Match]


@dataclass(frozen=True, slots=True)
class Found:
    """A rule's event happened, or was held back, by the message of this number; ``revision`` is the state's after it."""

    number: int
    at: datetime
    revision: int
    value: str
    held_back: str


def play(lines: Iterable[Line], rules: Sequence[EventRule] = ()) -> Iterator[Step]:
    """Play a recording from its beginning. A line that would be refused today, or cannot be read, changes nothing."""
    state, watch = MergedState(), Watch(rules)
    for line in lines:
        matches = []
        try:
            data = _object_of(line)
            if line.kind == "delta":
                state.merge(data)
                matches = watch.look(state.data, now=line.at, changed=data)
            else:
                state.replace(data)
                matches = watch.look(state.data, now=line.at)
        except Refused:
            pass
        yield Step(line, state, matches)


def _object_of(line: Line) -> dict[str, Any]:
    try:
        data = orjson.loads(line.data)
    except orjson.JSONDecodeError:
        raise Refused(Code.NOT_JSON, "The line is not JSON.") from None
    if type(data) is not dict:
        raise Refused(Code.NOT_AN_OBJECT, "The line is no JSON object.")
    return data


def replay(lines: Iterable[Line], rules: Sequence[EventRule]) -> dict[str, list[Found]]:
    """Return for each rule, by its id, what it finds in a recording, in order."""
    found: dict[str, list[Found]] = {rule.id: [] for rule in rules}
    for step in play(lines, rules):
        for match in step.matches:
            found[match.rule_id].append(
                Found(step.line.number, step.line.at, step.state.revision, match.value, match.held_back)
            )
    return found
