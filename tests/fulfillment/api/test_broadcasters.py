"""Game servers ask for whom they may stream, and who is live (G: only live streamers)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.game_state.live import NEVER, tell_streams
from campaigns.models import Channel, ChannelStream
from fulfillment.api.points import purses
from fulfillment.rules.scopes import CLAIMS_READ, GAME_STATE_READ, GAME_STATE_WRITE
from linking.authorizing.watching import watch
from linking.models import Link, ViewerAuthorization
from portal.models import Organization
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.game_state_studio import ROOT, GameStudio, named
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _at_noon(standing_clock: None) -> None:
    purses.forget()


@pytest.fixture
def studio(db: None) -> GameStudio:
    return GameStudio()


def ids(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer.content
    return {row["player_id"]: [one["id"] for one in row["broadcasters"]] for row in answer.json()["data"]}


def find(studio: GameStudio, *players: str, **more: Any) -> dict[str, list[str]]:
    return ids(studio.ask("broadcasters", game_id=studio.game.pk, player_id=players, **more))


# What is found.


def test_g_each_player_has_its_linked_broadcasters_in_the_order_that_was_asked_in(studio: GameStudio) -> None:
    mira, tom = studio.streamer("mira"), studio.streamer("tom", "kick")
    viewer = make.make_viewer(studio.game.organization, "kick")
    also = make.make_link(studio.game, viewer=viewer, player=mira.player)
    found = find(studio, "tom", "nobody", "mira", "tom")
    assert found == {"tom": [named(tom)], "nobody": [], "mira": [named(also), named(mira)]}
    assert list(found) == ["tom", "nobody", "mira"]


def test_g_a_broadcaster_comes_with_names_and_whether_it_is_live_and_since_when_that_is_known(
    studio: GameStudio,
) -> None:
    heard, told, over, unknown = (studio.streamer(name) for name in ("heard", "told", "over", "unknown"))
    beat(
        make_source(studio.game, platform="twitch"),
        viewers=["1"],
        minute=NOW - MINUTE,
        broadcaster=heard.viewer.platform_user_id,
    )
    tell_streams({studio.channel(told).pk: True, studio.channel(over).pk: False}, now=NOW - 5 * MINUTE)
    answer = studio.ask("broadcasters", game_id=studio.game.pk, player_id=["heard", "told", "over", "unknown"])
    rows = {row["player_id"]: row["broadcasters"][0] for row in answer.json()["data"]}
    assert rows["heard"] == {
        "id": named(heard),
        "platform": "twitch",
        "login": "mira",
        "name": "Mira",
        "live": True,
        "known_at": "2026-11-20T11:59:00Z",
    }
    assert (rows["told"]["live"], rows["told"]["known_at"]) == (True, "2026-11-20T11:55:00Z")
    assert (rows["over"]["live"], rows["over"]["known_at"]) == (False, "2026-11-20T11:55:00Z")
    assert (rows["unknown"]["live"], rows["unknown"]["known_at"]) == (False, None)
    assert rows["unknown"]["id"] == named(unknown)


def test_g_a_channel_that_was_asked_about_is_known_and_its_platform_will_be_asked(studio: GameStudio) -> None:
    find(studio, studio.streamer().player.player_id)
    assert Channel.objects.get().stream.told_at == NEVER
    find(studio, *Link.objects.values_list("player__player_id", flat=True))
    assert ChannelStream.objects.count() == 1


def test_g_who_unlinked_or_withdrew_the_authorization_is_no_broadcaster_any_more(studio: GameStudio) -> None:
    make.make_credential(studio.game.organization, "twitch")
    ended, lapsed = studio.streamer("ended"), studio.streamer("lapsed")
    watch(viewer=lapsed.viewer, now=NOW)
    assert find(studio, "ended", "lapsed") == {"ended": [named(ended)], "lapsed": [named(lapsed)]}
    Link.objects.filter(pk=ended.pk).update(ended_at=NOW, end_reason=Link.EndReason.VIEWER)
    ViewerAuthorization.objects.update(missing_since=NOW)
    assert find(studio, "ended", "lapsed") == {"ended": [], "lapsed": []}


def test_a2_players_of_another_game_or_studio_are_found_as_little_as_those_that_there_are_not(
    studio: GameStudio,
) -> None:
    studio.streamer("a", game=make.make_game(studio.game.organization))
    GameStudio().streamer("b")
    assert find(studio, "a", "b") == {"a": [], "b": []}


def test_g2_a_persons_token_finds_that_persons_own_players_alone(studio: GameStudio) -> None:
    user = make.make_user()
    own, other = studio.streamer("own", user=user), studio.streamer("other")
    token = studio.persons(user, GAME_STATE_WRITE)
    assert find(studio, "own", "other", token=token) == {"own": [named(own)], "other": []}
    assert find(studio, token=token) == {"own": [named(own)]}
    assert find(studio, "own", "other") == {"own": [named(own)], "other": [named(other)]}


def test_twenty_players_cost_as_many_queries_as_one(studio: GameStudio) -> None:
    source = make_source(studio.game, platform="twitch")
    links = [studio.streamer() for _ in range(20)]
    for link in links:
        beat(source, viewers=["1"], minute=NOW, broadcaster=link.viewer.platform_user_id)
    players = [link.player.player_id for link in links]
    find(studio, *players)
    counts = []
    for some in (players[:1], players):
        with CaptureQueriesContext(connection) as queries:
            assert len(find(studio, *some)) == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_hundred_players_are_looked_up_at_once_and_no_more(studio: GameStudio) -> None:
    players = [str(number) for number in range(101)]
    assert len(find(studio, *players[:100])) == 100
    answer = studio.ask("broadcasters", game_id=studio.game.pk, player_id=players)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "player_id may be given up to 100 times. It is there 101 times.",
    )


# Refused.


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"player_id": "a"}, "game_id is missing."),
        ({"game_id": "GAME"}, "player_id is missing: give it once for each player."),
        ({"game_id": ["GAME", "GAME"], "player_id": "a"}, "game_id may be given once. It is there 2 times."),
        ({"game_id": "GAME", "player_id": ""}, "player_id must have 1 to 200 characters, no control characters."),
        ({"game_id": "GAME", "player_id": "\0"}, "player_id must have 1 to 200 characters, no control characters."),
        ({"game_id": "x" * 201, "player_id": "a"}, "game_id must have 1 to 200 characters, no control characters."),
    ],
)
def test_what_is_missing_or_wrong_is_said(studio: GameStudio, parameters: dict[str, Any], message: str) -> None:
    def filled(value: Any) -> Any:
        return [filled(one) for one in value] if isinstance(value, list) else value.replace("GAME", studio.game.pk)

    answer = studio.ask("broadcasters", **{name: filled(value) for name, value in parameters.items()})
    assert (answer.status_code, answer.json()) == (400, {"status": 400, "message": message})


def test_a2_another_studios_game_does_not_exist_and_one_that_is_not_allowed_is_refused(studio: GameStudio) -> None:
    answers = [studio.ask("broadcasters", game_id=game, player_id="a") for game in (GameStudio().game.pk, "of-nobody")]
    assert {(one.status_code, one.content) for one in answers} == {(404, answers[0].content)}
    further = make.make_game(studio.game.organization)
    assert studio.ask("broadcasters", game_id=further.pk, player_id="a").status_code == 403


@pytest.mark.parametrize(
    ("scopes", "status"), [((GAME_STATE_WRITE,), 200), ((GAME_STATE_READ,), 200), ((CLAIMS_READ,), 403)]
)
def test_a1_either_scope_of_game_state_is_enough(scopes: tuple[str, ...], status: int) -> None:
    studio = GameStudio(scopes=scopes)
    assert studio.ask("broadcasters", game_id=studio.game.pk, player_id="a").status_code == status


def test_a1_a_person_who_was_not_asked_by_name_has_allowed_nothing_here(studio: GameStudio) -> None:
    user = make.make_user()
    studio.streamer("own", user=user)
    answer = studio.ask("broadcasters", studio.persons(user), game_id=studio.game.pk, player_id="own")
    assert (answer.status_code, answer.json()) == (
        403,
        {"status": 403, "message": "This needs the scope game-state:read or game-state:write."},
    )


def test_a1_without_a_good_token_nobody_is_told_anything(studio: GameStudio) -> None:
    for token in ("of-nobody", "", make.make_api_token(studio.client, expires_at=NOW - MINUTE)):
        answer = studio.ask("broadcasters", token, game_id=studio.game.pk, player_id="a")
        assert (answer.status_code, answer.json()) == (401, {"status": 401, "message": "Unauthorized"})
        assert answer["WWW-Authenticate"] == "Bearer"
    Organization.objects.update(enabled=False)
    assert studio.ask("broadcasters", game_id=studio.game.pk, player_id="a").status_code == 403


def test_s4_a_call_too_many_is_refused_and_told_when_to_come_back() -> None:
    studio = GameStudio(points_per_minute=1)
    assert find(studio, "a") == {"a": []}
    answer = studio.ask("broadcasters", game_id=studio.game.pk, player_id="a")
    assert (answer.status_code, answer.json()["message"], answer["Retry-After"]) == (429, "Too Many Requests", "60")


# Browsers.


@pytest.mark.parametrize("call", ["broadcasters", "sessions", "sessions/01KAGD7Q3ZWB1V5G0S7T2N4M8C"])
def test_pages_of_every_site_may_call_with_a_token_and_read_refusals_too(call: str) -> None:
    asked = {
        "Origin": "https://overlay.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,if-none-match",
    }
    preflight = Client().options(ROOT + call, headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight["Access-Control-Allow-Origin"] == "*"
    assert preflight["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert preflight["Access-Control-Allow-Headers"] == "Authorization, If-None-Match"
    refused = Client().get(ROOT + call, headers={"Origin": "https://overlay.example"})
    assert (refused.status_code, refused["Access-Control-Allow-Origin"]) == (401, "*")
    assert "ETag" in refused["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in refused


def test_nothing_else_of_the_portal_may_be_called_by_pages_of_other_sites() -> None:
    for path in ("/helix/entitlements/drops", "/public/v1/drops/claims", "/oauth2/token"):
        assert "Access-Control-Allow-Origin" not in Client().get(path, headers={"Origin": "https://x.example"})


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_only_reading_is_possible(studio: GameStudio, method: str) -> None:
    answer = getattr(Client(), method)(ROOT + "sessions", headers={"Authorization": f"Bearer {studio.token}"})
    assert (answer.status_code, answer.json()["status"]) == (405, 405)
