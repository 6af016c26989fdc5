"""G1: a message is read, or refused with the code that fits: at each limit, exactly at and one over."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.game_state.codes import DELTA_BYTES, DEPTH, FULL_BYTES, LARGEST_INTEGER, Code, Refused
from campaigns.rules.game_state.messages import Connect, Delta, Disconnect, Flush, Refresh, read_message
from campaigns.rules.game_state.strict_json import read_json
from tests.campaigns.game_state.json_values import VALUES

TOKEN = "prMVq0ZtUC2zFIQ4kNCgWJ0Vdh5mYo"
FIELDS: dict[str, Any] = {
    "type": "connect",
    "version": 1,
    "token": TOKEN,
    "game_id": "01M8A30C2DKW0V2DQ6JCADV3VN",
    "session_id": "match-4711",
    "broadcaster_ids": ["twitch:123456", "kick:789"],
    "data": {"boss": {"state": "asleep"}},
}


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        read_message(text)
    refused = caught.value
    assert TOKEN not in refused.message
    assert refused.message[0].isupper()
    assert refused.message.endswith(".")
    return refused


def connect(**fields: Any) -> str:
    return json.dumps({**FIELDS, **fields})


def delta(data: str) -> str:
    return f'{{"type": "delta", "data": {data}}}'


def nested(levels: int) -> str:
    """Return a delta of so many levels, the message and its data among them."""
    return delta('{"a": ' + "[" * (levels - 2) + "]" * (levels - 2) + "}")


def sized(kind: str, size: int, letter: str = "x") -> str:
    fields = {**FIELDS, "type": kind} if kind == "connect" else {"type": kind}
    text = json.dumps({**fields, "data": {"pad": ""}}, separators=(",", ":"))
    room = size - len(text)
    pad = letter * (room // len(letter.encode()))
    pad += "x" * (room - len(pad.encode()))
    text = text.replace('"pad":""', f'"pad":"{pad}"')
    assert len(text.encode()) == size
    return text


def test_g1_each_kind_of_message_is_read() -> None:
    assert read_message(connect()) == Connect(
        token=TOKEN,
        game_id="01M8A30C2DKW0V2DQ6JCADV3VN",
        session_id="match-4711",
        broadcaster_ids=("twitch:123456", "kick:789"),
        data={"boss": {"state": "asleep"}},
    )
    assert read_message(delta('{"a": null}')) == Delta({"a": None})
    assert read_message('{"type": "refresh", "data": {}}') == Refresh({})
    assert read_message('{"type": "flush", "data": 3}') == Flush()
    assert read_message(' {"more": [], "type": "disconnect"} ') == Disconnect()


@pytest.mark.parametrize("kind", ["connect", "refresh"])
@pytest.mark.parametrize("letter", ["x", "ü", "😀"])
def test_g1_a_full_state_may_have_102400_bytes_of_utf_8_and_not_one_more(kind: str, letter: str) -> None:
    read_message(sized(kind, FULL_BYTES, letter))
    refused = refusal(sized(kind, FULL_BYTES + 1, letter))
    assert refused.code == f"{kind}_too_large"
    assert "102401" in refused.message
    assert "102400" in refused.message


@pytest.mark.parametrize("letter", ["x", "ü", "😀"])
def test_g1_a_delta_may_have_20480_bytes_of_utf_8_and_not_one_more(letter: str) -> None:
    read_message(sized("delta", DELTA_BYTES, letter))
    refused = refusal(sized("delta", DELTA_BYTES + 1, letter))
    assert refused.code is Code.DELTA_TOO_LARGE
    assert refused.close is None
    assert refusal(sized("delta", FULL_BYTES + 1, letter)).code is Code.DELTA_TOO_LARGE


@pytest.mark.parametrize("kind", ["flush", "disconnect", "resync"])
def test_g1_whatever_else_is_too_large_says_so_without_a_kind(kind: str) -> None:
    read_message(sized("flush", DELTA_BYTES))
    assert refusal(sized(kind, DELTA_BYTES + 1)).code is Code.MESSAGE_TOO_LARGE
    assert refusal(sized(kind, FULL_BYTES + 1)).code is Code.MESSAGE_TOO_LARGE


@pytest.mark.parametrize(
    "text",
    [
        '{"data": {}, "type": "refresh", "pad": "' + "x" * FULL_BYTES + '"}',  # the kind is not to be seen at once
        "x" * (FULL_BYTES + 1),
        "[" * (FULL_BYTES + 1),
        "\ud800" * FULL_BYTES,
    ],
)
def test_g1_of_what_is_larger_than_any_message_only_the_beginning_is_looked_at(text: str) -> None:
    assert refusal(text).code is Code.MESSAGE_TOO_LARGE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.NOT_JSON),
        ("connect", Code.NOT_JSON),
        ("{'type': 'flush'}", Code.NOT_JSON),
        ('{"type": "flush"} {}', Code.NOT_JSON),
        ('{"type": "flush",}', Code.NOT_JSON),
        ('\ufeff{"type": "flush"}', Code.NOT_JSON),
        (delta('{"a": 01}'), Code.NOT_JSON),
        (delta('{"a": "\t"}'), Code.NOT_JSON),
        (delta(r'{"a": "\ud800"}'), Code.NOT_JSON),
        (delta(r'{"\udc00\ud800": 1}'), Code.NOT_JSON),
        (delta('{"a": "\ud800"}'), Code.NOT_JSON),
        ("null", Code.NOT_AN_OBJECT),
        ("[]", Code.NOT_AN_OBJECT),
        ('"flush"', Code.NOT_AN_OBJECT),
        ("true", Code.NOT_AN_OBJECT),
        ("1.5", Code.NOT_AN_OBJECT),
        (delta('{"a": NaN}'), Code.NOT_A_NUMBER),
        (delta('{"a": [Infinity]}'), Code.NOT_A_NUMBER),
        (delta('{"a": -Infinity}'), Code.NOT_A_NUMBER),
        ('{"type": "flush", "type": "flush"}', Code.DUPLICATE_KEY),
        (delta('{"a": {"b": 1, "c": 2, "b": 1}}'), Code.DUPLICATE_KEY),
        (delta('{"a": [{"": 1, "": 2}]}'), Code.DUPLICATE_KEY),
        (delta(r'{"a": 1, "\u0061": "12:30"}'), Code.DUPLICATE_KEY),
        (delta(r'{"a": 1, "a": "\u003a"}'), Code.DUPLICATE_KEY),
        ("{}", Code.UNKNOWN_TYPE),
        ('{"type": null}', Code.UNKNOWN_TYPE),
        ('{"type": ["flush"]}', Code.UNKNOWN_TYPE),
        ('{"type": "Flush"}', Code.UNKNOWN_TYPE),
        ('{"type": "delta"}', Code.BAD_FIELD),
        ('{"type": "delta", "data": null}', Code.BAD_FIELD),
        ('{"type": "delta", "data": []}', Code.BAD_PATCH),
        ('{"type": "delta", "data": "x"}', Code.BAD_PATCH),
        ('{"type": "refresh"}', Code.BAD_FIELD),
        ('{"type": "refresh", "data": [{}]}', Code.BAD_FIELD),
    ],
)
def test_g1_what_is_no_message_is_refused_with_its_own_code(text: str, code: Code) -> None:
    assert refusal(text).code is code


@pytest.mark.parametrize("sign", ["", "-"])
def test_g1_a_whole_number_may_be_as_large_as_every_language_holds_it(sign: str) -> None:
    assert read_message(delta(f'{{"a": {sign}{LARGEST_INTEGER}}}')) == Delta({"a": int(f"{sign}{LARGEST_INTEGER}")})
    for digits in (
        str(LARGEST_INTEGER + 1),
        str(2**63),
        str(2**63 + 1),
        str(2**64 - 1),
        str(2**64),
        "1" + "0" * 300,
        "9" * 5000,
    ):
        refused = refusal(delta(f'{{"a": [{sign}{digits}]}}'))
        assert refused.code is Code.NUMBER_TOO_LARGE
        assert str(LARGEST_INTEGER) in refused.message


def test_g1_a_fraction_may_have_many_digits_but_not_overflow() -> None:
    kept = delta('{"a": [1.7976931348623157e308, 0.1234567890123456789012345, 123456789012345678901.5, 1e300, 1e-400]}')
    assert read_message(kept) == Delta(
        {"a": [1.7976931348623157e308, 0.12345678901234568, 123456789012345678901.5, 1e300, 0.0]}
    )
    for number in ("1e309", "-1e309", "1e999999", "9" * 400 + ".5"):
        assert refusal(delta(f'{{"a": {number}}}')).code is Code.NUMBER_TOO_LARGE


def test_g1_digits_in_a_text_are_no_number() -> None:
    assert read_message(delta('{"a": "123456789012345678901234567890"}'))


def test_g1_a_message_may_have_32_levels_and_not_one_more() -> None:
    read_message(nested(DEPTH))
    refused = refusal(nested(DEPTH + 1))
    assert refused.code is Code.TOO_DEEP
    assert "32" in refused.message
    read_message('{"type":"flush","a":' + '{"a":' * (DEPTH - 1) + "1" + "}" * DEPTH)
    assert refusal('{"type":"flush","a":' + '{"a":' * DEPTH + "1" + "}" * (DEPTH + 1)).code is Code.TOO_DEEP


@pytest.mark.parametrize("levels", [253, 256, 1000, 1023, 1024, 1025, 5000, 50_000])
@pytest.mark.parametrize("closed", [True, False])
def test_g1_a_message_of_thousands_of_levels_is_refused_at_little_cost(levels: int, closed: bool) -> None:
    text = nested(levels).replace('"delta"', '"refresh"')
    text = text if closed else text.rstrip("]}")
    began = time.perf_counter()
    code = refusal(text).code
    assert code is Code.TOO_DEEP or (code is Code.NOT_JSON and not closed)
    assert time.perf_counter() - began < 1
    assert refusal("[" * 100_000).code is Code.TOO_DEEP


@pytest.mark.parametrize("version", [None, 0, 2, 1.0, "1", True, [1]])
def test_g1_only_version_1_is_read(version: object) -> None:
    assert refusal(connect(version=version)).code is Code.WRONG_VERSION


@pytest.mark.parametrize("name", ["token", "game_id", "session_id"])
@pytest.mark.parametrize("value", [None, 3, True, ["a"], {}, "", " ", "a\nb", "a\0", "\x7f", "\u2028", "\x85"])
def test_g1_an_id_is_a_text_that_can_be_printed(name: str, value: object) -> None:
    refused = refusal(connect(**{name: value}))
    assert refused.code is Code.BAD_FIELD
    assert name in refused.message


@pytest.mark.parametrize(("name", "longest"), [("token", 4096), ("game_id", 100), ("session_id", 100)])
def test_g1_an_id_has_a_longest_length(name: str, longest: int) -> None:
    read_message(connect(**{name: "ü" * longest}))
    refused = refusal(connect(**{name: "ü" * (longest + 1)}))
    assert refused.code is Code.BAD_FIELD
    assert str(longest) in refused.message


def test_g2_a_token_with_a_prefix_is_read_so_that_it_can_be_answered_as_such() -> None:
    message = read_message(connect(token=f"Bearer {TOKEN}"))
    assert isinstance(message, Connect)
    assert message.token == f"Bearer {TOKEN}"


def test_g2_broadcasters_that_are_not_named_are_none() -> None:
    fields = {name: value for name, value in FIELDS.items() if name != "broadcaster_ids"}
    for text in (json.dumps(fields), connect(broadcaster_ids=None)):
        message = read_message(text)
        assert isinstance(message, Connect)
        assert message.broadcaster_ids is None


def test_g2_a_connection_has_100_broadcasters_and_not_one_more() -> None:
    message = read_message(connect(broadcaster_ids=[f"twitch:{number}" for number in range(100)]))
    assert isinstance(message, Connect)
    assert message.broadcaster_ids is not None
    assert len(message.broadcaster_ids) == 100
    refused = refusal(connect(broadcaster_ids=[f"twitch:{number}" for number in range(101)]))
    assert refused.code is Code.BAD_FIELD
    assert "100" in refused.message


@pytest.mark.parametrize(
    "listed",
    [
        [],
        {},
        "twitch:1",
        [1],
        [None],
        [["twitch:1"]],
        ["twitch"],
        ["twitch:"],
        [":1"],
        ["Twitch:1"],
        ["twitch:1 2"],
        ["twitch:\u0001"],
        ["twitch:1\n"],
        [f"twitch:{'1' * 201}"],
        [f"{'t' * 33}:1"],
        ["twitch:1", "kick:1", "twitch:1"],
    ],
)
def test_g2_broadcasters_are_distinct_pairs_of_platform_and_id(listed: object) -> None:
    refused = refusal(connect(broadcaster_ids=listed))
    assert refused.code is Code.BAD_FIELD
    assert "broadcaster_ids" in refused.message


def test_g2_a_platforms_id_may_be_any_text_without_blanks() -> None:
    listed = ["portal:player:7", f"kick:{'9' * 200}", f"{'t' * 32}:ü"]
    message = read_message(connect(broadcaster_ids=listed))
    assert isinstance(message, Connect)
    assert message.broadcaster_ids == tuple(listed)


def test_g1_the_name_that_came_twice_is_shown_and_a_long_one_only_in_part() -> None:
    assert '"hp"' in refusal(delta('{"hp": 1, "hp": 2}')).message
    assert len(refusal(delta(f'{{"{"x" * 9000}": 1, "{"x" * 9000}": 2}}')).message) < 200


@given(st.text() | st.text(alphabet='{}[]",:\\ud8e+-.0129aNntfr\ud800 '))
def test_g1_no_text_does_worse_than_being_refused(text: str) -> None:
    for one in (text, f'{{"type":"delta","data":{{"a":{text}}}}}', f'{{"type":"refresh","data":{{"{text}":1}}}}'):
        with suppress(Refused):
            read_message(one)


@given(VALUES, st.booleans())
def test_g1_any_json_within_the_limits_is_read_as_it_is(value: Any, escaped: bool) -> None:
    read = read_json(json.dumps(value, ensure_ascii=escaped))
    assert json.dumps(read) == json.dumps(value)


@given(VALUES, st.sampled_from([*FIELDS, "more"]))
def test_g1_any_value_in_any_field_is_read_or_refused(value: Any, name: str) -> None:
    text = json.dumps({**FIELDS, name: value})
    with suppress(Refused):
        assert read_message(text)
