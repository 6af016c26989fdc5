"""Game events and gateways in the admin, the figure on a campaign's page, and what a game's page has of game state (G4, O3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from campaigns.game_state.tallies import add_tallies
from campaigns.models import CampaignReward, Channel, Game, GameSession
from tests.admin_pages import form_of, sign_in, url
from tests.factories import NOW, make_channel, make_user
from tests.fulfillment.admin.story import Studio
from tests.game_events import make_event_reward
from tests.game_sessions import SECOND, connected, make_game_event, make_game_session, make_gateway
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

PAGE = "campaigns.gameevent"


@pytest.fixture
def channel(studio: Studio) -> Channel:
    return make_channel(studio.organization, "twitch", name="Ada")


@pytest.fixture
def reward(studio: Studio) -> CampaignReward:
    return make_event_reward(studio.campaign, event_name="Boss defeated", event_cool_down_seconds=60)


@pytest.fixture
def session(studio: Studio, channel: Channel) -> GameSession:
    return make_game_session(studio.game, [channel], session_key="match-7")


def listed(client: Client, **query: Any) -> list[int]:
    answer = client.get(url(PAGE, "changelist"), query)
    assert answer.status_code == 200
    return sorted(row.number for row in answer.context["cl"].result_list)


def test_events_are_filtered_by_campaign_by_session_and_by_whether_they_are_settled(
    owner: Client, studio: Studio, reward: CampaignReward, session: GameSession
) -> None:
    make_game_event(session, reward, number=1, settled_at=NOW)
    make_game_event(session, reward, number=2)
    other = make_game_session(studio.game)
    make_game_event(other, reward, number=3)
    stranger = Studio()
    make_game_event(make_game_session(stranger.game), make_event_reward(stranger.campaign), number=9)
    assert listed(owner) == [1, 2, 3]
    assert listed(owner, session=session.pk) == [1, 2]
    assert listed(owner, settled="no") == [2, 3]
    assert listed(owner, settled="yes") == [1]
    assert listed(owner, campaign_reward__campaign__id__exact=studio.campaign.pk) == [1, 2, 3]
    assert listed(owner, campaign_reward__campaign__id__exact=stranger.campaign.pk) == []


def test_g4_the_page_of_an_event_tells_rule_value_session_and_how_many_earned_it(
    owner: Client, studio: Studio, reward: CampaignReward, session: GameSession
) -> None:
    event = make_game_event(session, reward, settled_at=NOW + 1.5 * SECOND, earned=1284)
    page = text_of(owner.get(url(PAGE, "change", event.pk)))
    for said in (
        "Boss defeated",
        "after 1.5 s",
        "1,284 viewers have earned the reward by it.",
        "$.boss changes to &quot;dead&quot;",
        "&quot;dead&quot;",
        "match-7",
        studio.campaign.name,
        "Ada (Twitch)",
        "2026-11-20 12:00:00 UTC",
    ):
        assert said in page, said


def test_g4_one_that_nobody_earned_or_settled_says_what_to_look_at(
    owner: Client, reward: CampaignReward, session: GameSession
) -> None:
    nobody = make_game_event(session, reward, settled_at=NOW)
    assert "Nobody has earned the reward by it: no heartbeat" in text_of(owner.get(url(PAGE, "change", nobody.pk)))
    waiting = make_game_event(session, reward, number=2, at=NOW - timedelta(minutes=5))
    page = text_of(owner.get(url(PAGE, "change", waiting.pk)))
    assert "overdue" in page
    assert "manage.py count" in page


def test_a_campaign_with_game_events_tells_how_many_there_were(
    owner: Client, studio: Studio, session: GameSession
) -> None:
    page = url("campaigns.campaign", "change", studio.campaign.pk)
    assert "Game events</dt>" not in owner.get(page).content.decode()
    reward = make_event_reward(studio.campaign)
    make_game_event(session, reward)
    make_game_event(session, reward, number=2)
    html = owner.get(page).content.decode()
    address = f"{url(PAGE, 'changelist')}?campaign_reward__campaign__id__exact={studio.campaign.pk}"
    assert f'<a href="{address}">2</a>' in html


def test_o3_a_gateway_that_is_not_heard_from_is_called_dead_and_one_that_was_stopped_is_not(
    owner: Client, studio: Studio
) -> None:
    minute = timedelta(minutes=1)
    alive = make_gateway()
    make_gateway(beat_at=NOW - minute)
    make_gateway(beat_at=NOW - 2 * minute, stopping_at=NOW - 2 * minute)
    make_gateway(stopping_at=NOW)
    make_game_session(studio.game, **connected(alive))
    make_game_session(Studio().game, **connected(alive))
    answer = owner.get(url("campaigns.gatewayprocess", "changelist"))
    page = text_of(answer)
    for said in ("at work", "dead: not heard from", "stopped", "stopping"):
        assert said in page, said
    assert [row.sessions for row in answer.context["gateways"] if "at work" in row.chip] == [1]
    assert "No gateway is heard from." not in page


def test_o3_while_all_are_dead_it_says_what_to_start(owner: Client) -> None:
    address = url("campaigns.gatewayprocess", "changelist")
    assert "None has run yet." in text_of(owner.get(address))
    make_gateway(beat_at=NOW - timedelta(minutes=1))
    page = text_of(owner.get(address))
    assert "No gateway is heard from." in page
    assert "manage.py gateway" in page


def test_i5_machines_and_totals_of_all_are_for_the_portals_administrator_only(owner: Client) -> None:
    make_gateway(host="machine-of-all", connections=4711)
    add_tallies({"refused:token_expired": 5, "refused:odd": 1, "closed:4002": 3, "closed:1006": 2}, now=NOW)
    address = url("campaigns.gatewayprocess", "changelist")
    page = text_of(owner.get(address))
    assert not [one for one in ("machine-of-all", "4,711", "token_expired") if one in page]
    administrator = sign_in(make_user(is_staff=True, is_superuser=True))
    page = text_of(administrator.get(address))
    for said in (
        "machine-of-all:4242",
        "4,711",
        "the token had expired token_expired 5",
        "odd odd 1",
        "silent for too long 4002 3",
        "lost: nobody said good-bye 1006 2",
    ):
        assert said in page, said


def test_g1_a_games_page_has_its_id_for_servers_the_silence_and_the_switch_for_recording(
    owner: Client, studio: Studio
) -> None:
    address = url("campaigns.game", "change", studio.game.pk)
    page = text_of(owner.get(address))
    assert studio.game.pk in page
    assert "longer than is set here is closed" in page
    values = form_of(owner, address, "game_form")
    values |= {"game_state_idle_seconds": "60", "record_game_state": "on"}
    assert owner.post(address, values).status_code == 302
    game = Game.objects.get(pk=studio.game.pk)
    assert (game.game_state_idle_seconds, game.record_game_state) == (60, True)
    answer = owner.post(address, {**values, "game_state_idle_seconds": "196"})
    assert "195" in text_of(answer)
    assert Game.objects.get(pk=studio.game.pk).game_state_idle_seconds == 60
