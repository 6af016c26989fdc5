"""JSON that reads the same everywhere (RFC 7493, I-JSON): each name once, no number that another language would alter.

A fast parser reads; what it lets pass is looked for by cheap signs, and only a text that shows one is read a second time.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from campaigns.rules.game_state.codes import DEPTH, LARGEST_INTEGER, Code, Refused

_TOO_DEEP = f"The message is nested too deeply: at most {DEPTH} levels of objects and arrays, itself included."
_INTEGER = (
    f"The message holds a whole number beyond {LARGEST_INTEGER}: not every language can hold it. Send it as a string."
)
_OVERFLOW = "The message holds a number beyond 1.8e308: not every language can hold it. Send it as a string."
_SURROGATE = (
    "The message is not JSON of Unicode text: a string has half of a surrogate pair. Send whole characters, in UTF-8."
)
_SHOWN_NAME = 50

_ANY_DIGIT = bytes.maketrans(b"0123456789", b"0" * 10)
_MANY_DIGITS = b"0" * 19
"""The fast parser makes a fraction of a whole number below -2**63, which has 19 digits, and from 2**64 on."""


def read_json(text: str) -> Any:
    """Return the JSON value that a text is. Raises ``Refused``: not JSON, a name twice, a bad number, nested too deeply.

    What it returns can always be written as UTF-8 again: no string in it has half of a surrogate pair.
    """
    return read_sized(text)[0]


def read_sized(text: str) -> tuple[Any, int]:
    """Return the JSON value that a text is, as :func:`read_json`, and how many bytes it takes when it is written."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise Refused(Code.NOT_JSON, _SURROGATE) from None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        _read_again(text)
        raise Refused(Code.NOT_JSON, _SURROGATE) from None
    try:
        written = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        if is_deeper(value, DEPTH):
            raise Refused(Code.TOO_DEEP, _TOO_DEEP) from None
        raise Refused(Code.NUMBER_TOO_LARGE, _INTEGER) from None
    if may_be_deeper(written, DEPTH) and is_deeper(value, DEPTH):
        raise Refused(Code.TOO_DEEP, _TOO_DEEP)
    if written == raw:  # as most programs write it: there is nothing in it that was read otherwise
        return value, len(written)
    # A name that came twice took its colon along. An escaped colon would make up for it.
    fewer = written.count(b":") != raw.count(b":") or b"\\u003" in raw
    if fewer or _MANY_DIGITS in raw.translate(_ANY_DIGIT):
        _read_again(text)
    return value, len(written)


def may_be_deeper(written: bytes, levels: int) -> bool:
    """Tell whether there is enough in a JSON text for more levels than these. Cheap; false is certain, true is not."""
    without = written.replace(b"{", b"").replace(b"[", b"")  # quicker than to count them
    return len(written) - len(without) > levels


def is_deeper(value: Any, levels: int) -> bool:
    """Tell whether objects and arrays are nested in more levels than these, the value itself being the first."""
    level = [value] if type(value) is dict or type(value) is list else []
    while level and levels:
        levels -= 1
        level = [
            member
            for one in level
            for member in (one.values() if type(one) is dict else one)
            if type(member) is dict or type(member) is list
        ]
    return bool(level)


def _read_again(text: str) -> None:
    """Find the fault that a text may have. Raises ``Refused`` with it; returns where there is none."""
    try:
        json.loads(
            text,
            object_pairs_hook=_each_once,
            parse_int=_check_integer,
            parse_float=_check_float,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        said = f"The message is not JSON: {error.msg} at character {error.pos}."
        raise Refused(Code.NOT_JSON, said) from None
    except RecursionError:
        raise Refused(Code.TOO_DEEP, _TOO_DEEP) from None


def _each_once(members: list[tuple[str, Any]]) -> None:
    seen = set()
    for name, _value in members:
        if name in seen:
            shown = json.dumps(name[:_SHOWN_NAME])
            said = f"An object of the message has the name {shown} more than once: each name may be there once."
            raise Refused(Code.DUPLICATE_KEY, said)
        seen.add(name)


def _check_integer(digits: str) -> None:
    # The length first: Python refuses to convert thousands of digits.
    if len(digits) > len(str(-LARGEST_INTEGER)) or abs(int(digits)) > LARGEST_INTEGER:
        raise Refused(Code.NUMBER_TOO_LARGE, _INTEGER)


def _check_float(digits: str) -> None:
    if float(digits) in (float("inf"), float("-inf")):
        raise Refused(Code.NUMBER_TOO_LARGE, _OVERFLOW)


def _refuse_constant(name: str) -> NoReturn:
    raise Refused(Code.NOT_A_NUMBER, f"The message holds {name}, which is not JSON: leave the field out, or send null.")
