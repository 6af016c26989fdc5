"""Game events (G4): a place in the state, a condition, and how often it may happen. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal.sentences import Sentence


class Condition(StrEnum):
    """When a rule's event happens, of the values that its path finds. Each is a change: what stays so happens once."""

    EQUALS = "equals"
    CHANGES_TO = "changes_to"
    RISES_ABOVE = "rises_above"
    APPEARS_IN = "appears_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """A campaign's game event. ``id`` is the campaign reward's; ``value`` a JSON scalar; ``path`` a JSONPath (RFC 9535)."""

    id: str
    name: str
    path: str
    condition: Condition
    value: str | float | bool
    cool_down_seconds: int = 0
    per_session: int | None = None


@dataclass(slots=True)
class Happened:
    """How often a rule's event has happened in a session, and when last."""

    count: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A rule's event happened: the ``number``-th time in the session, by this value (at most 200 characters).

    ``held_back`` is "" where it counts, else why not: ``cool_down`` or ``per_session``. Then it has no number (0).
    """

    rule_id: str
    number: int
    value: str
    held_back: str = ""


def path_problem(path: str) -> Sentence | None:
    """Return what is wrong with a rule's path, for the producer; None for one that can be used."""
    raise NotImplementedError


def read_value(text: str, condition: Condition) -> str | float | bool:
    """Return the JSON scalar that a producer wrote. Raises ``ValueError`` with a ``Sentence`` where it does not fit."""
    raise NotImplementedError


class Watch:
    """What a session's rules have seen so far. ``happened`` is changed as events happen."""

    def __init__(self, rules: Sequence[EventRule], *, happened: Mapping[str, Happened] | None = None) -> None:
        raise NotImplementedError

    def begin(self, state: dict[str, Any]) -> None:
        """Take a state that was known before (a session that is taken up again) as what was: nothing happens."""
        raise NotImplementedError

    def use(self, rules: Sequence[EventRule], state: dict[str, Any], happened: Mapping[str, Happened]) -> None:
        """Go on with other rules. What a new rule finds now is what was: nothing happens by it."""
        raise NotImplementedError

    def look(self, state: dict[str, Any], *, now: datetime, changed: Collection[str] | None = None) -> list[Match]:
        """Return what has happened by the change to this state, held-back ones included.

        ``changed`` are the names at the top of the state that a delta touched; None: all.
        """
        raise NotImplementedError
