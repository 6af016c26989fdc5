"""The sample game's match: the same for the same seed, and always with what the demo's campaign is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.game_state_client.merge_patch import make_patch
from portal.sandbox.management.commands.play_match import Command
from portal.sandbox.match import FEED, Moment, play
from tests.loopback import Connection, LoopbackServer, Request, serving

SEEDS = range(25)


def played(seed: int, seconds: int = 30) -> list[Moment]:
    return list(play(seed=seed, seconds=seconds, streamer="Starfall Live"))


def test_the_same_seed_gives_the_same_match_and_another_one_another() -> None:
    assert played(1) == played(1)
    assert played(1) != played(2)


@pytest.mark.parametrize("seconds", [1, 15, 30, 150])
def test_every_match_has_three_kills_in_a_row_a_dragon_that_wakes_and_falls_and_a_winner(seconds: int) -> None:
    for seed in SEEDS:
        moments = played(seed, seconds)
        assert [moment.second for moment in moments] == list(range(max(seconds, 15) + 1))
        streaks = [moment.state["players"]["p-1"]["best_streak"] for moment in moments]
        assert (streaks[0], streaks[-1] >= 3) == (0, True)
        states = [moment.state["boss"]["state"] for moment in moments]
        assert list(dict.fromkeys(states)) == ["asleep", "awake", "wounded", "dead"]
        assert [moment.state["winners"] == [] for moment in moments] == [True] * (len(moments) - 1) + [False]
        last = moments[-1].state
        assert (last["match"]["phase"], last["boss"]["health"]) == ("over", 0)


def test_what_counts_only_rises_and_health_only_falls() -> None:
    for seed in SEEDS:
        for before, after in pairwise(moment.state for moment in played(seed)):
            assert after["boss"]["health"] <= before["boss"]["health"]
            for key, player in after["players"].items():
                for name in ("kills", "deaths", "best_streak"):
                    assert player[name] >= before["players"][key][name]
            kills = sum(player["kills"] for player in after["players"].values())
            assert kills == sum(after["score"].values()) == sum(one["deaths"] for one in after["players"].values())
            assert len(after["feed"]) <= FEED


def test_both_teams_win_sometimes_and_a_second_is_a_small_message() -> None:
    winners = {moment.state["winners"][0] for seed in SEEDS for moment in played(seed)[-1:]}
    assert winners == {"red", "blue"}
    patches = [make_patch(one.state, other.state) for one, other in pairwise(played(1, 150))]
    assert max(len(json.dumps(patch)) for patch in patches) < 500


@pytest.fixture
def portal() -> Iterator[LoopbackServer]:
    def behave(connection: Connection, request: Request) -> None:
        if request.target == "/oauth2/token":
            connection.reply_json({"access_token": "abc"})
        else:
            connection.reply_json({"data": [{"player_id": "p", "broadcasters": []}]})

    with serving(behave) as server:
        yield server


def demo_file(folder: Path, portal_url: str) -> Path:
    content: dict[str, Any] = {
        "game_state": {"url": "ws://127.0.0.1:1/x", "portal_url": portal_url, "game_id": "G", "player_id": "p"},
        "api_client": {"client_id": "id", "client_secret": "secret"},
    }
    path = folder / "demo.json"
    path.write_text(json.dumps(content))
    return path


def test_a_match_for_nobody_is_not_played(portal: LoopbackServer, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not linked any more"):
        call_command(Command(), source=demo_file(tmp_path, portal.url), stdout=StringIO())
    assert [request.target for request in portal.requests] == [
        "/oauth2/token",
        "/game-state/v1/broadcasters?game_id=G&player_id=p",
    ]


def test_a_portal_that_does_not_run_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="refused"):
        call_command(Command(), source=demo_file(tmp_path, "http://127.0.0.1:1"), stdout=StringIO())


def test_a_file_without_game_state_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    for content in ("{}", "no JSON", "[]"):
        path.write_text(content)
        with pytest.raises(CommandError, match="start the portal with demo data first"):
            call_command(Command(), source=path, stdout=StringIO())
