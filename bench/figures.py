"""Medians, ratios and goals, printed the same way by every benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def show(what: str, values: Sequence[float], unit: str) -> None:
    """Print a median with the smallest and the largest value."""
    print(f"  {what:34} {median(values):8.0f} {unit}   [{min(values):.0f} to {max(values):.0f}]", flush=True)


def show_ratio(what: str, ours: Sequence[float], theirs: Sequence[float], *, goal: float) -> bool:
    """Print the median of the ratios round by round, and say whether it reaches ``goal``."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    met = median(ratios) >= goal
    spread = f"[{min(ratios):.2f} to {max(ratios):.2f}]"
    print(f"  {what:34} {median(ratios):8.2f} times   {spread}   goal at least {goal}: {'met' if met else 'MISSED'}")
    return met


def show_growth(what: str, much: Sequence[float], little: Sequence[float], *, goal: float) -> bool:
    """Print the median of the ratios round by round, and say whether it stays within ``goal``."""
    ratios = [one / other for one, other in zip(much, little, strict=True)]
    met = median(ratios) <= goal
    spread = f"[{min(ratios):.2f} to {max(ratios):.2f}]"
    print(f"  {what:46} {median(ratios):8.2f} times   {spread}   goal at most {goal}: {'met' if met else 'MISSED'}")
    return met
