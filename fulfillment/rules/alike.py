"""Whether two names may mean the same thing, for suggestions: people decide."""

from __future__ import annotations

from difflib import SequenceMatcher

ALIKE = 0.6
"""From this likeness on, of at most 1, a name is suggested."""

_SHORTEST = 3
"""Shorter names are like too many others."""


def likeness(one: str, other: str) -> float:
    """Return how alike two names or ids are, from 0 to 1, whatever their case and whatever stands between their words.

    A name whose words all occur in the other counts as alike, so that ``golden-sword`` is like "The Golden Sword".
    """
    first, second = _words(one), _words(other)
    if min(len("".join(first)), len("".join(second))) < _SHORTEST:
        return 0.0
    if set(first) <= set(second) or set(second) <= set(first):
        return 1.0 if first == second else 0.9
    return SequenceMatcher(None, " ".join(first), " ".join(second), autojunk=False).ratio()


def most_alike(name: str, others: dict[str, tuple[str, ...]]) -> str | None:
    """Return the key of the one whose names are most like ``name``; None where none is, or two are equally so."""
    found = {key: max((likeness(name, other) for other in names), default=0.0) for key, names in others.items()}
    best = max(found.values(), default=0.0)
    keys = [key for key, value in found.items() if value == best]
    return keys[0] if best >= ALIKE and len(keys) == 1 else None


def _words(text: str) -> list[str]:
    plain = "".join(character if character.isalnum() else " " for character in text.casefold())
    return plain.split()
