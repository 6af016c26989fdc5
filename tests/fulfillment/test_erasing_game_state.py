"""Erasing a person from what game servers sent: recordings and last states that name the person, and no others (F8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns.models import Game, GameRecording, GameSession
from fulfillment.erasure import erase_player, erase_viewer
from tests.factories import NOW, make_game, make_game_session, make_organization, make_player, make_staff, make_viewer
from tests.recordings import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def game() -> Game:
    return make_game()


def ended(game: Game, state: dict[str, Any], **fields: Any) -> GameSession:
    return make_game_session(game, ended_at=NOW, end_code="disconnected", state=json.dumps(state), **fields)


def erase(game: Game, **person: Any) -> Any:
    player = make_player(game, **{"player_id": "P-77310", "name": "Kim the Zoë", **person})
    return erase_player(player=player, actor=make_staff(game.organization), reason="asked", now=NOW)


def state_of(session: GameSession) -> str:
    session.refresh_from_db()
    return session.state


def test_f8_recordings_and_last_states_that_name_a_player_go_and_no_others(game: Game) -> None:
    named = [ended(game, {"who": "p-77310"}), ended(game, {"P-77310": 1}), ended(game, {"n": ["a", "kim the zoë"]})]
    other = [ended(game, {"who": "P-773101"}), ended(game, {"n": "Kim"})]
    elsewhere = ended(make_game(make_organization()), {"who": "P-77310"})
    still_on = make_game_session(game, state='{"who":"P-77310"}')
    kept = record(game, {"boss": "alive"}, {"by": "Kim"})
    record(game, {"boss": "alive"}, {"by": "Kim the Zoë"})
    done = erase(game)
    assert done.game_states == 4
    assert {state_of(one) for one in named} == {"{}"}
    assert "{}" not in {state_of(one) for one in (*other, elsewhere, still_on)}
    assert list(GameRecording.objects.values_list("pk", flat=True)) == [kept.pk]


def test_f8_an_id_that_is_a_number_is_found_as_one_and_a_short_one_is_not_searched_for(game: Game) -> None:
    by_number = ended(game, {"who": 4182736})
    score = ended(game, {"score": 128, "lives": "128"})
    assert erase(game, player_id="4182736").game_states == 1
    assert erase(game, player_id="128", name="Al").game_states == 0
    assert (state_of(by_number), state_of(score)) == ("{}", '{"score": 128, "lives": "128"}')


def test_f8_a_sessions_own_id_that_names_the_person_keeps_a_marker(game: Game) -> None:
    session = ended(game, {}, session_key="solo:P-77310")
    assert erase(game).game_states == 1
    session.refresh_from_db()
    assert session.session_key.startswith("solo:erased:")


def test_f8_a_viewer_is_erased_from_them_as_well(game: Game) -> None:
    viewer = make_viewer(game.organization, "twitch", platform_user_id="991827364", login="kimstreams")
    first, second = ended(game, {"live": "twitch:991827364"}), ended(game, {"live": ["KimStreams"]})
    done = erase_viewer(viewer=viewer, actor=make_staff(game.organization), reason="asked", now=NOW)
    assert done.game_states == 2
    assert (state_of(first), state_of(second)) == ("{}", "{}")
