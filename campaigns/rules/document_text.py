"""JSON and YAML as plain values, and back: a small, safe part of YAML alone, and no file that harms who opens it. Pure.

Of YAML, block and flow style, quoted and plain texts are read. A plain word is a whole number, ``true``, ``false`` or ``null``
where it looks like one in JSON, and else a text: times and ``yes`` stay what was written. Anchors, aliases and tags are
refused, so that no few lines mean millions, and so is what is nested too deeply. Nothing is read by recursion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes: twelve pictures at their largest, and a list of 20,000 channels."""

DEEPEST = 20
MOST_VALUES = 400_000

Lines = Mapping[tuple[str | int, ...], int]
"""The line, counted from 1, at which each value stands: by the keys and places that lead to it. Empty for JSON."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Unreadable(ValueError):
    """The text is neither JSON nor the part of YAML that is read; ``sentence`` says where and why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


def read_text(data: bytes) -> tuple[Any, Lines]:
    """Return what a file says, with lines where it is YAML. What begins with a brace is JSON.

    Raises ``Unreadable``.
    """
    if len(data) > LARGEST_FILE:
        raise Unreadable(Sentence(_("The file is larger than %(most)s MiB."), {"most": LARGEST_FILE // (1024 * 1024)}))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(Sentence(_("The file is not UTF-8 text (byte %(place)s)."), {"place": error.start})) from error
    if not text.strip():
        raise Unreadable(Sentence(_("The file is empty.")))
    if text.lstrip().startswith("{"):
        return _from_json(text), {}
    return _from_yaml(text)


def as_json(value: Any) -> str:
    """Return a value as JSON, for people to read and for version control to compare."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def as_yaml(value: Any) -> str:
    """Return a value as YAML that :func:`read_text` reads as the same."""
    text: str = yaml.dump(
        value, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1_000_000, default_flow_style=False
    )
    return text


def _from_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(
            Sentence(
                _("Line %(line)s, column %(column)s: this is no JSON (%(why)s)."),
                {"line": error.lineno, "column": error.colno, "why": error.msg},
            )
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except Unreadable:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise Unreadable(Sentence(_("The file has a number that is far too long."))) from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable(Sentence(_("The name “%(key)s” stands twice in the same place."), {"key": key[:100]}))
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise Unreadable(Sentence(_("%(name)s is no number that can be used."), {"name": name}))


def _too_deep() -> Unreadable:
    return Unreadable(Sentence(_("The file is nested more than %(most)s deep."), {"most": DEEPEST}))


@dataclass(slots=True)
class _Open:
    """A list or a mapping that is being read: where it stands, and the key that waits for its value."""

    value: Any
    keys: tuple[str | int, ...]
    key: str | None = None


def _from_yaml(text: str) -> tuple[Any, Lines]:
    reading = _Reading()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reading.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(
            Sentence(
                _("Line %(line)s, column %(column)s: this is no YAML (%(why)s)."),
                {
                    "line": mark.line + 1 if mark else 1,
                    "column": mark.column + 1 if mark else 1,
                    "why": error.problem or error.context or "?",
                },
            )
        ) from error
    except yaml.YAMLError as error:  # a character that no YAML may have
        raise Unreadable(Sentence(_("This is no YAML: it has characters that must be escaped."))) from error
    return reading.root, reading.lines


class _Reading:
    """Puts together what the parser tells event by event."""

    def __init__(self) -> None:
        self.root: Any = None
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._open: list[_Open] = []
        self._documents = 0
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event in."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refused(event, _("a file holds one campaign, and a second document begins here"))
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refused(event, _("anchors and aliases (& and *) are not read: write the value itself"))
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()

    def _begin(self, event: yaml.Event) -> None:
        self._plain(event)
        if len(self._open) >= DEEPEST:
            raise _too_deep()
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Open(value, self._put(event, value)))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._plain(event)
        within = self._open[-1] if self._open else None
        if within is not None and isinstance(within.value, dict) and within.key is None:
            if event.value in within.value:
                raise self._refused(event, _("this name stands twice in the same place"))
            within.key = event.value
            return
        self._put(event, event.value if event.style else _plain_value(event.value))

    def _plain(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            raise self._refused(event, _("tags (!) are not read: write the value itself"))

    def _put(self, event: yaml.Event, value: Any) -> tuple[str | int, ...]:
        """Put a value where it belongs and return the keys that lead there."""
        self._count += 1
        if self._count > MOST_VALUES:
            raise Unreadable(Sentence(_("The file has more than %(most)s values."), {"most": f"{MOST_VALUES:,}"}))
        within = self._open[-1] if self._open else None
        keys: tuple[str | int, ...] = ()
        if within is None:
            self.root = value
        elif isinstance(within.value, list):
            keys = (*within.keys, len(within.value))
            within.value.append(value)
        elif within.key is None:
            raise self._refused(event, _("a name must be a text, not a list"))
        else:
            keys = (*within.keys, within.key)
            within.value[within.key] = value
            within.key = None
        self.lines[keys] = _line(event)
        return keys

    def _refused(self, event: yaml.Event, why: Any) -> Unreadable:
        return Unreadable(Sentence(_("Line %(line)s: %(why)s."), {"line": _line(event), "why": why}))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain_value(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.match(text) else text
