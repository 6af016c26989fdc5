"""Whether two names may mean the same thing, for suggestions: people decide."""

from __future__ import annotations

from difflib import SequenceMatcher

ALIKE = 0.6
"""From this likeness on, of at most 1, a name is suggested."""

_SAME_WORD = 0.8
_SHORTEST = 3
"""Shorter names are like too many others."""


def likeness(one: str, other: str) -> float:
    """Return how alike two names or ids are, from 0 to 1, whatever their case and whatever stands between their words.

    It is the part of the longer one's words that the other has too, but for a letter or two: what names of one game begin
    with alike counts as one word. A name whose words all occur in the other counts as alike.
    """
    first, second = sorted((_words(one), _words(other)), key=len)
    if len("".join(first)) < _SHORTEST:
        return 0.0
    shared = sum(1 for word in first if any(_is_same(word, another) for another in second))
    if first == second:
        return 1.0
    return 0.9 if shared == len(first) and set(first) <= set(second) else shared / len(second)


def most_alike(name: str, others: dict[str, tuple[str, ...]]) -> str | None:
    """Return the key of the one whose names are most like ``name``; None where none is, or two are equally so."""
    found = {key: max((likeness(name, other) for other in names), default=0.0) for key, names in others.items()}
    best = max(found.values(), default=0.0)
    keys = [key for key, value in found.items() if value == best]
    return keys[0] if best >= ALIKE and len(keys) == 1 else None


def _is_same(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _SAME_WORD


def _words(text: str) -> list[str]:
    plain = "".join(character if character.isalnum() else " " for character in text.casefold())
    return plain.split()
