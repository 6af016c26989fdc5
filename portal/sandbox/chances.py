"""Chance that can be repeated: what the n-th draw of a kind brings follows from the seed alone. No database."""

from __future__ import annotations

import hashlib


def chance(*, seed: int, kind: str, number: int) -> float:
    """A number from 0 up to 100 (not reached), evenly spread: the ``number``-th draw of ``kind``."""
    digest = hashlib.sha256(f"{seed}:{kind}:{number}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56 * 100


def happens(percent: int, *, seed: int, kind: str, number: int) -> bool:
    """Whether what happens to ``percent`` of all happens this time."""
    return chance(seed=seed, kind=kind, number=number) < percent


def one_of(choices: list[str], *, seed: int, kind: str, number: int) -> str:
    """One of ``choices``, each as likely."""
    return choices[int(chance(seed=seed, kind=kind, number=number) * len(choices) / 100)]
