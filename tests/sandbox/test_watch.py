"""The Watch page: heartbeats really go out, named as the portal knows people, and what came back is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.sandbox.crowd import minute_of
from tests.sandbox.conftest import SEED
from tests.sandbox.receiver import Receiver
from tests.sandbox.server import Reply, SandboxServer

MIRA, BEAR = "2001", "2002"


def set_address(server: SandboxServer, platform: str, url: str, *, enabled: bool = True) -> None:
    registered = SEED[platform]
    form = {
        "form": "app",
        **{name: str(registered.get(name, "")) for name in ("client_id", "client_secret", "organization_id")},
        "redirect_uris": str(registered["redirect_uri"]),
        "webhook_secret": str(registered.get("webhook_secret", "")),
        "heartbeat_url": url,
        **({"heartbeats_enabled": "on"} if enabled else {}),
    }
    assert server.submit(f"/console/{platform}/", form).status == 302


@pytest.fixture
def listening(sandbox_server: SandboxServer, receiver: Receiver) -> Receiver:
    """A receiver that Kick's heartbeats go to."""
    receiver.status, receiver.answer = 204, b""
    set_address(sandbox_server, "kick", receiver.url)
    return receiver


def watch(server: SandboxServer, **changed: str) -> Reply:
    page = server.get("/watch").text
    panel = page[page.index('id="kick-title"') :]
    game = re.search(r'name="game".*?<option value="(\d+)"', panel, re.DOTALL)
    assert game is not None
    form = {"platform": "kick", "user": MIRA, "channel": BEAR, "game": game[1], "how": "past", "minutes": "3"}
    return server.submit("/watch", form | changed)


def said(server: SandboxServer, reply: Reply) -> str:
    """What the page that follows a form says."""
    cookie = reply.headers["set-cookie"].split(";")[0]
    return server.get(reply.headers["location"], headers={"Cookie": cookie}).text


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in receiver.requests]


def test_w1_the_last_minutes_are_told_one_heartbeat_each(sandbox_server: SandboxServer, listening: Receiver) -> None:
    before = minute_of(datetime.now(UTC))
    page = said(sandbox_server, watch(sandbox_server))
    assert "3 heartbeats were sent, one for each minute, and all were accepted." in page
    contents = told(listening)
    assert [(one["broadcaster"], one["viewer_list"], one["game"]) for one in contents] == [
        (BEAR, [MIRA], "Starfall")
    ] * 3
    minutes = [minute_of(datetime.fromisoformat(one["time"])) for one in contents]
    assert minutes == list(range(minutes[0], minutes[0] + 3))
    assert before - 1 <= minutes[-1] <= minute_of(datetime.now(UTC)) - 1


def test_w1_told_again_a_minute_has_its_id_and_retries_raised(
    sandbox_server: SandboxServer, listening: Receiver
) -> None:
    watch(sandbox_server, minutes="1")
    page = sandbox_server.get("/watch").text
    again = re.search(r'action="(/watch/heartbeats/\d+/again/)"', page)
    assert again is not None
    assert sandbox_server.submit("/watch", {}, action=again[1]).status == 302
    first, second = told(listening)
    assert (first["id"], first["retries"] + 1) == (second["id"], second["retries"])
    assert first | {"retries": 0} == second | {"retries": 0}


def test_what_was_chosen_stays_chosen_to_be_pressed_again(sandbox_server: SandboxServer, listening: Receiver) -> None:
    page = said(sandbox_server, watch(sandbox_server, user="2003", minutes="7", channel=MIRA))
    panel = page[page.index('id="kick-title"') :]
    assert re.findall(r'<option value="(\d+)" selected>', panel)[:2] == ["2003", MIRA]
    assert 'name="minutes" value="7"' in panel


def test_a_refusal_is_shown_with_what_the_portal_said(sandbox_server: SandboxServer, listening: Receiver) -> None:
    listening.status, listening.answer = 400, b"There is no such game."
    page = said(sandbox_server, watch(sandbox_server, minutes="2"))
    assert "0 of 2 heartbeats were accepted. The portal answered 400: There is no such game." in page


