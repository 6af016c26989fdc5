"""Sessions of a game that records: what was taken is kept, up to a limit, and only of the latest sessions."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from campaigns.game_state.recording import RecordedLine, record_lines
from campaigns.models import Channel, Game, GameRecording, RecordedMessage
from tests.game_events import begin
from tests.gateways import START, Clock, Doorkeeper, RunningGateway, opened


@pytest.fixture(autouse=True)
def _records(doorkeeper: Doorkeeper, game: Game, channels: list[Channel]) -> None:
    doorkeeper.grant(game, channels, record=True)
    doorkeeper.grant(game, channels, token="unrecorded")


@pytest.fixture
def begun(game: Game, channels: list[Channel]) -> str:
    """The id of a session that has begun."""
    return begin(game, channels, now=START)[0].session_id


def kept(name: str = "match-1") -> list[tuple[int, str, object]]:
    rows = RecordedMessage.objects.filter(recording__session__session_key=name).order_by("number")
    return [(one.number, one.kind, json.loads(one.data)) for one in rows]


def test_the_messages_that_were_taken_are_recorded_in_order_over_all_connections_of_the_session(
    gateway: RunningGateway, game: Game, clock: Clock
) -> None:
    with opened(gateway) as server, opened(gateway) as other:
        other.connect(game, session_id="other", token="unrecorded")
        other.flush()
        server.connect(game)
        server.send({"type": "delta", "data": {"boss": {"state": "awake"}}})
        server.send({"type": "delta", "data": 7})
        server.heard()
        server.flush()
        clock.forward(2)
        server.send({"type": "refresh", "data": {"round": 2}})
        server.flush()
    with opened(gateway) as again:
        again.connect(game, data={"round": 3})
        again.flush()
    assert kept() == [
        (1, "connect", {"boss": {"state": "asleep"}}),
        (2, "delta", {"boss": {"state": "awake"}}),
        (3, "refresh", {"round": 2}),
        (4, "connect", {"round": 3}),
    ]
    assert RecordedMessage.objects.get(number=3).at == clock.now
    stored = GameRecording.objects.get()
    assert (stored.session.session_key, stored.game, stored.messages) == ("match-1", game, 4)
    assert stored.bytes == sum(len(row.data) for row in RecordedMessage.objects.all())


def test_a_session_goes_on_when_its_recording_is_full(gateway: RunningGateway, game: Game, clock: Clock) -> None:
    with opened(gateway) as server:
        session = server.connect(game)["session"]
        server.flush()
        record_lines(session, [RecordedLine(START, "delta", "{}")] * 5000, now=START)
        server.send({"type": "delta", "data": {"round": 1}})
        assert server.flush()["revision"] == 2
        server.send({"type": "delta", "data": {"round": 2}})
        assert server.flush()["revision"] == 3
    assert GameRecording.objects.get().messages == 5000


def test_a_recording_takes_five_thousand_messages_and_is_full_with_the_next(begun: str) -> None:
    lines = [RecordedLine(START, "refresh", "{}")] * 2500
    assert record_lines(begun, lines, now=START)
    assert record_lines(begun, lines, now=START)
    later = START + timedelta(minutes=1)
    assert not record_lines(begun, lines[:1], now=later)
    stored = GameRecording.objects.get()
    assert (stored.messages, stored.bytes, stored.full_at) == (5000, 10_000, later)
    assert [stored.lines.count(), stored.lines.order_by("-number")[0].number] == [5000, 5000]


def test_a_recording_takes_four_mebibytes_and_is_full_with_the_next_byte(begun: str) -> None:
    mebibyte = RecordedLine(START, "refresh", "é" * 524_288)
    assert record_lines(begun, [mebibyte] * 4, now=START)
    assert not record_lines(begun, [RecordedLine(START, "delta", "{")], now=START)
    assert GameRecording.objects.get().bytes == 4 * 1024 * 1024


def test_of_a_game_the_latest_twenty_recordings_are_kept(game: Game, channels: list[Channel]) -> None:
    for number in range(22):
        session, _connection = begin(game, channels, key=f"match-{number}", now=START)
        assert record_lines(session.session_id, [RecordedLine(START, "connect", "{}")], now=START)
    names = set(GameRecording.objects.values_list("session__session_key", flat=True))
    assert names == {f"match-{number}" for number in range(2, 22)}
    assert RecordedMessage.objects.count() == 20


def test_more_matches_than_recordings_at_a_time_leave_the_latest_whole_and_no_pieces_of_the_others(
    game: Game, channels: list[Channel]
) -> None:
    """Each piece of a match began a recording anew before, for which that of another match had to go."""
    sessions = [begin(game, channels, key=f"match-{number}", now=START)[0].session_id for number in range(30)]
    for session in sessions:
        assert record_lines(session, [RecordedLine(START, "connect", "{}")], now=START)
    going_on = [record_lines(session, [RecordedLine(START, "delta", "{}")], now=START) for session in sessions]
    assert going_on == [False] * 10 + [True] * 20
    assert set(GameRecording.objects.values_list("session", "messages")) == {(one, 2) for one in sessions[10:]}
