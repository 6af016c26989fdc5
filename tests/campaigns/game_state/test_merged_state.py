"""G3: the merged state is what RFC 7396 says, within its limits, and untouched by what is refused; G1: the bucket."""

from __future__ import annotations

import copy
import json
from typing import Any

import json_merge_patch
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.rules.game_state.codes import FULL_BYTES, MESSAGES_PER_MINUTE, Code, Refused
from campaigns.rules.game_state.state import Bucket, MergedState
from tests.campaigns.game_state.json_values import PATCHES, STATES

VECTORS: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
]
"""RFC 7396, appendix A."""

OF_OBJECTS = [vector for vector in VECTORS if all(isinstance(part, dict) for part in vector)]


def padded(size: int) -> dict[str, Any]:
    return {"pad": "x" * (size - len('{"pad":""}'))}


def deep(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _level in range(levels - 1):
        value = [value]
    return {"a": value}


def written(state: MergedState) -> tuple[str, int]:
    return state.as_json(), state.revision


@pytest.mark.parametrize(("original", "patch", "result"), VECTORS)
def test_g3_a_member_is_merged_as_the_rfc_shows(original: Any, patch: Any, result: Any) -> None:
    state = MergedState({"x": copy.deepcopy(original)})
    state.merge({"x": patch})
    assert state.data == ({} if result is None else {"x": result})


@pytest.mark.parametrize(("original", "patch", "result"), OF_OBJECTS)
def test_g3_the_state_is_merged_as_the_rfc_shows(original: Any, patch: Any, result: Any) -> None:
    state = MergedState(copy.deepcopy(original), revision=3)
    state.merge(patch)
    assert state.data == result
    assert state.revision == 4


def test_g3_a_full_state_takes_the_place_of_what_was_and_null_means_not_there() -> None:
    state = MergedState({"a": 1, "b": {"c": 2}}, revision=8)
    state.replace({"b": {"d": None, "e": [None, 1]}, "f": None})
    assert state.data == {"b": {"e": [None, 1]}}
    assert state.revision == 9


@given(STATES, STATES)
def test_g3_what_a_merge_patch_library_makes_of_two_states_leads_from_one_to_the_other(
    source: dict[str, Any], target: dict[str, Any]
) -> None:
    state = MergedState(copy.deepcopy(source))
    state.merge(json_merge_patch.create_patch(source, target))
    assert state.data == target


@given(STATES, PATCHES)
def test_g3_a_patch_that_is_sent_twice_changes_nothing_more(source: dict[str, Any], patch: dict[str, Any]) -> None:
    state = MergedState(source)
    state.merge(patch)
    once = state.as_json()
    state.merge(patch)
    assert json.loads(state.as_json()) == json.loads(once)


@given(st.lists(PATCHES, max_size=4))
def test_g3_the_state_is_nobody_elses(patches: list[dict[str, Any]]) -> None:
    state = MergedState()
    before = copy.deepcopy(patches)
    for patch in patches:
        state.merge(patch)
    assert patches == before
    kept = written(state)
    for patch in patches:
        spoil(patch)
    assert written(state) == kept


def spoil(value: Any) -> None:
    for one in list(value.values() if isinstance(value, dict) else value):
        if isinstance(one, dict | list):
            spoil(one)
    value.clear()


@given(STATES)
def test_g3_the_state_is_stored_as_compact_utf_8(data: dict[str, Any]) -> None:
    state = MergedState()
    state.replace(data)
    text = state.as_json()
    assert json.loads(text) == data
    assert "\0" not in text
    assert state.size_bytes == len(text.encode())
    assert MergedState(json.loads(text)).as_json() == text


def test_g3_a_state_may_have_102400_bytes_and_not_one_more() -> None:
    state = MergedState()
    state.replace(padded(FULL_BYTES))
    assert state.size_bytes == FULL_BYTES
    before = written(state)
    for change in (state.replace, state.merge):
        with pytest.raises(Refused) as caught:
            change(padded(FULL_BYTES + 1))
        assert caught.value.code is Code.STATE_TOO_LARGE
        assert "102400" in caught.value.message
        assert written(state) == before


def test_g3_a_merge_may_fill_the_state_to_the_last_byte() -> None:
    for over in (0, 1):
        state = MergedState(padded(FULL_BYTES - 20_000))
        patch = {"y": "y" * (20_000 - len(',"y":""') + over)}
        before = written(state)
        if over:
            with pytest.raises(Refused):
                state.merge(patch)
            assert written(state) == before
        else:
            state.merge(patch)
            assert state.size_bytes == FULL_BYTES


def test_g3_a_full_state_takes_deltas_that_do_not_make_it_larger() -> None:
    state = MergedState(padded(FULL_BYTES))
    for letter in "abc":
        state.merge({"pad": letter * (FULL_BYTES - 10)})
    state.merge({"pad": None})
    assert written(state) == ("{}", 4)


def test_g3_what_many_deltas_have_added_is_counted_though_nobody_reads_the_state() -> None:
    state = MergedState()
    for name in "abc":
        state.merge({name: "x" * 30_000})
    with pytest.raises(Refused):
        state.merge({"d": "x" * 15_000})
    assert (list(state.data), state.revision) == (["a", "b", "c"], 3)


SIZES = st.integers(0, 60_000)
LARGE_PATCHES = st.dictionaries(
    st.sampled_from("abc"), st.none() | SIZES | st.dictionaries(st.sampled_from("de"), st.none() | SIZES), max_size=3
)


def blown_up(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: blown_up(member) for name, member in value.items()}
    return value if value is None else "ü" * (value // 2)


@settings(max_examples=50)
@given(st.lists(LARGE_PATCHES, max_size=6))
def test_g3_a_delta_is_refused_exactly_where_the_state_would_get_too_large_and_changes_nothing_then(
    patches: list[dict[str, Any]],
) -> None:
    state, expected = MergedState(), {}
    for patch in map(blown_up, patches):
        before = written(state)
        merged = json_merge_patch.merge(copy.deepcopy(expected), copy.deepcopy(patch))
        if len(orjson.dumps(merged)) > FULL_BYTES:
            with pytest.raises(Refused):
                state.merge(patch)
            assert written(state) == before
        else:
            state.merge(patch)
            expected = merged
        assert state.data == expected
        assert state.size_bytes <= FULL_BYTES


@pytest.mark.parametrize("levels", [32, 300, 5000])
def test_g3_a_state_may_have_31_levels_the_message_around_it_being_the_first(levels: int) -> None:
    state = MergedState()
    for change in (state.replace, state.merge):
        change(deep(31))
        before = written(state)
        with pytest.raises(Refused) as caught:
            change(deep(levels))
        assert caught.value.code is Code.TOO_DEEP
        assert written(state) == before


def test_g1_sixty_messages_pass_in_a_minute_and_the_next_does_not() -> None:
    bucket = Bucket()
    assert [bucket.take(at=600 + number * 0.9) for number in range(MESSAGES_PER_MINUTE)] == [True] * 60
    assert (bucket.minute, bucket.messages) == (10, 60)
    assert not bucket.take(at=659.999)
    assert (bucket.minute, bucket.messages) == (10, 60)


def test_g1_the_bucket_is_of_the_clock_minute_whenever_it_began() -> None:
    bucket = Bucket()
    assert all(bucket.take(at=659.9) for _message in range(60))
    assert all(bucket.take(at=660.0) for _message in range(60))
    assert not bucket.take(at=719.9)
    assert bucket.take(at=720.0)
    assert (bucket.minute, bucket.messages) == (12, 1)
