"""Overlays and extensions read what game servers stream (G3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import GameSession, GameSessionChannel
from fulfillment.api.docs.describing import Operation
from fulfillment.api.docs.schema import described
from fulfillment.api.game_state import broadcasters, sessions
from fulfillment.api.points import purses
from fulfillment.rules.scopes import GAME_STATE_READ, GAME_STATE_WRITE
from linking.models import Link
from portal.models import Organization
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.game_state_studio import GameStudio, named

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _purses() -> None:
    purses.forget()


@pytest.fixture
def studio(db: None) -> GameStudio:
    return GameStudio()


def keys(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [session["session_id"] for session in answer.json()["data"]]


# What is shown.


def test_g3_a_session_is_shown_with_its_merged_state(studio: GameStudio) -> None:
    link = studio.streamer()
    session = studio.session(
        link,
        live=True,
        session_key="match-1",
        state='{"score":{"red":2},"big":9007199254740991,"text":"ü"}',
        revision=7,
        last_message_at=NOW + timedelta(seconds=3, milliseconds=250),
    )
    shown = {
        "id": session.pk,
        "game_id": studio.game.pk,
        "session_id": "match-1",
        "authoritative": True,
        "connected": True,
        "started_at": "2026-11-20T12:00:00Z",
        "last_message_at": "2026-11-20T12:00:03.250000Z",
        "broadcasters": [{"id": named(link), "platform": "twitch", "login": "mira", "name": "Mira", "live": True}],
        "revision": 7,
        "data": {"score": {"red": 2}, "big": 9007199254740991, "text": "ü"},
    }
    assert studio.ask(f"sessions/{session.pk}").json() == shown
    assert studio.ask("sessions", broadcaster_id=named(link)).json() == {"data": [shown]}


def test_g3_a_session_waits_for_its_server_and_is_gone_when_it_has_ended(studio: GameStudio) -> None:
    link = studio.streamer()
    session = studio.session(link, connection="", gateway="")
    assert studio.ask(f"sessions/{session.pk}").json()["connected"] is False
    GameSession.objects.update(ended_at=NOW, end_code="disconnected")
    answer = studio.ask(f"sessions/{session.pk}")
    assert (answer.status_code, answer.json()) == (
        404,
        {"status": 404, "message": "There is no such session, or it has ended."},
    )
    assert keys(studio.ask("sessions", broadcaster_id=named(link))) == []


def test_g3_sessions_are_those_about_the_broadcaster_the_newest_first(studio: GameStudio) -> None:
    mira, tom = studio.streamer(), studio.streamer(platform="kick")
    studio.session(mira, session_key="one")
    studio.session(tom, session_key="two")
    studio.session(tom, mira, session_key="three")
    assert keys(studio.ask("sessions", broadcaster_id=named(mira))) == ["three", "one"]
    assert keys(studio.ask("sessions", broadcaster_id=named(tom))) == ["three", "two"]
    assert keys(studio.ask("sessions", broadcaster_id="twitch:nobody")) == []
    assert keys(studio.ask("sessions")) == ["three", "two", "one"]


def test_g3_sessions_can_be_narrowed_to_a_game(studio: GameStudio) -> None:
    further = make.make_game(studio.game.organization)
    make.allow_game_state(studio.client, further)
    link = studio.streamer()
    studio.session(link, session_key="home")
    studio.session(link, game=further, session_key="further")
    assert keys(studio.ask("sessions", broadcaster_id=named(link))) == ["further", "home"]
    assert keys(studio.ask("sessions", broadcaster_id=named(link), game_id=further.pk)) == ["further"]


def test_g3_at_most_twenty_sessions_are_listed_at_the_cost_of_one(studio: GameStudio) -> None:
    mira, tom = studio.streamer(), studio.streamer()
    studio.session(mira)
    for _ in range(21):
        studio.session(tom)
    studio.ask("sessions", broadcaster_id="twitch:nobody")  # takes a portion of the minute's points
    counts = []
    for link, many in ((mira, 1), (tom, 20)):
        with CaptureQueriesContext(connection) as queries:
            assert len(keys(studio.ask("sessions", broadcaster_id=named(link)))) == many
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Unchanged.


def test_g3_who_has_the_state_already_is_told_so_without_reading_it(studio: GameStudio) -> None:
    link = studio.streamer()
    session = studio.session(link, state='{"a":1}', revision=1)
    for call, parameters in ((f"sessions/{session.pk}", {}), ("sessions", {"broadcaster_id": named(link)})):
        first = studio.ask(call, **parameters)
        assert first["Cache-Control"] == "private, no-cache"
        assert "Authorization" in first["Vary"]
        with CaptureQueriesContext(connection) as queries:
            again = studio.ask(call, etag=first["ETag"], **parameters)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert not any('"state"' in query["sql"] for query in queries)
        assert again["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "change",
    [
        lambda: GameSession.objects.update(revision=2, state='{"a":2}'),
        lambda: GameSession.objects.update(connection="", gateway=""),
        lambda: GameSessionChannel.objects.update(live=True),
        lambda: GameSessionChannel.objects.all().delete(),
    ],
    ids=["state", "connection", "live", "channels"],
)
def test_g3_a_change_is_another_etag(studio: GameStudio, change: Any) -> None:
    session = studio.session(studio.streamer(), revision=1)
    first = studio.ask(f"sessions/{session.pk}")
    change()
    again = studio.ask(f"sessions/{session.pk}", etag=first["ETag"])
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]
    assert again.json() != first.json()


# Who sees it.


def test_a2_another_studios_session_does_not_exist(studio: GameStudio) -> None:
    other = GameStudio()
    link = other.streamer()
    session = other.session(link)
    nothing = studio.ask("sessions/01KAGD7Q3ZWB1V5G0S7T2N4M8C")
    for key in (session.pk, "%00", "%ED%A0%80", "x" * 300):
        answer = studio.ask(f"sessions/{key}")
        assert (answer.status_code, answer.content) == (404, nothing.content), key
    assert keys(studio.ask("sessions", broadcaster_id=named(link))) == []


def test_g2_only_sessions_of_games_that_the_client_is_allowed_are_seen(studio: GameStudio) -> None:
    further = make.make_game(studio.game.organization)
    link = studio.streamer()
    session = studio.session(link, game=further)
    assert studio.ask(f"sessions/{session.pk}").status_code == 404
    assert keys(studio.ask("sessions", broadcaster_id=named(link))) == []
    refused = studio.ask("sessions", broadcaster_id=named(link), game_id=further.pk)
    assert refused.status_code == 403
    make.allow_game_state(studio.client, further)
    assert studio.ask(f"sessions/{session.pk}").status_code == 200


def test_g3_a_session_that_another_client_of_the_studio_streams_is_seen_too(studio: GameStudio) -> None:
    session = studio.session(studio.streamer())
    reader = make.make_api_client(studio.game.organization, scopes=(GAME_STATE_READ,))
    make.allow_game_state(reader, studio.game)
    assert studio.ask(f"sessions/{session.pk}", make.make_api_token(reader)).status_code == 200


def test_g2_a_persons_token_sees_the_sessions_about_an_own_channel(studio: GameStudio) -> None:
    user = make.make_user()
    own, other = studio.streamer(user=user), studio.streamer()
    mine = studio.session(other, own, session_key="shared")
    theirs = studio.session(other, session_key="theirs")
    token = studio.persons(user, GAME_STATE_READ)
    assert keys(studio.ask("sessions", token)) == ["shared"]
    assert keys(studio.ask("sessions", token, broadcaster_id=named(own))) == ["shared"]
    assert keys(studio.ask("sessions", token, broadcaster_id=named(other))) == ["shared"]
    assert studio.ask(f"sessions/{mine.pk}", token).status_code == 200
    assert studio.ask(f"sessions/{theirs.pk}", token).status_code == 404
    Link.objects.filter(pk=own.pk).update(ended_at=NOW, end_reason=Link.EndReason.VIEWER)
    assert studio.ask(f"sessions/{mine.pk}", token).status_code == 404


def test_g2_a_channel_that_is_linked_with_another_game_is_no_own_channel_of_this_one(studio: GameStudio) -> None:
    user, further = make.make_user(), make.make_game(studio.game.organization)
    make.allow_game_state(studio.client, further)
    link = studio.streamer(user=user, game=further)
    session = studio.session(link)
    assert studio.ask(f"sessions/{session.pk}", studio.persons(user, GAME_STATE_READ)).status_code == 404


def test_a1_reading_needs_the_scope_of_reading(studio: GameStudio) -> None:
    user = make.make_user()
    session = studio.session(studio.streamer(user=user))
    for token in (
        studio.persons(user, GAME_STATE_WRITE),
        make.make_api_token(studio.client, scopes=(GAME_STATE_WRITE,)),
    ):
        answer = studio.ask(f"sessions/{session.pk}", token)
        assert (answer.status_code, answer.json()["message"]) == (403, "This needs the scope game-state:read.")


@pytest.mark.parametrize("text", ["12345", ":1", "twitch:", "Twitch:1", "\0:1", "twitch:" + "1" * 201])
def test_what_names_no_broadcaster_is_refused(studio: GameStudio, text: str) -> None:
    assert studio.ask("sessions", broadcaster_id=text).status_code == 400


# Refusals: each that is shown is really answered, word for word.

PATHS = {"getBroadcasters": "broadcasters", "getSessions": "sessions", "getSession": "sessions/none"}
SHOWN = [
    (operation, status, example.when)
    for operation in described().values()
    if operation.id in PATHS
    for status, answer in operation.answers.items()
    if status >= 400
    for example in answer.examples
]


@pytest.mark.parametrize(("operation", "status", "message"), SHOWN, ids=[f"{one.id}-{text}" for one, _s, text in SHOWN])
def test_a_refusal_that_is_shown_is_what_is_answered(
    operation: Operation, status: int, message: str, studio: GameStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters: dict[str, Any] = {"broadcaster_id": "twitch:1", "game_id": studio.game.pk, "player_id": "a"}
    token = None
    if "is missing" in message:
        del parameters[message.split(maxsplit=1)[0]]
    elif "must be" in message:
        parameters["broadcaster_id"] = "1"
    elif "may not use the state" in message:
        parameters["game_id"] = make.make_game(studio.game.organization).pk
    elif "no such game" in message:
        parameters["game_id"] = "of-another"
    elif "needs the scope" in message:
        token = make.make_api_token(studio.client, scopes=("claims:read",))
    elif "not enabled" in message:
        Organization.objects.update(enabled=False)
    elif message == "Unauthorized":
        token = "of-nobody"
    elif message == "Too Many Requests":
        type(studio.client).objects.update(points_per_minute=1)
        studio.ask(PATHS[operation.id], **parameters)
    elif message == "Internal server error":
        break_down(monkeypatch)
    answer = studio.ask(PATHS[operation.id], token, **parameters)
    assert (answer.status_code, answer.json()) == (status, {"status": status, "message": message})


def break_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(sessions, "visible_sessions", fail)
    monkeypatch.setattr(broadcasters, "broadcasters_of", fail)