def test_without_an_answer_no_further_minute_is_tried(sandbox_server: SandboxServer, listening: Receiver) -> None:
    set_address(sandbox_server, "kick", "http://127.0.0.1:9/")
    page = said(sandbox_server, watch(sandbox_server, minutes="30"))
    assert "0 of 30 heartbeats were accepted. The connection failed" in page


def test_without_an_address_nothing_is_sent_and_the_page_says_what_to_do(sandbox_server: SandboxServer) -> None:
    set_address(sandbox_server, "kick", "")
    assert "No heartbeat URL is registered" in sandbox_server.get("/watch").text
    assert "Nothing was sent. No heartbeat URL is registered" in said(sandbox_server, watch(sandbox_server))


def test_what_cannot_be_meant_is_refused_and_nothing_is_sent(
    sandbox_server: SandboxServer, listening: Receiver
) -> None:
    for changed in ({"minutes": "0"}, {"minutes": "121"}, {"user": "nobody"}, {"how": "often"}, {"platform": "x"}):
        reply = watch(sandbox_server, **changed)
        assert reply.status == 400
        assert "Nothing was sent." in reply.text
    assert listening.requests == []


def test_an_address_over_the_network_must_be_https(sandbox_server: SandboxServer) -> None:
    form = {"form": "app", "client_id": "a", "client_secret": "b", "redirect_uris": "http://localhost/"}
    reply = sandbox_server.submit("/console/kick/", form | {"heartbeat_url": "http://drops.example.org/x"})
    assert reply.status == 400
    assert "by https only" in reply.text


def test_who_watches_live_is_told_minute_by_minute_together_with_the_others(tmp_path: Path) -> None:
    """Runs the operations on a database of their own, with the clock passed in."""
    server = SandboxServer(tmp_path, seed=SEED)
    try:
        for command in (["migrate", "-v0"], ["seed_sandbox", "--from", str(seed_file(tmp_path))]):
            assert server.command(*command).returncode == 0
        with Receiver() as receiver:
            receiver.status = 204
            (tmp_path / "scene.py").write_text(SCENE.format(url=receiver.url))
            done = run(server, tmp_path / "scene.py")
        contents = told(receiver)
    finally:
        server.stop()
    assert done == ["told 0", "told 1", "told 2", "stopped", "told 2", "left 0"]
    lists = [(one["time"][11:16], one["broadcaster"], one["viewer_list"]) for one in contents]
    assert lists == [
        ("12:00", BEAR, [MIRA]),
        ("12:01", BEAR, [MIRA, "2003"]),
        ("12:02", BEAR, [MIRA, "2003"]),
        ("12:03", BEAR, ["2003"]),
        ("12:04", BEAR, ["2003"]),
    ]


SCENE = """
from datetime import UTC, datetime
from portal.sandbox.models import Application, PlatformUser
from portal.sandbox.watching import sessions_to_tell, start_watching, stop_watching, tell_sessions
Application.objects.filter(pk="kick").update(heartbeat_url={url!r})
people = {{user.user_id: user for user in PlatformUser.objects.filter(platform="kick")}}
def at(minute, second=30):
    return datetime(2026, 11, 20, 12, minute, second, tzinfo=UTC)
def start(user, minute, minutes):
    return start_watching(user=people[user], channel=people["2002"], game="Starfall", minutes=minutes, now=at(minute))
start("2001", 0, 3)
print("told", tell_sessions(now=at(0, 59)))
other = start("2003", 1, 60)
print("told", tell_sessions(now=at(1, 59)))
print("told", tell_sessions(now=at(3, 1)))
stop_watching(session=other, now=at(4, 10))
print("stopped")
print("told", tell_sessions(now=at(9)))
print("left", len(sessions_to_tell(now=at(9))))
"""


def seed_file(folder: Path) -> Path:
    path = folder / "seed.json"
    path.write_text(json.dumps(SEED))
    return path


def run(server: SandboxServer, script: Path) -> list[str]:
    code = f"import django\ndjango.setup()\nexec(open({str(script)!r}).read())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=server.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]
