"""The client's deltas: JSON Merge Patch (RFC 7396), and what the portal makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from campaigns.rules.game_state.state import MergedState
from portal.game_state_client.merge_patch import apply_patch, make_patch, same

# RFC 7396, appendix A, in its order.
VECTORS: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
NAMES = some.sampled_from(["a", "b", "c", "d.e", ""])
SCALARS = some.one_of(some.booleans(), some.integers(-2, 2), some.sampled_from([0.0, 1.0, 0.5, "", "x"]))
STATES = some.dictionaries(
    NAMES,
    some.recursive(
        some.one_of(SCALARS, some.lists(some.one_of(SCALARS, some.none()), max_size=2)),
        lambda inner: some.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@pytest.mark.parametrize(("target", "patch", "result"), VECTORS)
def test_a_patch_is_applied_as_rfc_7396_shows(target: Any, patch: Any, result: Any) -> None:
    before = repr(target)
    assert apply_patch(target, patch) == result
    assert repr(target) == before, "what was there is not changed"


@given(before=STATES, after=STATES)
def test_g1_a_patch_makes_the_new_state_of_the_old_here_and_in_the_portal(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    patch = make_patch(before, after)
    assert same(apply_patch(before, patch), after)
    portal = MergedState()
    portal.replace(before)
    portal.merge(patch)
    assert same(portal.data, after)
    assert bool(patch) is not same(before, after)


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}}, {"b": {"d": 4}}),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, {"a": [1, 2, 3]}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": [1]}, {"a": [True]}, {"a": [True]}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": False}, {"a": 0}, {"a": 0}),
    ],
)
def test_a_patch_holds_what_changed_and_no_more(before: Any, after: Any, patch: Any) -> None:
    found = make_patch(before, after)
    assert same(found, patch), found
