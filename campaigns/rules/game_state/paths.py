"""Where in the state a game event looks: a JSONPath (RFC 9535) of a form whose cost is bounded (G4). Pure.

The library reads a path; what is allowed of it is found by a few steps here, since each change of each state is looked
at. Tests hold that both find the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonpath_rfc9535
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from jsonpath_rfc9535 import JSONPathError
from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    Expression,
    FilterExpressionLiteral,
    RelativeFilterQuery,
)
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import (
    FilterSelector,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    WildcardSelector,
)

from portal.sentences import Sentence

MOST_CHARACTERS = 200
MOST_SEGMENTS = 10
MOST_BRANCHES = 2
"""Of wildcards and filters together."""

MOST_PLACES = 2000
"""So many members of objects and arrays a wildcard or a filter looks at; those after them it does not see."""

Location = tuple[str | int, ...]
Place = tuple[Location, Any]
Filter = Callable[[Any], bool]
Step = str | int | Filter | None
"""A name, an index, a filter, or any member."""
Keys = tuple[tuple[type[Any], Any], ...]
"""Names and indexes, each with the type that can have it."""

_ABSENT = object()
_ALLOWED = _("Write for example: $.boss.state, $.players[*].level or $.players[?@.name == 'Kim'].level")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class PathInvalid(ValueError):
    """A path cannot be used. ``sentence`` says why, for the producer."""

    def __init__(self, template: str | Promise, **params: object) -> None:
        self.sentence = Sentence(template, params)
        super().__init__(self.sentence)


class Path:
    """A path that can be used. ``top`` is the name at the top of the state that it begins with."""

    __slots__ = ("_branch", "_keys", "_location", "_steps", "top")

    def __init__(self, top: str, steps: tuple[Step, ...]) -> None:
        self.top = top
        self._steps = steps
        every: tuple[Step, ...] = (top, *steps)
        # A path of names and indexes leads to one location, which is known beforehand.
        self._location = _plain_steps(every)
        self._keys = _keys(self._location or ())
        self._branch = _branch_of(every)

    def places(self, state: dict[str, Any]) -> list[Place]:
        """Return each location in the state that the path leads to, with its value, in the order of the state."""
        if self._location is not None:
            value = _reach(state, self._keys)
            return [] if value is _ABSENT else [(self._location, value)]
        if self.top not in state:
            return []
        found: list[Place] = [((self.top,), state[self.top])]
        for step in self._steps:
            if isinstance(step, str | int):
                found = [place for one in found for place in _member(one, step)]
            else:
                members = islice((place for one in found for place in _members(one)), MOST_PLACES)
                found = [place for place in members if step is None or step(place[1])]
        return found

    def places_where(self, state: dict[str, Any], holds: Filter) -> list[Place]:
        """Return those of the places whose value passes a test: each change of each state asks, and mostly none does."""
        if self._location is not None:
            value = _reach(state, self._keys)
            return [(self._location, value)] if value is not _ABSENT and holds(value) else []
        if self._branch is None:
            return [place for place in self.places(state) if holds(place[1])]
        before, step, after = self._branch.before, self._branch.step, self._branch.after
        keys, name = self._branch.keys_after, self._branch.name_after
        found: list[Place] = []
        for key, member in islice(_items(_reach(state, self._branch.keys_before)), MOST_PLACES):
            if step is not None and not step(member):
                continue
            if name is None:
                value = _reach(member, keys)
            else:  # as most paths end
                value = member.get(name, _ABSENT) if type(member) is dict else _ABSENT
            if value is not _ABSENT and holds(value):
                found.append(((*before, key, *after), value))
        return found


@dataclass(frozen=True, slots=True)
class _Branch:
    """The only wildcard (None) or filter of a path, and the names and indexes before and after it.

    ``name_after`` is what comes after it where that is a single name.
    """

    step: Filter | None
    before: Location
    after: Location
    keys_before: Keys
    keys_after: Keys
    name_after: str | None


def _branch_of(steps: Sequence[Step]) -> _Branch | None:
    """Return the branch of a path that has one and leads on by names and indexes from the front; else None."""
    at = [place for place, step in enumerate(steps) if not isinstance(step, str | int)]
    if len(at) != 1:
        return None
    before, after = _plain_steps(steps[: at[0]]), _plain_steps(steps[at[0] + 1 :])
    if before is None or after is None:
        return None
    step, last = steps[at[0]], after[0] if len(after) == 1 else None
    return _Branch(
        step=step if callable(step) else None,
        before=before,
        after=after,
        keys_before=_keys(before),
        keys_after=_keys(after),
        name_after=last if isinstance(last, str) else None,
    )


def path_problem(path: str) -> Sentence | None:
    """Return what is wrong with a rule's path, for the producer; None for one that can be used."""
    try:
        read_path(path)
    except PathInvalid as error:
        return error.sentence
    return None


