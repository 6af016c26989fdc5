"""JSON values for property tests: what may be in a message, and states, in which no member of an object is null."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "d:", ""]) | st.text(max_size=3)
SCALARS = (
    st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([0, 1, 1.0, True, "a", "0"])
)


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = SCALARS | st.none() | st.lists(st.none() | SCALARS, max_size=3)
    return st.recursive(
        leaves | st.lists(lists, max_size=3), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
    )


def _objects(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, _nested(leaves), max_size=4)


STATES = _objects(SCALARS)
PATCHES = _objects(SCALARS | st.none())
VALUES = st.recursive(
    SCALARS | st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
