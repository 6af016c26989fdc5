"""Reading plain values by a strict schema: every problem is collected with the place it is at, none is a surprise. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.rules.document_text import Lines
from portal.sentences import Sentence

MOST_PROBLEMS = 50
"""So many are told at once; who mends them sees the next."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAKS = re.compile(r"[\n\r\t]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place; ``line`` is that of the file where it is known."""

    place: str
    sentence: Sentence
    line: int | None = None

    def __str__(self) -> str:
        if self.line is not None:
            told = {"line": self.line, "place": self.place, "problem": self.sentence}
            return _TOLD_WITH_LINE % told if self.place else _TOLD_OF_LINE % told
        return f"{self.place}: {self.sentence}" if self.place else str(self.sentence)


_TOLD_WITH_LINE: Any = _("Line %(line)s, %(place)s: %(problem)s")
_TOLD_OF_LINE: Any = _("Line %(line)s: %(problem)s")


@dataclass(slots=True)
class Reading:
    """One file that is being read, and the problems found so far."""

    lines: Lines = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class TooMany(Exception):
    """So many problems were found that reading on is of no use."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value and where it stands. Each reader returns a usable value whatever is there, and notes what is wrong."""

    reading: Reading
    value: Any
    keys: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        """Name the place as people count: ``rewards[2].minutes`` is of the second reward."""
        told = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key[:40]}" for key in self.keys)
        return told.removeprefix(".")

    def wrong(self, template: str | Promise, **params: object) -> None:
        """Note a problem here."""
        keys = self.keys
        while keys and keys not in self.reading.lines:
            keys = keys[:-1]
        line = self.reading.lines.get(keys)
        self.reading.problems.append(Problem(str(self), Sentence(template, params), line))
        if len(self.reading.problems) >= MOST_PROBLEMS:
            raise TooMany

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Place]:
        """Return the places of a mapping's values by name; unknown and missing names are problems."""
        if not isinstance(self.value, dict):
            self.wrong(_("This must be a mapping with names, and is %(found)s."), found=_kind(self.value))
            return {}
        known = {*required, *optional}
        for name in self.value:
            if name not in known:
                Place(self.reading, None, (*self.keys, str(name))).wrong(
                    _("This name is not known here. Known are: %(known)s."), known=", ".join((*required, *optional))
                )
        for name in required:
            if name not in self.value:
                self.wrong(_("“%(name)s” is missing."), name=name)
        return {name: Place(self.reading, self.value[name], (*self.keys, name)) for name in known if name in self.value}

    def items(self, most: int) -> Iterator[Place]:
        """Yield the places of a list's values, at most so many."""
        if not isinstance(self.value, list):
            self.wrong(_("This must be a list, and is %(found)s."), found=_kind(self.value))
            return
        if len(self.value) > most:
            self.wrong(
                _("This list has %(count)s entries; at most %(most)s are taken."), count=len(self.value), most=most
            )
            return
        for number, value in enumerate(self.value):
            yield Place(self.reading, value, (*self.keys, number))

    def text(self, most: int, *, least: int = 0, lines: bool = False) -> str:
        """Return a text of so many characters, on one line unless it may have ``lines``."""
        if not isinstance(self.value, str):
            self.wrong(_("This must be a text, and is %(found)s."), found=_kind(self.value))
            return ""
        if len(self.value) > most:
            self.wrong(
                _("This has %(count)s characters; at most %(most)s are taken."), count=len(self.value), most=most
            )
            return ""
        if len(self.value.strip()) < least:
            self.wrong(_("This must not be empty."))
        if _UNSEEN.search(self.value) or (not lines and _LINE_BREAKS.search(self.value)):
            self.wrong(_("This has characters that cannot be kept, such as control characters."))
            return ""
        return self.value

    def number(self, least: int, most: int) -> int:
        """Return a whole number from ``least`` to ``most``."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.wrong(_("This must be a whole number, and is %(found)s."), found=_kind(self.value))
            return least
        if not least <= self.value <= most:
            self.wrong(_("This must be a number from %(least)s to %(most)s."), least=least, most=most)
            return least
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.wrong(_("This must be true or false, and is %(found)s."), found=_kind(self.value))
            return False
        return self.value

    def one_of(self, options: Collection[str]) -> str:
        """Return one of some words; the first of them where it is none."""
        if not isinstance(self.value, str) or self.value not in options:
            self.wrong(_("This must be one of: %(options)s."), options=", ".join(options))
            return next(iter(options))
        return self.value


def _kind(value: object) -> str | Promise:
    if value is None:
        return _("nothing (null)")
    if isinstance(value, bool):
        return _("true or false")
    if isinstance(value, int | float):
        return _("a number")
    if isinstance(value, str):
        return _("a text")
    return _("a list") if isinstance(value, list) else _("a mapping")
