"""What docs/game-state.md and its schema say of messages, limits and codes is what the rules do (G1, G2)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from campaigns.game_state.storing import ABANDONED_AFTER
from campaigns.rules.game_state import codes
from campaigns.rules.game_state.codes import CLOSES, Close, Code, Refused
from campaigns.rules.game_state.events import Condition
from campaigns.rules.game_state.messages import read_message
from campaigns.watch.keeping import MINUTES_BEFORE

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDE = (DOCS / "game-state.md").read_text()
SCHEMA: dict[str, Any] = json.loads((DOCS / "game-state" / "schema.json").read_text())
KINDS = {
    "toPortal": ("connect", "delta", "refresh", "flush", "disconnect"),
    "fromPortal": ("connected", "live", "flushed", "error", "reconnect"),
}

CONNECT: dict[str, Any] = {
    "type": "connect",
    "version": 1,
    "token": "abc",
    "game_id": "01M8A30C2DKW0V2DQ6JCADV3VN",
    "session_id": "match",
    "broadcaster_ids": ["twitch:1"],
    "data": {},
}


def validator(definition: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{definition}"}]})


def shown() -> list[dict[str, Any]]:
    """Return the messages of the guide: what is JSON and has a type."""
    blocks = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]
    return [block for block in blocks if "type" in block]


def schema_examples(direction: str) -> list[dict[str, Any]]:
    return [example for kind in KINDS[direction] for example in SCHEMA["$defs"][kind]["examples"]]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CONNECT.items() if key != name}


def rows_of(code: str) -> list[list[str]]:
    """Return the cells of the table rows that begin with this code."""
    rows = [line.strip("|").split("|") for line in GUIDE.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    return [row for row in cells if row[0].strip("`") == code]


def test_the_schema_is_one_and_its_examples_are_such() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for direction, kinds in KINDS.items():
        for kind in kinds:
            for example in SCHEMA["$defs"][kind]["examples"]:
                validator(direction).validate(example)
                assert example["type"] == kind


def test_the_guide_shows_a_message_of_every_kind_and_each_is_as_the_schema_says() -> None:
    messages = shown()
    assert {one["type"] for one in messages} == {*KINDS["toPortal"], *KINDS["fromPortal"]}
    for message in messages:
        direction = "toPortal" if message["type"] in KINDS["toPortal"] else "fromPortal"
        validator(direction).validate(message)
        if direction == "toPortal":
            read_message(json.dumps(message))


@pytest.mark.parametrize(
    "message",
    [
        *schema_examples("toPortal"),
        *schema_examples("fromPortal"),
        CONNECT,
        {**CONNECT, "more": 1},
        *(without(name) for name in CONNECT),
        *({**CONNECT, name: 5} for name in CONNECT),
        *({**CONNECT, name: ""} for name in CONNECT),
        *({**CONNECT, name: None} for name in CONNECT),
        {**CONNECT, "version": 2},
        {**CONNECT, "session_id": " "},
        {**CONNECT, "session_id": "a\nb"},
        {**CONNECT, "session_id": "é" * codes.ID_LENGTH},
        {**CONNECT, "session_id": "s" * (codes.ID_LENGTH + 1)},
        {**CONNECT, "broadcaster_ids": []},
        {**CONNECT, "broadcaster_ids": [f"kick:{number}" for number in range(codes.BROADCASTERS)]},
        {**CONNECT, "broadcaster_ids": [f"kick:{number}" for number in range(codes.BROADCASTERS + 1)]},
        {**CONNECT, "broadcaster_ids": ["kick:1", "kick:1"]},
        *(
            {**CONNECT, "broadcaster_ids": [one]}
            for one in (1, "1", "kick:", ":1", "Kick:1", "kick:1 2", "kick:" + "1" * 201)
        ),
        {"type": "delta", "data": {"a": None, "b": [None, {"c": 0.5}]}},
        *({"type": kind, "data": data} for kind in ("delta", "refresh") for data in ([], "a", 1, None, True)),
        {"type": "delta"},
        {"type": "flush", "data": []},
        {"type": "Flush"},
        {"type": None},
        {},
        [],
        "flush",
    ],
    ids=repr,
)
def test_the_portal_takes_what_the_schema_takes_and_nothing_else(message: Any) -> None:
    try:
        read_message(json.dumps(message))
        taken = True
    except Refused:
        taken = False
    assert validator("toPortal").is_valid(message) is taken


def test_the_guide_shows_an_error_in_the_portals_own_words() -> None:
    [shown_error] = [message for message in shown() if message["type"] == "error"]
    text = json.dumps({"type": "delta", "data": {"a": ""}})
    with pytest.raises(Refused) as refused:
        read_message(text[:-3] + "x" * (codes.DELTA_BYTES + 1 - len(text)) + text[-3:])
    assert shown_error == {"type": "error", "code": refused.value.code, "message": refused.value.message}


def test_the_guide_tells_of_every_code_and_what_becomes_of_the_line() -> None:
    for code in Code:
        [row] = rows_of(code)
        if code in CLOSES:
            assert row[1] == str(int(CLOSES[code])), code
            assert len(row) == 4
        else:
            assert len(row) == 3, code
        assert all(row), code


def test_the_guide_tells_of_every_close_code() -> None:
    for close in Close:
        [row] = rows_of(str(int(close)))
        assert all(row), close


def test_the_guide_has_every_limit() -> None:
    table, *_rest = GUIDE.split("\n## Limits\n")[1].split("\n\n")
    for limit in (
        codes.FULL_BYTES,
        codes.DELTA_BYTES,
        codes.FRAME_BYTES,
        codes.MESSAGES_PER_MINUTE,
        codes.FRAMES_PER_MINUTE,
        codes.IDLE_SECONDS,
        codes.CONNECT_SECONDS,
        codes.DEPTH,
        codes.LARGEST_INTEGER,
        codes.BROADCASTERS,
        codes.ID_LENGTH,
    ):
        assert re.search(rf"\| ±?{limit:,}\b", table), limit
    named = {name for name in re.findall(r"`([a-z_]+)`", table) if name in set(Code)}
    assert {code for code in Code if code.endswith("too_large") or code is Code.TOO_DEEP} <= named


def test_the_guide_tells_the_version_the_conditions_and_the_times() -> None:
    assert f"| `version` | {codes.VERSION} |" in GUIDE
    assert len(re.findall(r"^\| (?:is|changes to|rises above|list gets) \|", GUIDE, re.MULTILINE)) == len(Condition)
    assert ABANDONED_AFTER.total_seconds() == 600
    assert "stays open for ten minutes" in GUIDE
    assert MINUTES_BEFORE == 2
    assert "in that minute or in one of the two before" in GUIDE.replace("\n", " ")
