"""G4: where a game event looks is a JSONPath of bounded cost; what is allowed finds what the standard says."""

from __future__ import annotations

from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from campaigns.rules.game_state.events import path_problem
from campaigns.rules.game_state.paths import MOST_PLACES, read_path, same
from tests.campaigns.game_state.json_values import STATES


@pytest.mark.parametrize(
    "path",
    [
        "$.boss.state",
        "$['boss']['state']",
        '$["boss"][0]',
        "$.kills[-1]",
        "$.players[*].level",
        "$.players.*.level",
        "$.teams[*].players[*].level",
        "$.players[?@.name == 'Kim'].level",
        "$.players[?('Kim' == @['name'])].level",
        "$.players[?@.items[0].id >= 7]",
        "$.winners[?@ == null]",
        "$.größe",
        "$" + ".a" * 10,
        "$." + "a" * 198,
    ],
)
def test_g4_a_path_of_names_indexes_wildcards_and_comparisons_can_be_used(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "begins with $"),
        ("boss.state", "begins with $"),
        ("/boss/state", "begins with $"),
        (" $.boss", "begins with $"),
        ("$", "names no field"),
        ("$" + ".a" * 11, "11 steps; at most 10"),
        ("$." + "a" * 199, "201 characters; at most 200"),
        ("$.", "from character 3 on"),
        ("$.boss ", "from character"),
        ("$.boss.", "from character"),
        ("$.boss state", "from character 8 on"),
        ("$.boss[", "from character"),
        ("$.boss[]", "from character"),
        ("$.boss['a", "from character"),
        ("$.boss[01]", "from character"),
        ("$.boss[9007199254740992]", "from character"),
        ("$.a[?@.b == nothing]", "from character"),
        ("$.a[?foo(@) == 1]", "from character"),
        ("$.a[?@.b == 1e999]", "number that is too large"),
        ("$..state", "two dots"),
        ("$.boss..*", "two dots"),
        ("$.a['b','c']", "one name"),
        ("$.a[0,1]", "one name"),
        ("$[*]", "name of a field at the top"),
        ("$[0]", "name of a field at the top"),
        ("$[?@.a == 1]", "name of a field at the top"),
        ("$.a[1:3]", "slice"),
        ("$.a[:]", "slice"),
        ("$.a[*][*][*]", "at most 2 wildcards"),
        ("$.a[*][?@.b == 1][*]", "at most 2 wildcards"),
        ("$.a[?@.b]", "only compare"),
        ("$.a[?!@.b]", "only compare"),
        ("$.a[?@.b == 1 && @.c == 2]", "only compare"),
        ("$.a[?@.b == 1 || @.c == 2]", "only compare"),
        ("$.a[?!(@.b == 1)]", "only compare"),
        ("$.a[?@.b == @.c]", "only compare"),
        ("$.a[?@.b == $.c]", "only compare"),
        ("$.a[?$.b == 1]", "only compare"),
        ("$.a[?1 == 1]", "only compare"),
        ("$.a[?length(@.b) == 1]", "only compare"),
        ("$.a[?match(@.b, '(a+)+b')]", "only compare"),
        ("$.a[?search(@.b, 'a')]", "only compare"),
        ("$.a[?@[?@.b == 1]]", "only compare"),
    ],
)
def test_g4_a_path_that_cannot_be_used_is_answered_with_what_is_wrong(path: str, said: str) -> None:
    problem = path_problem(path)
    assert problem is not None
    assert said in str(problem)


@settings(max_examples=300)
@given(st.text(max_size=210) | st.text(alphabet="$.[]*?@'\"\\u:,()!=<>&|0eE-ab \ud800", max_size=30).map("$.a".__add__))
@example("$" + "[?" * 99)
@example("$.a[?" + "(" * 190)
@example("$.a[?" + "!" * 190)
@example("$.a" + "[?@" * 60)
@example("$.a[?@.b == 1e999]")
@example("$.a[?@.b == -1e999]")
@example("$.a['\\ud800']")
def test_g4_no_path_does_worse_than_having_a_problem(path: str) -> None:
    problem = path_problem(path)
    assert problem is None or str(problem)


def test_g4_a_path_finds_its_places_with_their_values() -> None:
    state = {"players": {"p-7": {"kills": [1, 2]}, "p-9": {"kills": [3]}, "p-10": 5}}
    assert read_path("$.players['p-7'].kills[1]").places(state) == [(("players", "p-7", "kills", 1), 2)]
    assert read_path("$.players['p-7'].kills[-2]").places(state) == [(("players", "p-7", "kills", 0), 1)]
    assert read_path("$.players.*.kills[-1]").places(state) == [
        (("players", "p-7", "kills", 1), 2),
        (("players", "p-9", "kills", 0), 3),
    ]
    assert read_path("$.players[?@.kills[0] > 2]").places(state) == [(("players", "p-9"), {"kills": [3]})]
    assert read_path("$.players.x.kills").places(state) == []
    assert read_path("$.players[0]").places(state) == []
    assert read_path("$.other[*]").places(state) == []


LITERALS = ["1", "1.0", "0", "-0", "1e1", "true", "false", "null", "'a'", "'0'", "''", "'\\u00fc'"]
ORDERS = ["==", "!=", "<", "<=", ">", ">="]
RELATIVE = ["@", "@.a", "@['b'].a", "@[0]", "@[-1]", "@.a[1]"]
STEPS = st.sampled_from(
    [".a", ".b", "['d:']", "['']", "[0]", "[1]", "[-1]", "[-2]", "[*]", ".*"]
    + [f"[?{left} {order} {right}]" for left in RELATIVE for order in ORDERS for right in LITERALS]
    + [f"[?{right} {order} {left}]" for left in RELATIVE for order in ORDERS for right in LITERALS]
)


@settings(max_examples=500)
@given(st.sampled_from([".a", ".b"]), st.lists(STEPS, max_size=3), STATES, STATES)
def test_g4_a_path_finds_what_the_standard_says(
    top: str, steps: list[str], state: dict[str, Any], member: dict[str, Any]
) -> None:
    path = f"${top}{''.join(steps)}"
    assume(path_problem(path) is None)
    for one in (state, {"a": member, "b": [member, state, *state.values()]}):
        expected = [(node.location, node.value) for node in jsonpath_rfc9535.find(path, one)]
        assert read_path(path).places(one) == expected
        for kind in (object, dict, str):
            some = [place for place in expected if isinstance(place[1], kind)]
            assert read_path(path).places_where(one, lambda value, kind=kind: isinstance(value, kind)) == some


def test_g4_a_wildcard_looks_at_the_first_2000_members() -> None:
    for path in ("$.a[*]", "$.a[?@ >= 0]", "$.b[*]", "$.c[*][*]"):
        numbers = list(range(MOST_PLACES + 1))
        state = {"a": numbers, "b": dict(zip(map(str, numbers), numbers, strict=True)), "c": [numbers[:-1], numbers]}
        places = read_path(path).places(state)
        assert [value for _location, value in places] == numbers[:-1]
    state = {"a": [0] * MOST_PLACES + [1]}
    assert read_path("$.a[?@ == 1]").places(state) == []
    assert read_path("$.a[?@ == 1]").places_where(state, bool) == []
    assert read_path("$.a[*]").places_where(state, bool) == []


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (1, "1", False),
        ("a", "A", False),
        (None, None, True),
        (None, False, False),
        ([1], 1, False),
        ({}, False, False),
    ],
)
def test_g4_numbers_are_equal_as_numbers_and_nothing_else_is(one: Any, other: Any, wanted: bool) -> None:
    assert same(one, other) is wanted
    assert same(other, one) is wanted
