"""Staff read words for every code that can be stored, and of a state what differs from the one before (G1)."""

from __future__ import annotations

import json

import pytest

from campaigns.game_state.words import CLOSES, REFUSALS, close_name, end_words, refusal_advice, refusal_name
from campaigns.rules.game_state.codes import ENDED_ABANDONED, ENDED_DISCONNECTED, ENDED_DROPPED, Close, Code
from campaigns.rules.game_state.reading import ABSENT, Mark, lines_of


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_says_what_was_wrong_and_whose_turn_it_is(code: Code) -> None:
    assert refusal_name(code) not in ("", code.value)
    assert refusal_advice(code).endswith(".")


def test_no_two_refusals_read_the_same() -> None:
    assert len({str(words) for words, _advice in REFUSALS.values()}) == len(Code)


def test_every_close_code_and_end_has_words() -> None:
    assert set(CLOSES) == set(Close)
    for code in (ENDED_DISCONNECTED, ENDED_ABANDONED, ENDED_DROPPED):
        assert end_words(code)[1].endswith(".")


def test_codes_of_a_later_version_are_shown_as_they_are() -> None:
    assert (refusal_name("new_code"), refusal_advice("new_code")) == ("new_code", "")
    assert (close_name("4099"), end_words("new")) == ("4099", ("new", ""))


def marked(value: object, before: object) -> list[tuple[str, Mark, str]]:
    return [(line.indented, line.mark, line.was) for line in lines_of(value, before) if line.mark is not Mark.SAME]


@pytest.mark.parametrize(
    ("value", "before", "wanted"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, []),
        ({"a": 2}, {"a": 1}, [('  "a": 2', Mark.CHANGED, "1")]),
        ({"a": True}, {"a": 1}, [('  "a": true', Mark.CHANGED, "1")]),
        ({"a": 1.0}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 1}, [('  "b": 2', Mark.NEW, "")]),
        ({"b": 2}, {"a": 1, "b": 2}, [('  "a": 1', Mark.GONE, "")]),
        ([1, 2, 3], [1, 5], [("  2,", Mark.CHANGED, "5"), ("  3", Mark.NEW, "")]),
        ([1], [1, 2], [("  2", Mark.GONE, "")]),
        ({}, {"a": 1}, [("{}", Mark.CHANGED, '{"a": 1}')]),
        ({"a": [1]}, {"a": 7}, [('  "a": [', Mark.CHANGED, "7"), ("    1", Mark.NEW, "")]),
        ("x", ABSENT, [('"x"', Mark.NEW, "")]),
        (ABSENT, "x", [('"x"', Mark.GONE, "")]),
    ],
)
def test_what_differs_is_marked_where_it_stands(value: object, before: object, wanted: object) -> None:
    assert marked(value, before) == wanted


def test_the_lines_are_json_again_when_nothing_is_gone() -> None:
    value = {"a": [1, {"b": None}, []], "ü": "x\ny", "c": {}}
    assert json.loads("\n".join(line.indented for line in lines_of(value, ABSENT))) == value
