"""Independent WebSocket clients get the documented answers of a running gateway (docs/game-state.md), and the examples play.

``ws`` for Node.js and the command line of ``websockets`` know nothing of the portal; docs/game-state/match.ts and match.py are
run as they are.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal.game_state_client import app_token
from tests.e2e.portal import REPOSITORY, RunningPortal, clean_environment, wait_for
from tests.servers import WS

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

BROADCASTER = "twitch:48102299"
# RFC 7396, appendix A: those of which both sides are objects without null.
PATCHES = [
    [{"a": "b"}, {"a": "c"}, {"a": "c"}],
    [{"a": "b"}, {"a": "b", "b": "c"}, {"b": "c"}],
    [{"a": "b", "b": "c"}, {"b": "c"}, {"a": None}],
    [{"a": ["b"]}, {"a": "c"}, {"a": "c"}],
    [{"a": "c"}, {"a": ["b"]}, {"a": ["b"]}],
    [{"a": {"b": "c"}}, {"a": {"b": "d"}}, {"a": {"b": "d"}}],
    [{"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}],
    [{"a": 1, "b": {"c": [1]}}, {"a": 1, "b": {"c": [1]}}, {}],
]
SESSION = """
from campaigns.models import GameSession
session = GameSession.objects.get(session_key={key!r})
print(json.dumps({{"state": json.loads(session.state), "end": session.end_code, "events": session.events}}))
"""

_numbers = itertools.count(1)


class Door:
    """What a program needs to stream to this portal."""

    def __init__(self, portal: RunningPortal) -> None:
        self.portal = portal
        self.game_state, self.client = portal.demo["game_state"], portal.demo["api_client"]
        self.url: str = self.game_state["url"]
        self.token = app_token(portal.url, self.client["client_id"], self.client["client_secret"])
        self.key = f"independent-{next(_numbers)}"

    def environment(self, **more: str) -> dict[str, str]:
        names = {"URL": self.url, "TOKEN": self.token, "GAME_ID": self.game_state["game_id"], "SESSION_ID": self.key}
        return clean_environment(**names, BROADCASTER_ID=BROADCASTER, **more)

    def connect(self, **changes: Any) -> str:
        message = {
            "type": "connect",
            "version": 1,
            "token": self.token,
            "game_id": self.game_state["game_id"],
            "session_id": self.key,
            "broadcaster_ids": [BROADCASTER],
            "data": {"round": 1},
        }
        return json.dumps(message | changes)

    def session(self, key: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.portal.ask(SESSION.format(key=key or self.key))
        return found


@pytest.fixture
def door(portal: RunningPortal) -> Door:
    return Door(portal)


def run_node(program: str, environment: dict[str, str]) -> Any:
    done = subprocess.run(
        ["node", program], cwd=WS, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def codes(seen: dict[str, Any]) -> list[str]:
    """Return the kinds of what was heard, of errors their codes."""
    return [message.get("code", message["type"]) for message in seen["heard"]]


@pytest.mark.node
def test_g1_ws_is_answered_as_documented(door: Door) -> None:
    seen = run_node("client.mjs", door.environment())

    connected, first, second = seen["match"]["heard"]
    assert {name: connected[name] for name in ("type", "version", "resumed", "idle_seconds")} == {
        "type": "connected",
        "version": 1,
        "resumed": False,
        "idle_seconds": 195,
    }
    assert connected["broadcasters"].keys() == {BROADCASTER}
    assert connected["live"] is (connected["broadcasters"][BROADCASTER] == "live")
    assert (first, second) == ({"type": "flushed", "revision": 2}, {"type": "flushed", "revision": 3})
    assert seen["match"]["closed"] == 1000
    assert door.session() == {"state": {"round": 3}, "end": "disconnected", "events": 1}, (
        "the boss was dead for a moment"
    )

    assert codes(seen["mistakes"]) == [
        *["not_connected", "not_json", "not_an_object", "duplicate_key", "not_a_number", "number_too_large"],
        *["unknown_type", "wrong_version", "bad_field", "connected", "already_connected"],
        *["delta_too_large", "refresh_too_large", "message_too_large", "bad_patch", "flushed"],
    ]
    assert all(message["message"] for message in seen["mistakes"]["heard"] if message["type"] == "error")
    assert seen["mistakes"]["closed"] == 1000, "the line stays open after all of them"

    for name, code, close in (
        ("prefixed", "token_prefixed", 4004),
        ("unknown", "token_unknown", 4004),
        ("otherGame", "game_unknown", 4005),
        ("notLinked", "broadcaster_not_linked", 4005),
        ("nobody", "broadcasters_missing", 4005),
        ("binary", "binary", 1003),
    ):
        assert (codes(seen[name]), seen[name]["closed"]) == ([code], close), name
    assert (codes(seen["tooLong"]), seen["tooLong"]["closed"]) == ([], 1009)
    assert (codes(seen["tooMany"]), seen["tooMany"]["closed"]) == (["connected", "rate_limited"], 4003)
    assert seen["wrongPath"] == 404


@pytest.mark.node
def test_the_example_in_typescript_is_right_in_its_types_and_plays_its_match(door: Door, tmp_path: Path) -> None:
    patches = json.dumps([[before, after] for before, after, _patch in PATCHES])
    seen = run_node("match.mjs", door.environment(OUT=str(tmp_path / "match.mjs"), PATCHES=patches))
    assert seen == {"closed": 1000, "patches": [patch for _before, _after, patch in PATCHES]}
    assert door.session() == {
        "state": {"boss": {"state": "dead", "health": 0}, "winners": ["red"]},
        "end": "disconnected",
        "events": 2,
    }


def test_the_example_in_python_runs_beside_a_copy_of_the_clients_folder_alone(door: Door, tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "docs" / "game-state" / "match.py", tmp_path)
    shutil.copytree(REPOSITORY / "portal" / "game_state_client", tmp_path / "game_state_client")
    done = subprocess.run(
        [sys.executable, "match.py"],
        cwd=tmp_path,
        env=clean_environment(
            PORTAL=door.portal.url,
            GATEWAY=door.url,
            CLIENT_ID=door.client["client_id"],
            CLIENT_SECRET=door.client["client_secret"],
            GAME_ID=door.game_state["game_id"],
            PLAYER_ID=door.game_state["player_id"],
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Stored, as revision" in done.stdout
    found = door.session("match-4711")
    assert found["state"] == {"boss": {"state": "dead", "health": 0}, "winners": ["red"]}
    assert (found["end"], found["events"]) == ("disconnected", 2)


def websockets_says(door: Door, *lines: str, until: str) -> str:
    """Type lines into the command line of ``websockets``, and return what it shows up to some words."""
    process = subprocess.Popen(
        [sys.executable, "-m", "websockets", door.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    shown = ""

    def look(words: str) -> bool:
        nonlocal shown
        shown += (process.stdout.read() or b"").decode(errors="replace")  # type: ignore[union-attr]
        return words in shown

    try:
        wait_for(lambda: look("Connected to"), seconds=30, what="the line is open", every=0.05)
        for line in lines:
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
        wait_for(lambda: look(until), seconds=30, what=f"it shows {until}", every=0.05)
    finally:
        process.kill()
        process.wait()
    return shown


def test_g1_the_command_line_of_websockets_is_answered_as_documented(door: Door) -> None:
    said = websockets_says(
        door,
        '{"type":"flush"}',
        door.connect(),
        '{"type":"delta","data":{"round":2}}',
        '{"type":"flush"}',
        '{"type":"disconnect"}',
        until="Connection closed: 1000",
    )
    for words in ('"code":"not_connected"', '"type":"connected"', '"type":"flushed"', '"revision":2'):
        assert words in said.replace('": ', '":')
    assert door.session()["state"] == {"round": 2}


def test_g2_the_command_line_of_websockets_is_told_why_it_is_refused(door: Door) -> None:
    said = websockets_says(door, door.connect(token=f"Bearer {door.token}"), until="Connection closed: 4004")
    assert "token_prefixed" in said
    assert "Bearer" in said