@lru_cache(maxsize=1024)
def read_path(path: str) -> Path:
    """Return a path that can be used. Raises ``PathInvalid``."""
    if not path.startswith("$"):
        raise PathInvalid(_("A path begins with $, which is the state. %(allowed)s"), allowed=Sentence(_ALLOWED))
    if len(path) > MOST_CHARACTERS:
        raise PathInvalid(
            _("The path has %(found)s characters; at most %(allowed)s are possible."),
            found=len(path),
            allowed=MOST_CHARACTERS,
        )
    segments = _segments(path)
    if len(segments) > MOST_SEGMENTS:
        raise PathInvalid(
            _("The path has %(found)s steps; at most %(allowed)s are possible."),
            found=len(segments),
            allowed=MOST_SEGMENTS,
        )
    top, *steps = [_step(segment) for segment in segments]
    if not isinstance(top, str):
        raise PathInvalid(
            _("A path begins with the name of a field at the top of the state. %(allowed)s"), allowed=Sentence(_ALLOWED)
        )
    if sum(not isinstance(step, str | int) for step in steps) > MOST_BRANCHES:
        raise PathInvalid(
            _("A path may have at most %(allowed)s wildcards and filters together."), allowed=MOST_BRANCHES
        )
    return Path(top, tuple(steps))


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal, one of them a scalar: 1 is 1.0, but not true."""
    return bool(one == other) and (type(one) is bool) is (type(other) is bool)


def same_as(value: Any) -> Filter:
    """Return the test whether a JSON value is the same as a scalar."""
    is_bool = type(value) is bool
    return lambda found: bool(found == value) and (type(found) is bool) is is_bool


def _segments(path: str) -> tuple[JSONPathSegment, ...]:
    try:
        segments = jsonpath_rfc9535.compile(path).segments
    except JSONPathError as error:
        position = error.token.index + 1 if error.token else len(path)
        raise PathInvalid(
            _("This is not a JSONPath (RFC 9535): it cannot be read from character %(position)s on. %(allowed)s"),
            position=position,
            allowed=Sentence(_ALLOWED),
        ) from None
    except (OverflowError, RecursionError):
        raise PathInvalid(
            _("The path holds a number that is too large, or too many brackets. %(allowed)s"),
            allowed=Sentence(_ALLOWED),
        ) from None
    if not segments:
        raise PathInvalid(_("The path names no field of the state. %(allowed)s"), allowed=Sentence(_ALLOWED))
    return segments


def _step(segment: JSONPathSegment) -> Step:
    if isinstance(segment, JSONPathRecursiveDescentSegment):
        raise PathInvalid(
            _("A path may not search with two dots (..): write each step. %(allowed)s"), allowed=Sentence(_ALLOWED)
        )
    if len(segment.selectors) != 1:
        raise PathInvalid(
            _("A pair of brackets may hold one name, index, * or filter only. %(allowed)s"), allowed=Sentence(_ALLOWED)
        )
    selector: JSONPathSelector = segment.selectors[0]
    plain = _plain(selector)
    if plain is not None:
        return plain
    if isinstance(selector, WildcardSelector):
        return None
    if isinstance(selector, FilterSelector):
        return _filter(selector.expression.expression)
    raise PathInvalid(_("A path may not take a slice of a list, with a colon. %(allowed)s"), allowed=Sentence(_ALLOWED))


def _plain(selector: JSONPathSelector) -> str | int | None:
    if isinstance(selector, NameSelector):
        return selector.name
    return selector.index if isinstance(selector, IndexSelector) else None


def _filter(expression: Expression) -> Filter:
    if isinstance(expression, ComparisonExpression):
        left, right, order = expression.left, expression.right, expression.operator
        if isinstance(left, FilterExpressionLiteral):
            left, right, order = right, left, _TURNED.get(order, order)
        if (
            isinstance(left, RelativeFilterQuery)
            and left.query.singular_query()
            and isinstance(right, FilterExpressionLiteral)
        ):
            keys = [_plain(segment.selectors[0]) for segment in left.query.segments]
            return _comparison(_keys([key for key in keys if key is not None]), order, right.value)
    raise PathInvalid(
        _("A filter may only compare one field of the member with a text, a number, true, false or null. %(allowed)s"),
        allowed=Sentence(_ALLOWED),
    )


def _comparison(keys: Keys, order: str, literal: Any) -> Filter:
    """Return the test of RFC 9535, 2.3.5.2.2: what is absent equals nothing, and only texts and numbers have an order."""
    if order == "==":
        return lambda member: same(_reach(member, keys), literal)
    if order == "!=":
        return lambda member: not same(_reach(member, keys), literal)
    compare = _ORDERS[order]
    or_equal = order.endswith("=")

    def ordered(member: Any) -> bool:
        value = _reach(member, keys)
        if _has_order(value) and _has_order(literal) and (type(value) is str) is (type(literal) is str):
            return compare(value, literal)
        return or_equal and same(value, literal)

    return ordered


def _has_order(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _plain_steps(steps: Sequence[Step]) -> Location | None:
    """Return steps that are names and indexes from the front; None where there is another among them."""
    plain = tuple(step for step in steps if isinstance(step, str) or (isinstance(step, int) and step >= 0))
    return plain if len(plain) == len(steps) else None


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if type(value) is dict:
        return value.items()
    return enumerate(value) if type(value) is list else ()


def _keys(steps: Sequence[str | int]) -> Keys:
    return tuple((dict if isinstance(step, str) else list, step) for step in steps)


def _reach(value: Any, keys: Keys) -> Any:
    for kind, key in keys:
        if not isinstance(value, kind):
            return _ABSENT
        try:
            value = value[key]
        except LookupError:
            return _ABSENT
    return value


def _member(place: Place, step: str | int) -> Iterator[Place]:
    location, value = place
    if isinstance(step, str):
        if type(value) is dict and step in value:
            yield (*location, step), value[step]
    elif type(value) is list and -len(value) <= step < len(value):
        index = step % len(value)
        yield (*location, index), value[index]


def _members(place: Place) -> Iterator[Place]:
    location, value = place
    return (((*location, key), member) for key, member in _items(value))
