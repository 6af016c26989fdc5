"""Which names are suggested for each other."""

from __future__ import annotations

import pytest

from fulfillment.rules.alike import ALIKE, likeness, most_alike


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("golden_sword", "Golden Sword", True),
        ("golden-sword", "The Golden Sword", True),
        ("GOLDEN SWORD 2", "Golden Swords", True),
        ("golden_sword", "Comet Cloak", False),
        ("starfall.helm.polar", "starfall.lantern.star", False),
        ("starfall.helm.polar", "starfall.helm.polar2", True),
        ("", "Golden Sword", False),
        ("gs", "gs", False),
    ],
)
def test_names_are_compared_by_their_words_whatever_case_and_signs(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= ALIKE) is alike
    assert likeness(one, other) == pytest.approx(likeness(other, one), abs=0.1)


def test_only_a_clear_best_is_suggested() -> None:
    names = {"a": ("Golden Sword", "item-1"), "b": ("Comet Cloak", "item-2")}
    assert most_alike("golden_sword", names) == "a"
    assert most_alike("silver_shield", names) is None
    assert most_alike("golden_sword", {**names, "c": ("golden sword",)}) is None
    assert most_alike("golden_sword", {}) is None
