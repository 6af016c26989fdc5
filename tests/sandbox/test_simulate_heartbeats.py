"""The simulator plays against a real server that fails now and then, and its report is what was accepted."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.sandbox.crowd import Sending, all_beats, crowd_of, expected, minute_of
from portal.sandbox.messages import Message
from portal.sandbox.playing import AddressRefused, Played, Player, check_address, without_secret
from portal.sandbox.sending import Outcome
from tests.sandbox.receiver import Receiver
from tests.sandbox.server import Done, SandboxServer

SMALL = ["--channels", "4", "--viewers", "6", "--minutes", "10", "--speed", "0", "--game", "Starfall"]
BEATS = list(
    all_beats(crowd_of(channels=3, viewers_each=4, game="Starfall", seed=1), first_minute=29_000_000, minutes=5)
)
IN_ORDER = [Sending(0.0, number, number) for number in range(len(BEATS))]


def simulate(server: SandboxServer, receiver: Receiver, *arguments: str) -> Done:
    return server.command("simulate_heartbeats", "--to", receiver.url, *SMALL, *arguments)


def test_every_heartbeat_arrives_as_the_report_says(
    sandbox_server: SandboxServer, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status = 204
    path = tmp_path / "report.json"
    done = simulate(sandbox_server, receiver, "--late", "0.2", "--repeated", "0.3", "--shuffled", "--report", str(path))
    assert done.returncode == 0, done.stderr
    report = json.loads(path.read_text())
    sent = [json.loads(request.body) for request in receiver.requests]
    told_once = {content["id"]: request.body for content, request in zip(sent, receiver.requests, strict=True)}
    totals = expected(told_once.values())
    assert (report["viewers"], report["broadcasters"]) == (totals.viewers, totals.broadcasters)
    assert report["viewer_minutes"] == totals.viewer_minutes
    assert report["heartbeats"] == len(told_once)
    assert report["answers"] == {"204": len(sent)}
    assert report["requests"] - report["sent_again"] == report["heartbeats"]
    assert report["sent_again"] > 0
    assert report["complete"] is True
    assert f"Expected: {totals.viewer_minutes} viewer-minutes" in done.stdout


def test_w1_played_minutes_lie_in_the_past_and_the_last_is_just_over(
    sandbox_server: SandboxServer, receiver: Receiver
) -> None:
    receiver.status = 204
    before = minute_of(datetime.now(UTC))
    simulate(sandbox_server, receiver)
    minutes = {minute_of(datetime.fromisoformat(json.loads(request.body)["time"])) for request in receiver.requests}
    assert len(minutes) == 10
    assert before - 1 <= max(minutes) <= minute_of(datetime.now(UTC)) - 1


def test_the_first_minute_can_be_named_but_not_so_that_the_future_is_told(
    sandbox_server: SandboxServer, receiver: Receiver
) -> None:
    receiver.status = 204
    assert simulate(sandbox_server, receiver, "--start", "2026-01-02T03:04:00Z").returncode == 0
    first = min(json.loads(request.body)["time"] for request in receiver.requests if b"Z" in request.body)
    assert first.startswith("2026-01-02T03:04")
    late = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    refused = simulate(sandbox_server, receiver, "--start", late)
    assert refused.returncode == 1
    assert "too late" in refused.stderr


def test_the_address_holds_a_secret_that_is_neither_printed_nor_written_down(
    sandbox_server: SandboxServer, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status = 204
    url = receiver.url.replace("/hook?from=sandbox", "/webhooks/heartbeats/very-secret-token")
    path = tmp_path / "report.json"
    done = sandbox_server.command("simulate_heartbeats", "--to", url, *SMALL, "--report", str(path))
    assert receiver.requests[0].path == "/webhooks/heartbeats/very-secret-token"
    assert "very-secret-token" not in done.stdout + done.stderr + path.read_text()


def test_a_refusal_is_not_sent_again_and_fails_the_run_with_its_reason(
    sandbox_server: SandboxServer, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status, receiver.answer = 400, b"The game is not known here."
    path = tmp_path / "report.json"
    done = simulate(sandbox_server, receiver, "--repeated", "0", "--report", str(path))
    assert done.returncode == 1
    assert "were refused" in done.stderr
    assert "The game is not known here." in done.stderr
    report = json.loads(path.read_text())
    assert (report["complete"], report["viewer_minutes"], report["viewers"]) == (False, 0, {})
    assert report["requests"] == report["heartbeats"] == len(receiver.requests)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--channels", "0"], "--channels must be above 0"),
        (["--late", "1.5"], "--late is a share"),
        (["--seed", "-1"], "--seed must be"),
        (["--channels", "1000", "--viewers", "1000", "--minutes", "60"], "60000000 viewer-minutes are too many"),
    ],
)
def test_what_is_out_of_bounds_is_refused_before_anything_is_sent(
    sandbox_server: SandboxServer, receiver: Receiver, arguments: list[str], reason: str
) -> None:
    refused = simulate(sandbox_server, receiver, *arguments)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert receiver.requests == []


@pytest.mark.parametrize("url", ["https://drops.example.org/x", "http://localhost:8000/x", "http://[::1]/x"])
def test_d7_https_goes_anywhere_and_http_stays_on_this_machine(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    "url", ["http://drops.example.org/x", "http://10.0.0.7/x", "ftp://localhost/x", "localhost:8000", "http://[x/", ""]
)
def test_d7_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(url)


def test_a_printed_address_lacks_its_last_part() -> None:
    assert (
        without_secret("https://a.example/webhooks/heartbeats/token/?x=1") == "https://a.example/webhooks/heartbeats/…"
    )


class Portal:
    """Answers from a list for each heartbeat, then with 204; keeps what it was sent."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = answers
        self.seen: Counter[str] = Counter()
        self.retries: dict[str, list[int]] = {}
        self.lock = threading.Lock()

    def __call__(self, message: Message) -> Outcome:
        content: dict[str, Any] = json.loads(message.body)
        with self.lock:
            number = self.seen[content["id"]]
            self.seen[content["id"]] += 1
            self.retries.setdefault(content["id"], []).append(content["retries"])
        status = self.answers[number] if number < len(self.answers) else 204
        return Outcome(status, "", "" if status else "The connection failed", 1)


def play(portal: Portal, *, give_up_seconds: float = 30.0, threads: int = 4) -> Played:
    player = Player(url="http://localhost/x", speed=0, threads=threads, give_up_seconds=give_up_seconds, send=portal)
    return player.play(beats=BEATS, plan=IN_ORDER)


def test_what_brings_a_server_error_or_no_answer_is_sent_again_with_retries_raised() -> None:
    portal = Portal(503, None, 429)
    played = play(portal)
    assert played.accepted == set(range(len(BEATS)))
    assert {tuple(retries) for retries in portal.retries.values()} == {(0, 1, 2, 3)}
    assert played.answers == {answer: len(BEATS) for answer in ("503", "no answer", "429", "204")}
    assert played.sent_again == 3 * len(BEATS)


def test_what_is_never_accepted_is_given_up_when_time_is_over() -> None:
    played = play(Portal(*[503] * 1000), give_up_seconds=0.6)
    assert played.accepted == set()
    assert played.refused == {}
    assert 0.5 < played.seconds < 5


def test_a_stop_sends_nothing_new() -> None:
    portal = Portal()
    player = Player(url="http://localhost/x", speed=0, threads=2, give_up_seconds=30, send=portal)
    player.stop()
    assert player.play(beats=BEATS, plan=IN_ORDER).requests == 0
