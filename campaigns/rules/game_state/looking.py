"""What a recording has where a game event looks: so that a producer can mend a path, or a value, that never matched. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import jsonpath_rfc9535
import orjson

from campaigns.rules.game_state.events import Condition, EventRule
from campaigns.rules.game_state.paths import PathInvalid, read_path, same
from campaigns.rules.game_state.replay import Step

MOST_EXAMPLES = 5
LONGEST_EXAMPLE = 60
MOST_NAMES = 20


class Kind(StrEnum):
    """The kinds of JSON values."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"
    NULL = "null"
    """Only in a list: a member of an object that is null is not there (RFC 7396)."""


class Advice(StrEnum):
    """Why a rule that found something never matched."""

    NOWHERE = "nowhere"
    """The path led nowhere in any state."""
    NO_LIST = "no_list"
    NO_NUMBER = "no_number"
    IS_LIST = "is_list"
    """A list, or an object, is compared with a single value."""
    OTHER_KIND = "other_kind"
    NOT_ABOVE = "not_above"
    FROM_THE_START = "from_the_start"
    OTHER_VALUES = "other_values"


@dataclass(slots=True)
class Looked:
    """What was found at a rule's path. ``kinds`` counts the messages after which it was there; ``nowhere`` those after which nothing was.

    ``examples`` are JSON, the first few that differ. ``deepest`` is the part of the path that led somewhere in the last
    state, where the whole did not, and ``names`` what is there.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    nowhere: int = 0
    examples: list[str] = field(default_factory=list)
    highest: float | None = None
    wanted: bool = False
    """The value that the rule compares with was there."""
    deepest: str = ""
    names: list[str] = field(default_factory=list)


class Looker:
    """Looks where a rule looks, message by message. Beside a path with a wildcard it costs less than the rule itself."""

    def __init__(self, rule: EventRule) -> None:
        self._rule = rule
        self._path = read_path(rule.path)
        self._mark = orjson.dumps(self._path.top).decode()
        self._now: set[Kind] = set()
        self.looked = Looked()

    def look(self, step: Step) -> None:
        """Take the state after a message into account."""
        if step.line.kind != "delta" or self._mark in step.line.data:
            self._take(self._values(step.state.data))
        self.looked.kinds.update(self._now)
        self.looked.nowhere += not self._now

    def _values(self, state: dict[str, Any]) -> list[Any]:
        """Return the values, without where each is, which would cost several times as much."""
        values: list[Any] = []

        def keep(value: Any) -> bool:
            values.append(value)
            return False

        self._path.places_where(state, keep)
        return values

    def _take(self, values: list[Any]) -> None:
        looked, wanted = self.looked, self._rule.value
        types = set(map(type, values))
        self._now = {_KIND_OF[one] for one in types}
        if self._rule.condition is Condition.RISES_ABOVE and Kind.NUMBER in self._now:
            numbers = values if types <= {int, float} else [value for value in values if type(value) in (int, float)]
            highest = max(numbers)
            looked.highest = highest if looked.highest is None else max(highest, looked.highest)
        if not looked.wanted:
            looked.wanted = _has(values, wanted) or (
                list in types and any(_has(value, wanted) for value in values if type(value) is list)
            )
        if len(looked.examples) < MOST_EXAMPLES:
            self._add_examples(values[:MOST_NAMES])

    def _add_examples(self, values: list[Any]) -> None:
        for value in values:
            shown = orjson.dumps(value).decode()
            shown = shown if len(shown) <= LONGEST_EXAMPLE else f"{shown[:LONGEST_EXAMPLE]}…"
            if shown not in self.looked.examples and len(self.looked.examples) < MOST_EXAMPLES:
                self.looked.examples.append(shown)

    def finish(self, state: dict[str, Any]) -> Looked:
        """Return what was found, the last state being this one."""
        if not self.looked.kinds:
            self.looked.deepest, self.looked.names = _deepest(self._rule.path, state)
        return self.looked


_KIND_OF: dict[type[Any], Kind] = {
    str: Kind.TEXT,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    bool: Kind.BOOLEAN,
    list: Kind.LIST,
    dict: Kind.OBJECT,
    type(None): Kind.NULL,
}


def _has(values: list[Any], wanted: Any) -> bool:
    return wanted in values and any(same(value, wanted) for value in values)


def kind_of(value: Any) -> Kind:
    """Return the kind of a JSON value."""
    return _KIND_OF[type(value)]


def advice(rule: EventRule, looked: Looked) -> Advice:
    """Return why a rule never matched, by what was found where it looks."""
    kinds = set(looked.kinds)
    if not kinds:
        return Advice.NOWHERE
    if rule.condition is Condition.APPEARS_IN and Kind.LIST not in kinds:
        return Advice.NO_LIST
    if rule.condition is Condition.RISES_ABOVE:
        return Advice.NOT_ABOVE if Kind.NUMBER in kinds else Advice.NO_NUMBER
    if looked.wanted:
        return Advice.FROM_THE_START
    if rule.condition is not Condition.APPEARS_IN:
        if kinds <= {Kind.LIST, Kind.OBJECT}:
            return Advice.IS_LIST
        if kind_of(rule.value) not in kinds:
            return Advice.OTHER_KIND
    return Advice.OTHER_VALUES


def _deepest(path: str, state: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the longest beginning of a path that leads somewhere in a state, and the names of what is there."""
    segments = jsonpath_rfc9535.compile(path).segments
    for length in range(len(segments) - 1, 0, -1):
        part = "$" + "".join(str(segment) for segment in segments[:length])
        try:
            places = read_path(part).places(state)
        except PathInvalid:
            continue
        if places:
            return part, _names(places[0][1])
    return "$", _names(state)


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [str(name)[:LONGEST_EXAMPLE] for name in value][:MOST_NAMES]
    return []
