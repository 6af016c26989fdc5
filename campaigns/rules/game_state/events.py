"""Game events (G4): a place in the state, a condition, and how often it may happen. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from campaigns.rules.game_state.codes import Code, Refused
from campaigns.rules.game_state.paths import Filter, Location, Path, PathInvalid, path_problem, read_path, same_as
from campaigns.rules.game_state.strict_json import read_json
from portal.sentences import Sentence

__all__ = ["Condition", "EventRule", "Happened", "Match", "Watch", "path_problem", "read_value"]

_SHOWN = 200
_NOT_A_VALUE = _(
    "Write a text, a number, true or false: no list, no object, not null. A text that begins with a quote ends with one."
)
_TOO_LARGE = _("The number is too large: whole numbers up to 9007199254740991 can be compared.")


class Condition(StrEnum):
    """When a rule's event happens, of the values that its path finds. Each is a change: what stays so happens once."""

    EQUALS = "equals"
    CHANGES_TO = "changes_to"
    RISES_ABOVE = "rises_above"
    APPEARS_IN = "appears_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """A campaign's game event. ``id`` is the campaign reward's; ``value`` a JSON scalar; ``path`` a JSONPath (RFC 9535).

    What happens before ``starts_at``, or at ``ends_at`` and later, is only what was; None: there is no such limit.
    """

    id: str
    name: str
    path: str
    condition: Condition
    value: str | float | bool
    cool_down_seconds: int = 0
    per_session: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def runs_at(self, moment: datetime) -> bool:
        """Whether the event counts at a moment."""
        return (self.starts_at is None or self.starts_at <= moment) and (self.ends_at is None or moment < self.ends_at)


@dataclass(slots=True)
class Happened:
    """How often a rule's event has happened in a session, and when last."""

    count: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A rule's event happened: the ``number``-th time in the session, by this value (JSON, at most 200 characters).

    ``held_back`` is "" where it counts, else why not: ``cool_down`` or ``per_session``. Then it has no number (0).
    """

    rule_id: str
    number: int
    value: str
    held_back: str = ""


def read_value(text: str, condition: Condition) -> str | float | bool:
    """Return the JSON scalar that a text is. Raises ``ValueError`` with a ``Sentence``, for the producer, where it does not fit."""
    try:
        value = read_json(text)
    except Refused as error:
        said = _TOO_LARGE if error.code is Code.NUMBER_TOO_LARGE else _NOT_A_VALUE
        raise ValueError(Sentence(said)) from None
    if value is None or isinstance(value, dict | list):
        raise ValueError(Sentence(_NOT_A_VALUE))
    if condition is Condition.RISES_ABOVE and not _is_number(value):
        raise ValueError(Sentence(_("To rise above it, the value must be a number, without quotes.")))
    scalar: str | float | bool = value
    return scalar


_NOWHERE: frozenset[Location] = frozenset()


class _Seen:
    """A rule, and the locations at which its condition held when last looked."""

    __slots__ = ("_holds", "held", "path", "rule")

    def __init__(self, rule: EventRule, path: Path, held: frozenset[Location] = _NOWHERE) -> None:
        self._holds = _TESTS[rule.condition](rule.value)
        self.rule = rule
        self.path = path
        self.held = held

    def look(self, state: dict[str, Any]) -> tuple[bool, Any]:
        """Take the state as seen. Return whether the condition holds anywhere that it did not hold, and the value there."""
        now = self.path.places_where(state, self._holds)
        before = self.held
        if not now:
            self.held = _NOWHERE
            return False, None
        self.held = frozenset(location for location, _found in now)
        return next(((True, found) for location, found in now if location not in before), (False, None))


class Watch:
    """What a session's rules have seen so far. ``happened`` is changed as events happen.

    A rule whose path cannot be used is left out: a campaign with one is not published.
    """

    def __init__(self, rules: Sequence[EventRule], *, happened: Mapping[str, Happened] | None = None) -> None:
        self.happened: dict[str, Happened] = {}
        self._begun = False
        self._seen: list[_Seen] = []
        self.use(rules, {}, happened or {})

    def begin(self, state: dict[str, Any]) -> None:
        """Take a state that was known before (a session that is taken up again) as what was: nothing happens."""
        self._begun = True
        for seen in self._seen:
            seen.look(state)

    def use(self, rules: Sequence[EventRule], state: dict[str, Any], happened: Mapping[str, Happened]) -> None:
        """Go on with other rules. What a new rule finds now is what was: nothing happens by it.

        ``happened`` is what is stored; where more is known here, because it is still to be written, that counts.
        """
        for rule_id, stored in happened.items():
            if rule_id not in self.happened or self.happened[rule_id].count < stored.count:
                self.happened[rule_id] = Happened(stored.count, stored.last_at)
        before = {_what(seen.rule): seen for seen in self._seen}
        self._seen = []
        for rule in rules:
            try:
                path = read_path(rule.path)
            except PathInvalid:
                continue
            old = before.get(_what(rule))
            seen = _Seen(rule, path, old.held if old else frozenset())
            if old is None and self._begun:
                seen.look(state)
            self._seen.append(seen)

    def look(self, state: dict[str, Any], *, now: datetime, changed: Collection[str] | None = None) -> list[Match]:
        """Return what has happened by the change to this state, held-back ones included.

        ``changed`` are the names at the top of the state that a delta touched; None: all.
        """
        first, self._begun = not self._begun, True
        matches = []
        for seen in self._seen:
            if changed is not None and not first and seen.path.top not in changed:
                continue
            happens, value = seen.look(state)
            if first and seen.rule.condition is not Condition.EQUALS:
                continue
            if happens and seen.rule.runs_at(now):
                matches.append(self._match(seen.rule, value, now))
        return matches

    def _match(self, rule: EventRule, value: Any, now: datetime) -> Match:
        happened = self.happened.setdefault(rule.id, Happened())
        shown = orjson.dumps(rule.value if rule.condition is Condition.APPEARS_IN else value).decode()[:_SHOWN]
        if rule.per_session is not None and happened.count >= rule.per_session:
            return Match(rule.id, 0, shown, "per_session")
        cool_down = timedelta(seconds=rule.cool_down_seconds)
        if happened.last_at is not None and now < happened.last_at + cool_down:
            return Match(rule.id, 0, shown, "cool_down")
        happened.count += 1
        happened.last_at = now
        return Match(rule.id, happened.count, shown)


def _what(rule: EventRule) -> tuple[object, ...]:
    """Return what a rule has seen depends on."""
    return rule.id, rule.path, rule.condition, rule.value, type(rule.value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _above(value: Any) -> Filter:
    return lambda found: _is_number(found) and bool(found > value)


def _in_list(value: Any) -> Filter:
    is_it = same_as(value)
    return lambda found: isinstance(found, list) and value in found and any(map(is_it, found))


_TESTS: dict[Condition, Callable[[Any], Filter]] = {
    Condition.EQUALS: same_as,
    Condition.CHANGES_TO: same_as,
    Condition.RISES_ABOVE: _above,
    Condition.APPEARS_IN: _in_list,
}
"""For each condition the test of a value that was found, made for the rule's value. Events are the changes to it."""
