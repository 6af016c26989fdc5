"""The page of one game session, and dropping it (G3, G4, S1, S5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.game_state.storing import ABANDONED_AFTER
from campaigns.models import Channel, GameSession, GatewayOrder, GatewayProcess
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_channel
from tests.fulfillment.admin.story import Studio
from tests.game_events import make_event_reward
from tests.game_sessions import SECOND, connected, make_game_event, make_game_session, make_gateway, make_recording
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

PAGE = "campaigns.gamesession"


@pytest.fixture
def channel(studio: Studio) -> Channel:
    return make_channel(studio.organization, "twitch", name="Ada")


def page_of(client: Client, session: GameSession, **query: Any) -> str:
    answer = client.get(url(PAGE, "change", session.pk), query)
    assert answer.status_code == 200
    return text_of(answer)


def test_it_says_how_the_session_stands_and_what_it_used_of_its_limits(
    support: Client, studio: Studio, channel: Channel, gateway: GatewayProcess
) -> None:
    session = make_game_session(studio.game, [channel], live=[channel], revision=41, **connected(gateway))
    page = page_of(support, session)
    for said in (
        "A game server is connected.",
        "15 of 60",
        "17 of 102,400 bytes",
        "the game&#x27;s own server: its game events earn rewards",
        "client-1",
        "Nothing was refused.",
        "No game event of your campaigns happened in this session so far.",
        "Ada (Twitch)",
    ):
        assert said in page, said
    assert "None of its channels is live" not in page


def test_one_that_was_interrupted_says_why_and_until_when_it_waits(support: Client, studio: Studio) -> None:
    session = make_game_session(studio.game, last_refusal="idle", last_refused_at=NOW - SECOND, refused=1)
    page = page_of(support, session)
    assert "No game server is connected. Its connection was closed by the portal: silent for too long." in page
    until = f"{session.last_message_at + ABANDONED_AFTER:%H:%M:%S} UTC"
    assert f"if none has by {until}, it ends." in page
    assert "None of its channels is live." in page


def test_a_refusal_that_left_the_line_open_is_not_taken_for_why_it_was_closed(support: Client, studio: Studio) -> None:
    session = make_game_session(studio.game, last_refusal="bad_patch", last_refused_at=NOW - SECOND, refused=2)
    page = page_of(support, session)
    assert "closed by the portal" not in page
    assert "Something was refused 2 times, the last time: a change that does not apply" in page


def test_o4_one_whose_gateway_died_says_that_its_server_comes_back(support: Client, studio: Studio) -> None:
    dead = make_gateway(beat_at=NOW - timedelta(minutes=1))
    session = make_game_session(studio.game, **connected(dead))
    assert "The gateway that held its connection is not heard from." in page_of(support, session)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("disconnected", "The game&#x27;s server said that it is over."),
        ("abandoned", "Its server did not come back within 10 minutes."),
        ("dropped", "A member of staff dropped it."),
    ],
)
def test_one_that_ended_says_why_and_does_not_update_itself(
    producer: Client, studio: Studio, code: str, told: str
) -> None:
    session = make_game_session(studio.game, ended_at=NOW, end_code=code)
    page = page_of(producer, session)
    assert f"It ended at 2026-11-20 12:00:00 UTC. {told}" in page
    assert "data-live-from" not in producer.get(url(PAGE, "change", session.pk)).content.decode()
    assert "Drop session" not in page


def test_the_state_is_shown_in_parts_and_as_text_only(support: Client, studio: Studio) -> None:
    state = {"note": "<script>alert(1)</script>", "players": [{"name": f"Player {n}", "kills": n} for n in range(9)]}
    session = make_game_session(studio.game, state=state)
    html = support.get(url(PAGE, "change", session.pk)).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "list of 9" in html
    assert "&quot;name&quot;: &quot;Player 8&quot;" in html


def test_of_a_large_state_the_page_shows_a_part_and_the_file_has_all(support: Client, studio: Studio) -> None:
    state = {f"unit_{n}": {"cells": list(range(60))} for n in range(240)}
    session = make_game_session(studio.game, state=state)
    answer = support.get(url(PAGE, "change", session.pk))
    assert "140 more names are not shown here." in text_of(answer)
    assert "There is more of it than is shown here." in text_of(answer)
    assert len(answer.content) < 500_000
    whole = support.get(url(PAGE, "state", session.pk))
    assert whole.json() == state
    assert "no-store" in whole.headers["Cache-Control"]


def test_g4_the_events_that_happened_in_it_are_named_with_who_earned_them(
    support: Client, studio: Studio, channel: Channel
) -> None:
    reward = make_event_reward(studio.campaign, event_name="Boss defeated")
    session = make_game_session(studio.game, [channel], events=1)
    event = make_game_event(session, reward, settled_at=NOW + 1.3 * SECOND, earned=1284)
    page = page_of(support, session)
    for said in ("1 game event of your campaigns", "Boss defeated", studio.campaign.name, "1,284", "after 1.3 s"):
        assert said in page, said
    assert (
        url("campaigns.gameevent", "change", event.pk) in support.get(url(PAGE, "change", session.pk)).content.decode()
    )


def test_its_recording_is_at_hand(support: Client, studio: Studio) -> None:
    session = make_game_session(studio.game)
    recording = make_recording(session, ("connect", {}))
    html = support.get(url(PAGE, "change", session.pk)).content.decode()
    assert url("campaigns.gamerecording", "change", recording.pk) in html


def test_the_changing_part_alone_is_the_same_while_nothing_changes_and_stops_when_asked(
    support: Client, studio: Studio, channel: Channel, gateway: GatewayProcess
) -> None:
    session = make_game_session(studio.game, [channel], live=[channel], **connected(gateway))
    address = url(PAGE, "change", session.pk)
    html = support.get(address).content.decode()
    assert 'data-live-from="' in html
    part = support.get(address, {"live": "1"})
    assert "<h1" not in part.content.decode()
    assert "csrf" not in part.content.decode()
    again = support.get(address, {"live": "1"}, headers={"If-None-Match": part.headers["ETag"]})
    assert again.status_code == 304
    assert 'data-live-from="' not in support.get(address, {"still": "1"}).content.decode()


def test_s1_analysts_see_figures_and_no_contents(studio: Studio, channel: Channel) -> None:
    analyst = sign_in(studio.members[Role.ANALYST])
    session = make_game_session(
        studio.game, [channel], session_key="player-42-match", state={"who": "Rita"}, client_name="Secret servers"
    )
    reward = make_event_reward(studio.campaign)
    event = make_game_event(session, reward, value='"Rita"')
    pages = [
        analyst.get(url(PAGE, "change", session.pk)),
        analyst.get(url(PAGE, "change", session.pk), {"live": "1"}),
        analyst.get(url("campaigns.gameevent", "change", event.pk)),
        analyst.get(url("campaigns.gameevent", "changelist")),
    ]
    for answer in pages:
        assert answer.status_code == 200
        text = answer.content.decode()
        assert not [secret for secret in ("player-42", "Rita", "Secret servers") if secret in text]
    assert "Your role does not see it." in text_of(pages[0])
    assert analyst.get(url(PAGE, "state", session.pk)).status_code == 403
    assert analyst.get(url(PAGE, "history", session.pk)).status_code == 404


def test_s5_dropping_asks_for_the_reason_ends_the_session_and_has_its_connection_closed(
    producer: Client, studio: Studio, gateway: GatewayProcess
) -> None:
    session = make_game_session(studio.game, **connected(gateway))
    address = url(PAGE, "drop", session.pk)
    page = text_of(producer.get(address))
    assert "The game&#x27;s server may connect again at once" in page
    assert "ask an owner to take this game from the API client first" in page
    assert producer.post(address, {"reason": " "}).status_code == 200
    assert GameSession.objects.get().ended_at is None
    answer = producer.post(address, {"reason": "Cheating"}, follow=True)
    assert "The session is dropped." in text_of(answer)
    session = GameSession.objects.get()
    assert (session.ended_at, session.end_code) == (NOW, "dropped")
    order = GatewayOrder.objects.get()
    assert (order.gateway, order.deed) == (gateway.pk, "drop")
    entry = AuditEntry.objects.get(object_id=session.pk)
    assert (entry.action, entry.reason, entry.actor) == (
        "dropped game session",
        "Cheating",
        studio.members[Role.PRODUCER],
    )
    assert "Cheating" in text_of(producer.get(url(PAGE, "history", session.pk)))


def test_dropping_what_is_over_changes_nothing(producer: Client, studio: Studio) -> None:
    session = make_game_session(studio.game, ended_at=NOW, end_code="abandoned")
    answer = producer.post(url(PAGE, "drop", session.pk), {"reason": "x"}, follow=True)
    assert "was over already" in text_of(answer)
    assert GameSession.objects.get().end_code == "abandoned"
    assert not AuditEntry.objects.filter(object_id=session.pk).exists()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ANALYST])
def test_s1_who_may_not_edit_campaigns_drops_nothing(studio: Studio, role: Role) -> None:
    session = make_game_session(studio.game)
    client = sign_in(studio.members[role])
    assert client.post(url(PAGE, "drop", session.pk), {"reason": "x"}).status_code == 403
    assert "Drop session" not in page_of(client, session)
    assert GameSession.objects.get().ended_at is None


def test_the_page_needs_as_many_queries_for_twenty_channels_and_events_as_for_one(
    support: Client, studio: Studio, channel: Channel
) -> None:
    reward = make_event_reward(studio.campaign)
    session = make_game_session(studio.game, [channel])
    make_game_event(session, reward)
    page_of(support, session)
    with CaptureQueriesContext(connection) as one:
        page_of(support, session)
    for number in range(2, 21):
        session.channels.create(channel=make_channel(studio.organization))
        make_game_event(session, reward, number=number)
    with CaptureQueriesContext(connection) as twenty:
        page_of(support, session)
    assert len(twenty) == len(one)
