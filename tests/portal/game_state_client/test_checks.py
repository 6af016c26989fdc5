"""The client refuses what the portal would refuse, and takes what it would take: both are asked, at each limit's edge."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.rules.game_state import codes
from campaigns.rules.game_state.codes import Code, Refused
from campaigns.rules.game_state.messages import read_message
from campaigns.rules.game_state.state import MergedState
from portal.game_state_client import StateRefused, checks
from portal.game_state_client.checks import check_session, check_token, plain, to_json
from portal.game_state_client.outbox import Outbox

GAME = "01M8A30C2DKW0V2DQ6JCADV3VN"
FIELDS: dict[str, Any] = {"version": 1, "token": "t", "game_id": GAME, "session_id": "match"}


def nested(levels: int) -> dict[str, Any]:
    """Return objects in each other, so many."""
    value: dict[str, Any] = {}
    for _level in range(levels - 1):
        value = {"a": value}
    return value


def portal_says(data: Any, **fields: Any) -> Code | None:
    """Return what the portal's own reading makes of a connect with this state; None: it takes it."""
    try:
        message = read_message(to_json({"type": "connect", **FIELDS, **fields, "data": data}))
        MergedState().replace(message.data)  # type: ignore[union-attr]
    except Refused as refused:
        return refused.code
    return None


def test_the_limits_are_those_of_the_portal() -> None:
    assert checks.FULL_BYTES == codes.FULL_BYTES
    assert checks.DELTA_BYTES == codes.DELTA_BYTES
    assert checks.DEPTH == codes.DEPTH
    assert checks.LARGEST_INTEGER == codes.LARGEST_INTEGER
    assert checks.ID_LENGTH == codes.ID_LENGTH
    assert checks.BROADCASTERS == codes.BROADCASTERS


@pytest.mark.parametrize(
    "data",
    [
        {},
        nested(31),
        {"list": [[1, None, {"a": None}], "x"]},
        {"n": 2**53 - 1, "m": -(2**53 - 1)},
        {"f": 1.7e308, "g": 1e22, "h": -0.0},
        {"text": "Ω\u0000\U0001f409", "": "no name"},
    ],
)
def test_g1_what_both_take(data: dict[str, Any]) -> None:
    assert same_data(plain(data), data)
    assert portal_says(data) is None


def same_data(one: Any, other: Any) -> bool:
    return bool(one == other)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (nested(32), Code.TOO_DEEP, "nested too deeply"),
        ({"n": 2**53}, Code.NUMBER_TOO_LARGE, "larger than 9007199254740991"),
        ({"n": [-(2**53)]}, Code.NUMBER_TOO_LARGE, r"data\.n\[0\] is larger"),
        ({"n": 10**400}, Code.NUMBER_TOO_LARGE, "larger than"),
    ],
)
def test_g1_what_both_refuse(data: dict[str, Any], code: Code, words: str) -> None:
    with pytest.raises(StateRefused, match=words):
        plain(data)
    assert portal_says(data) is code


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"n": float("nan")}, "nan, which JSON does not have"),
        ({"n": [float("inf")]}, "inf, which JSON does not have"),
        ({"half": "\ud83d"}, "surrogate"),
        ({"\udc09": 1}, "surrogate"),
        ({1: 2}, "keys must be texts"),
        ({"when": object()}, "data.when is a object"),
        ({"bytes": b"x"}, "data.bytes is a bytes"),
        ({"set": {1}}, "data.set is a set"),
        ([], "an object"),
        (None, "an object"),
    ],
)
def test_what_python_has_and_json_has_not_is_refused(data: Any, words: str) -> None:
    with pytest.raises(StateRefused, match=words):
        Outbox(data)


def test_g1_null_in_an_object_means_not_there_and_in_a_list_it_stays() -> None:
    data = {"winner": None, "round": {"best": None, "of": 3}, "slots": [None, {"item": None}]}
    portal = MergedState()
    portal.replace(data)
    assert Outbox(data).data == portal.data == {"round": {"of": 3}, "slots": [None, {"item": None}]}


@pytest.mark.parametrize("token", ["Bearer abc", "OAuth abc", "oauth abc", "a bc", "abc\n", " abc"])
def test_g2_a_token_with_a_prefix_or_blanks_is_refused(token: str) -> None:
    with pytest.raises(StateRefused, match="as it is"):
        check_token(token)


@pytest.mark.parametrize("token", ["", None, b"abc"])
def test_g2_no_token_is_refused(token: Any) -> None:
    with pytest.raises(StateRefused, match="no token"):
        check_token(token)


@pytest.mark.parametrize(
    ("session_id", "ids"),
    [
        ("s" * 100, None),
        ("матч 7", ["twitch:1"]),
        ("m", [f"kick:{number}" for number in range(100)]),
        ("m", ["a-b:ü:1"]),
    ],
)
def test_g1_ids_that_both_take(session_id: str, ids: list[str] | None) -> None:
    check_session(GAME, session_id, ids)
    assert portal_says({}, session_id=session_id, broadcaster_ids=ids) is None


@pytest.mark.parametrize(
    ("session_id", "ids"),
    [
        ("", None),
        ("s" * 101, None),
        ("  ", None),
        ("a\nb", None),
        ("m", []),
        ("m", [f"kick:{number}" for number in range(101)]),
        ("m", ["12345"]),
        ("m", ["Twitch:12345"]),
        ("m", ["twitch:"]),
        ("m", ["twitch:1 2"]),
        ("m", ["twitch:" + "1" * 201]),
        ("m", ["twitch:1", "twitch:1"]),
        ("m", [5]),
        ("m", "twitch:1"),
    ],
)
def test_g1_ids_that_both_refuse(session_id: str, ids: Any) -> None:
    with pytest.raises(StateRefused):
        check_session(GAME, session_id, ids)
    assert portal_says({}, session_id=session_id, broadcaster_ids=ids) is Code.BAD_FIELD
