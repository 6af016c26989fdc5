"""What is kept of a session: taken up by one connection at a time, state and events together (G3, G4, O4)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from campaigns.game_state.storing import (
    ABANDONED_AFTER,
    NewEvent,
    end_abandoned,
    end_session,
    take_orders,
    write_sessions,
)
from campaigns.models import (
    CampaignReward,
    Channel,
    Game,
    GameEvent,
    GameEventChannel,
    GameSession,
    GameSessionChannel,
    GatewayOrder,
)
from campaigns.rules.game_state.events import Happened
from tests import factories as make
from tests.factories import NOW
from tests.game_events import begin, make_channel, make_event_reward, write_of
from tests.watching import make_counted_campaign

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def channel(game: Game) -> Channel:
    return make_channel(game)


@pytest.fixture
def reward(game: Game) -> CampaignReward:
    return make_event_reward(make_counted_campaign(game, minutes=[]))


def event(reward: CampaignReward, number: int = 1) -> NewEvent:
    return NewEvent(campaign_reward_id=reward.pk, number=number, at=NOW, value="dead")


def test_g3_a_session_is_taken_up_again_with_its_state_and_what_has_happened(
    game: Game, channel: Channel, reward: CampaignReward
) -> None:
    first, connection = begin(game, [channel], now=NOW)
    assert (first.resumed, first.state, first.revision, first.happened) == (False, None, 0, {})
    state = json.dumps({"boss": "dead"})
    one = write_of(first, connection, at=NOW, state=state, revision=7, channels=(channel.pk,), events=(event(reward),))
    assert write_sessions([one], now=NOW).events == 1
    write_sessions([write_of(first, connection, at=NOW, state=state, revision=7, let_go=True)], now=NOW)
    again, _ = begin(game, [channel], now=NOW + SECOND)
    assert (again.session_id, again.resumed, again.state, again.revision) == (first.session_id, True, state, 7)
    assert again.happened == {reward.pk: Happened(count=1, last_at=NOW)}
    assert not GatewayOrder.objects.exists()
    session = GameSession.objects.get()
    assert (session.connections, session.events, session.messages) == (2, 1, 2)


def test_g4_a_session_of_which_nothing_was_written_yet_has_no_state_to_be_compared_with(
    game: Game, channel: Channel
) -> None:
    begin(game, [channel], now=NOW)  # and its gateway is killed before it wrote the first state
    again, _ = begin(game, [channel], now=NOW + SECOND)
    assert (again.resumed, again.state, again.revision) == (True, None, 0)


def test_g4_an_event_whose_reward_is_gone_takes_no_other_along(
    game: Game, channel: Channel, reward: CampaignReward
) -> None:
    gone = make_event_reward(reward.campaign)
    begun, connection = begin(game, [channel], now=NOW)
    events = (event(gone), event(reward))
    gone.delete()
    one = write_of(begun, connection, at=NOW, revision=1, channels=(channel.pk,), events=events)
    assert write_sessions([one], now=NOW).events == 1
    assert GameEvent.objects.get().campaign_reward == reward
    assert GameSession.objects.get().events == 1


def test_g3_a_second_connection_replaces_the_first_which_writes_nothing_more(
    game: Game, channel: Channel, reward: CampaignReward
) -> None:
    first, old = begin(game, [channel], now=NOW)
    _second, new = begin(game, [channel], now=NOW + SECOND)
    assert take_orders("gateway-1") == [(old, GatewayOrder.Deed.REPLACE)]
    assert take_orders("gateway-1") == []
    late = write_of(first, old, at=NOW, state='{"old": 1}', channels=(channel.pk,), events=(event(reward),))
    written = write_sessions([late, write_of(first, new, at=NOW, state='{"new": 1}')], now=NOW)
    assert (written.overtaken, written.events) == ({old}, 0)
    assert GameSession.objects.get().state == '{"new": 1}'
    assert not GameEvent.objects.exists()


def test_g4_a_batch_whose_commit_was_not_heard_of_is_written_again_without_a_second_event(
    game: Game, channel: Channel, reward: CampaignReward
) -> None:
    begun, connection = begin(game, [channel], now=NOW)
    write = write_of(begun, connection, at=NOW, channels=(channel.pk,), events=(event(reward),))
    assert [write_sessions([write], now=NOW).events for _ in range(2)] == [1, 0]
    assert GameEvent.objects.count() == GameEventChannel.objects.count() == 1


def test_g4_what_others_than_the_games_own_server_sent_tells_nothing_about_what_was(
    game: Game, channel: Channel
) -> None:
    begun, connection = begin(game, [channel], now=NOW, authoritative=False)
    write_sessions([write_of(begun, connection, at=NOW, state='{"boss": "dead"}')], now=NOW)
    trusted, _ = begin(game, [channel], now=NOW)
    assert (trusted.resumed, trusted.state) == (True, None)
    assert GameSession.objects.get().authoritative


def test_g3_each_client_game_and_key_has_a_session_of_its_own(game: Game, channel: Channel) -> None:
    other = make.make_game(game.organization)
    keys = {
        begin(where, [channel], now=NOW, key=key, client_id=client)[0].session_id
        for where in (game, other)
        for key in ("a", "b")
        for client in ("one", "two")
    }
    assert len(keys) == 8


def test_g3_after_its_end_a_session_of_the_same_key_is_a_new_one(game: Game, channel: Channel) -> None:
    begun, connection = begin(game, [channel], now=NOW)
    write_sessions([write_of(begun, connection, at=NOW, end_code="disconnected")], now=NOW + SECOND)
    over = GameSession.objects.get()
    assert (over.ended_at, over.end_code, over.connection) == (NOW + SECOND, "disconnected", "")
    assert begin(game, [channel], now=NOW)[0].state is None
    assert write_sessions([write_of(begun, connection, at=NOW)], now=NOW).overtaken == {connection}


def test_g2_a_session_is_about_the_channels_that_it_was_taken_up_with(game: Game, channel: Channel) -> None:
    second, third = make_channel(game, "901"), make_channel(game, "902", "twitch")
    begun, _ = begin(game, [channel, second], now=NOW)
    again, connection = begin(game, [second, third], now=NOW)
    rows = GameSessionChannel.objects.filter(session=begun.session_id)
    assert set(rows.values_list("channel", "live")) == {(second.pk, False), (third.pk, False)}
    live = write_of(again, connection, at=NOW, channels=(third.pk,), live=frozenset({third.pk}))
    write_sessions([live], now=NOW)
    assert list(rows.values_list("channel", "live")) == [(third.pk, True)]


def test_g3_a_session_that_staff_ends_is_over_at_once_and_its_gateway_is_told(game: Game, channel: Channel) -> None:
    begun, connection = begin(game, [channel], now=NOW)
    assert end_session(session_id=begun.session_id, code="dropped", now=NOW)
    assert not end_session(session_id=begun.session_id, code="dropped", now=NOW)
    assert take_orders("gateway-1") == [(connection, GatewayOrder.Deed.DROP)]
    assert write_sessions([write_of(begun, connection, at=NOW)], now=NOW).overtaken == {connection}


def test_g3_a_session_whose_server_does_not_come_back_is_over_after_ten_minutes(game: Game, channel: Channel) -> None:
    begin(game, [channel], now=NOW, key="held")
    waiting, connection = begin(game, [channel], now=NOW, key="waiting")
    write_sessions([write_of(waiting, connection, at=NOW, let_go=True)], now=NOW)
    late = NOW + ABANDONED_AFTER + SECOND
    assert end_abandoned(now=NOW + ABANDONED_AFTER, alive=["gateway-1"]) == 0
    assert end_abandoned(now=late, alive=["gateway-1"]) == 1
    assert GameSession.objects.get(session_key="waiting").end_code == "abandoned"
    assert end_abandoned(now=late, alive=["another"]) == 1
    assert not GameSession.objects.filter(ended_at=None).exists()
