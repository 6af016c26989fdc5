"""G4: what the gateway finds in the states that it is sent, and when it is stored."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from campaigns.game_state.gateway.writing import Piece, Stored, store
from campaigns.models import Campaign, CampaignReward, Channel, Game, GameEvent, GameSession
from tests.game_events import make_event_reward
from tests.gateways import Clock, Doorkeeper, RunningGateway, Server, opened
from tests.watching import make_counted_campaign


@pytest.fixture
def campaign(game: Game) -> Campaign:
    return make_counted_campaign(game, platform="twitch", minutes=())


@pytest.fixture
def dead_boss(campaign: Campaign) -> CampaignReward:
    return make_event_reward(campaign, event_path="$.boss.state", event_value='"dead"')


def kill(server: Server) -> None:
    server.send({"type": "delta", "data": {"boss": {"state": "dead"}}})


def revive(server: Server) -> None:
    server.send({"type": "delta", "data": {"boss": {"state": "awake"}}})


def test_g4_an_event_is_stored_at_once_with_the_state_that_it_came_from(
    gateway: RunningGateway,
    server: Server,
    game: Game,
    channels: list[Channel],
    dead_boss: CampaignReward,
    clock: Clock,
) -> None:
    server.connect(game)
    clock.forward(61.5)
    kill(server)
    gateway.until(GameEvent.objects.exists)  # nobody flushed
    event = GameEvent.objects.get()
    assert (event.campaign_reward, event.number, event.at, event.due_at) == (dead_boss, 1, clock.now, clock.now)
    assert event.value == '"dead"'
    assert {one.channel_id for one in event.channels.all()} == {one.pk for one in channels}
    assert json.loads(event.session.state) == {"boss": {"state": "dead"}}
    assert event.session.events == 1


def test_g4_each_time_it_happens_it_is_numbered_and_what_a_rule_holds_back_is_not_stored(
    gateway: RunningGateway, server: Server, game: Game, campaign: Campaign, clock: Clock
) -> None:
    make_event_reward(campaign, event_path="$.boss.state", event_cool_down_seconds=30, event_per_session=2)
    server.connect(game)
    for seconds in (0, 29, 1, 31):  # the second is within the cool-down, the fourth over the most of a session
        clock.forward(seconds)
        kill(server)
        revive(server)
        server.flush()
    assert list(GameEvent.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert gateway.gateway.house.counts["matched"] == 2
    assert gateway.gateway.house.counts["held_back"] == 2


def test_g4_what_a_player_s_own_machine_says_is_kept_and_earns_nothing(
    server: Server, game: Game, channels: list[Channel], doorkeeper: Doorkeeper, dead_boss: CampaignReward
) -> None:
    doorkeeper.grant(game, channels, authoritative=False)
    server.connect(game)
    kill(server)
    server.flush()
    assert not GameEvent.objects.exists()
    session = GameSession.objects.get()
    assert (session.authoritative, json.loads(session.state)) == (False, {"boss": {"state": "dead"}})


def test_g4_what_happened_while_a_server_was_away_is_found_in_the_state_with_which_it_comes_back(
    gateway: RunningGateway, game: Game, dead_boss: CampaignReward, clock: Clock
) -> None:
    with opened(gateway) as first:
        first.connect(game)
        first.flush()
    with opened(gateway) as second:
        answer = second.connect(game, data={"boss": {"state": "dead"}})
        assert (answer["resumed"], answer["revision"]) == (True, 2)
        second.flush()
        assert GameEvent.objects.get().number == 1
    with opened(gateway) as third:  # nothing has changed: nothing has happened
        third.connect(game, data={"boss": {"state": "dead"}})
        revive(third)
        kill(third)
        third.flush()
    assert sorted(GameEvent.objects.values_list("number", flat=True)) == [1, 2]
    session = GameSession.objects.get()
    assert (session.connections, session.events) == (3, 2)


def test_g4_a_rule_that_begins_to_run_is_looked_at_from_then_on_and_one_that_ends_no_more(
    gateway: RunningGateway, server: Server, game: Game, campaign: Campaign, clock: Clock
) -> None:
    server.connect(game, data={"boss": {"state": "dead"}})
    gateway.round("read_rules")
    old = make_event_reward(campaign, event_path="$.boss.state")
    new = make_event_reward(campaign, event_path="$.boss.state", event_condition="equals")
    gateway.round("read_rules")
    server.send({"type": "delta", "data": {"round": 1}})
    server.flush()
    assert not GameEvent.objects.exists()  # dead it was before
    revive(server)
    kill(server)
    server.flush()
    assert set(GameEvent.objects.values_list("campaign_reward", flat=True)) == {old.pk, new.pk}
    Campaign.objects.update(ends_at=clock.now + timedelta(seconds=1))
    clock.forward(1)
    gateway.round("read_rules")
    revive(server)
    kill(server)
    server.flush()
    assert GameEvent.objects.count() == 2


def test_g4_new_rules_are_taken_up_by_one_session_after_the_other_and_others_come_in_between(
    gateway: RunningGateway, game: Game, campaign: Campaign
) -> None:
    async def seen_meanwhile() -> set[int]:
        sessions = [one.session for one in gateway.gateway.house.connections.values()]
        reading, seen = asyncio.create_task(gateway.gateway.keeper.read_rules()), set()
        while not reading.done():
            seen.add(sum(len(session._rules) for session in sessions if session))
            await asyncio.sleep(0)
        return seen

    with opened(gateway) as first, opened(gateway) as second, opened(gateway) as third:
        for number, server in enumerate((first, second, third)):
            server.connect(game, session_id=f"match-{number}")
        make_event_reward(campaign, event_path="$.boss.state")
        assert gateway.run(seen_meanwhile()) >= {0, 1, 2}


class Held:
    """What writes, once it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.let.set()

    def __call__(self, pieces: Sequence[Piece], *, now: datetime) -> Stored:
        self.let.wait(10)
        return store(pieces, now=now)


def test_g4_a_reward_that_is_gone_when_its_event_is_stored_holds_nothing_up(
    doorkeeper: Doorkeeper, game: Game, dead_boss: CampaignReward, campaign: Campaign, clock: Clock
) -> None:
    staying = make_event_reward(campaign, event_path="$.score", event_condition="rises_above", event_value="9")
    held = Held()
    gateway = RunningGateway(clock, store=held)
    try:
        with opened(gateway) as server, opened(gateway) as other:
            server.connect(game)
            other.connect(game, session_id="other")
            gateway.written()
            held.let.clear()
            kill(server)
            other.send({"type": "delta", "data": {"score": 10}})
            for each in (server, other):
                each.send({"type": "flush"})
                each.send({"type": "nonsense"})
                assert each.heard()["code"] == "unknown_type"
            dead_boss.delete()
            held.let.set()
            assert server.heard()["type"] == "flushed"
            assert other.heard()["type"] == "flushed"
    finally:
        gateway.stop()
    assert GameEvent.objects.get().campaign_reward == staying
    assert GameSession.objects.get(session_key="match-1").state == '{"boss":{"state":"dead"}}'
