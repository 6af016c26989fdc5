"""What an organization is told of its game servers: the card on the start page, and who was refused and why (G2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from campaigns.game_state.admission import Asking, doorkeeper
from campaigns.rules.game_state.codes import Refused
from fulfillment.api_clients import revoke
from fulfillment.game_state.card import game_state_card
from fulfillment.game_state.refusals import refusals_since
from fulfillment.models import ApiClient, GameStateClient, GameStateRefusal
from fulfillment.rules.scopes import CLAIMS_READ
from portal.dashboard import Card
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, allow_game_state, make_api_client, make_api_token, make_channel
from tests.fulfillment.admin.story import Studio
from tests.game_events import make_event_reward
from tests.game_sessions import SECOND, make_game_event, make_game_session, make_gateway
from tests.linking.walk import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


@pytest.fixture
def backend(studio: Studio) -> ApiClient:
    client = make_api_client(studio.organization, name="Match servers")
    allow_game_state(client, studio.game)
    return client


def card_of(client: Client, studio: Studio) -> Card | None:
    request = client.get(reverse("admin:organization")).wsgi_request
    return game_state_card(request, studio.organization)


def lines_of(card: Card | None) -> dict[str, str]:
    assert card is not None
    return {line.label: line.value for line in card.lines}


def knock(client: ApiClient, **asked: Any) -> None:
    """Have a game server of the client connect and be refused."""
    values = {"token": make_api_token(client), "game_id": "x", "broadcaster_ids": ("twitch:1",), **asked}
    with pytest.raises(Refused):
        doorkeeper().admit(Asking(**values), now=NOW)


def test_there_is_no_card_where_no_client_may_send_and_none_ever_did(owner: Client, studio: Studio) -> None:
    make_game_session(Studio().game)
    make_api_client(studio.organization)
    assert card_of(owner, studio) is None


def test_it_tells_sessions_those_with_a_live_channel_and_the_events_of_an_hour(
    owner: Client, studio: Studio, backend: ApiClient
) -> None:
    channels = [make_channel(studio.organization), make_channel(studio.organization)]
    session = make_game_session(studio.game, channels, live=channels)
    make_game_session(studio.game, channels)
    make_game_session(studio.game, channels, live=channels, ended_at=NOW, end_code="abandoned")
    reward = make_event_reward(studio.campaign)
    make_game_event(session, reward, at=NOW - timedelta(minutes=59), settled_at=NOW)
    make_game_event(session, reward, number=2, at=NOW - timedelta(minutes=61), settled_at=NOW)
    assert lines_of(card_of(owner, studio)) == {
        "Open sessions": "2",
        "Sessions with a live channel": "1",
        "Game events, last hour": "1",
    }


def test_events_that_nobody_settles_and_a_gateway_that_died_ask_for_a_look(
    owner: Client, studio: Studio, backend: ApiClient
) -> None:
    session = make_game_session(studio.game)
    make_game_event(session, make_event_reward(studio.campaign), due_at=NOW - timedelta(minutes=2))
    make_gateway(beat_at=NOW - timedelta(minutes=2))
    card = card_of(owner, studio)
    lines = lines_of(card)
    assert lines["Game events nobody settles"] == "1"
    assert lines["Gateway"] == "not heard from"
    assert card is not None and "manage.py gateway" in card.text


def test_it_says_what_comes_next_while_nothing_connects(owner: Client, studio: Studio, backend: ApiClient) -> None:
    card = card_of(owner, studio)
    assert card is not None and "No game server has connected yet." in card.text
    backend.oauth.set_scopes([CLAIMS_READ])
    backend.oauth.save()
    card = card_of(owner, studio)
    assert card is not None and "lack the scope" in card.text
    assert card.url == url("fulfillment.apiclient", "changelist")
    make_game_session(studio.game)
    GameStateClient.objects.all().delete()
    card = card_of(owner, studio)
    assert card is not None and "No API client is allowed" in card.text
    producer = card_of(sign_in(studio.members[Role.PRODUCER]), studio)
    assert producer is not None and producer.url == ""


def test_a_revoked_client_is_no_client(owner: Client, studio: Studio, backend: ApiClient) -> None:
    revoke(client=backend, actor=studio.members[Role.OWNER], now=NOW)
    card = card_of(owner, studio)
    assert card is not None and "revoked or expired" in card.text


def test_g2_who_was_refused_is_told_with_the_reason(owner: Client, studio: Studio, backend: ApiClient) -> None:
    knock(backend)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        assert (
            lines_of(card_of(owner, studio))["Refused: a game that is not known"] == "Match servers, 5\xa0minutes ago"
        )
        page = text_of(owner.get(url("campaigns.gamesession", "changelist")))
    assert "a game that is not known (Match servers," in page
    assert "Developers take the game&#x27;s id from its page here." in page


def test_s1_analysts_are_not_told_which_client_it_was(studio: Studio, backend: ApiClient) -> None:
    knock(backend)
    analyst = sign_in(studio.members[Role.ANALYST])
    assert lines_of(card_of(analyst, studio))["Refused: a game that is not known"] == "less than a minute ago"
    page = text_of(analyst.get(url("campaigns.gamesession", "changelist")))
    assert "a game that is not known" in page
    assert "Match servers" not in page


def test_g2_each_reason_is_kept_once_with_its_last_time(studio: Studio, backend: ApiClient) -> None:
    knock(backend)
    knock(backend, game_id=studio.game.pk)
    knock(backend, token=make_api_token(backend, expires_at=NOW - SECOND))
    knock(backend)
    found = refusals_since(studio.organization.pk, NOW)
    assert sorted(one.code for one in found) == ["broadcaster_not_linked", "game_unknown", "token_expired"]
    assert {one.client for one in found} == {"Match servers"}
    assert refusals_since(studio.organization.pk, NOW + SECOND) == []


def test_g2_a_server_that_tries_again_and_again_writes_once_in_ten_seconds(backend: ApiClient) -> None:
    knock(backend)
    GameStateRefusal.objects.update(last_at=NOW - 9 * SECOND)
    knock(backend)
    assert GameStateRefusal.objects.get().last_at == NOW - 9 * SECOND
    GameStateRefusal.objects.update(last_at=NOW - 10 * SECOND)
    knock(backend)
    assert GameStateRefusal.objects.get().last_at == NOW


def test_g2_a_token_of_nobody_tells_nobody_anything(backend: ApiClient) -> None:
    knock(backend, token="made-up")
    knock(backend, token="Bearer x")
    assert not GameStateRefusal.objects.exists()


def test_i5_another_organizations_refusals_are_not_told(studio: Studio, backend: ApiClient) -> None:
    knock(backend)
    assert refusals_since(Studio().organization.pk, NOW) == []
