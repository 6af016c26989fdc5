"""The list of game sessions: how each stands, found by what people have at hand, masked where it must be (G3, S1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import Channel, GatewayProcess
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_channel
from tests.fulfillment.admin.story import Studio
from tests.game_sessions import connected, make_game_session, make_gateway
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

PAGE = "campaigns.gamesession"


@pytest.fixture
def channel(studio: Studio) -> Channel:
    return make_channel(studio.organization, "twitch", platform_channel_id="12345", login="ada", name="Ada")


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(url(PAGE, "changelist"), query)
    assert answer.status_code == 200
    return [row.session_key for row in answer.context["cl"].result_list]


def test_newest_first_and_filtered_by_how_they_stand_by_game_and_by_whose_word_it_is(
    support: Client, studio: Studio, channel: Channel, gateway: GatewayProcess
) -> None:
    dead = make_gateway(beat_at=NOW - timedelta(minutes=1))
    game = studio.game
    make_game_session(game, session_key="over", ended_at=NOW, end_code="disconnected")
    make_game_session(game, session_key="lost", **connected(dead))
    make_game_session(game, session_key="waits")
    make_game_session(game, [channel], live=[channel], session_key="live", **connected(gateway))
    make_game_session(game, [channel], session_key="player", authoritative=False, **connected(gateway))
    make_game_session(Studio().game, session_key="theirs", **connected(gateway))
    everything = ["player", "live", "waits", "lost", "over"]
    assert sorted(listed(support)) == sorted(everything)
    for query, wanted in (
        ({"state": "open"}, ["player", "live", "waits", "lost"]),
        ({"state": "live"}, ["live"]),
        ({"state": "connected"}, ["player", "live"]),
        ({"state": "interrupted"}, ["waits", "lost"]),
        ({"state": "ended"}, ["over"]),
        ({"state": "nonsense"}, everything),
        ({"from": "player"}, ["player"]),
        ({"game__id__exact": game.pk}, everything),
    ):
        assert sorted(listed(support, **query)) == sorted(wanted), query


def test_found_by_session_id_by_channel_and_by_client_each_exactly(
    support: Client, studio: Studio, channel: Channel
) -> None:
    other = make_channel(studio.organization, "kick", platform_channel_id="12345", login="bob")
    make_game_session(studio.game, [channel], session_key="one", client_id="c-1", client_name="Match servers")
    make_game_session(studio.game, [other], session_key="two", client_id="c-2", client_name="Lobby")
    for term, wanted in (
        ("one", ["one"]),
        ("on", []),
        ("Ada", ["one"]),
        ("ada", ["one"]),
        ("twitch:12345", ["one"]),
        ("kick:12345", ["two"]),
        ("12345", ["one", "two"]),
        ("c-2", ["two"]),
        ("match SERVERS", ["one"]),
    ):
        assert sorted(listed(support, q=term)) == wanted, term


def test_a_row_says_how_much_is_sent_of_what_is_allowed_and_what_went_wrong(
    support: Client, studio: Studio, channel: Channel, gateway: GatewayProcess
) -> None:
    make_game_session(
        studio.game,
        [channel],
        live=[channel],
        session_key="match-7",
        events=4,
        refused=7,
        last_refusal="delta_too_large",
        **connected(gateway),
    )
    page = text_of(support.get(url(PAGE, "changelist")))
    for said in (
        "match-7",
        "connected",
        "Ada (Twitch)",
        "live",
        "Match servers, the game&#x27;s server",
        "15 of 60 this minute",
        "17 of 102,400 bytes",
        "last message less than a minute ago",
        "4 game events",
        "7 refused, the last: a change too large",
    ):
        assert said in page, said


def test_the_messages_of_an_earlier_minute_are_not_of_this_one(support: Client, studio: Studio) -> None:
    make_game_session(studio.game)
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert "0 of 60 this minute" in text_of(support.get(url(PAGE, "changelist")))


def test_s1_analysts_see_neither_the_games_ids_nor_clients_and_do_not_find_by_them(
    studio: Studio, channel: Channel
) -> None:
    analyst = sign_in(studio.members[Role.ANALYST])
    make_game_session(studio.game, [channel], session_key="player-42-match", client_id="secret-client")
    page = text_of(analyst.get(url(PAGE, "changelist")))
    assert "pl••••••" in page
    assert "player-42" not in page
    assert "Match servers" not in page
    for term in ("player-42-match", "secret-client", "Match servers"):
        assert listed(analyst, q=term) == []
    assert listed(analyst, q="ada") == ["player-42-match"]


def test_an_empty_list_says_what_a_game_server_needs(support: Client) -> None:
    assert "Nothing has connected yet." in text_of(support.get(url(PAGE, "changelist")))
