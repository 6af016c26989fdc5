"""G2, G3: connections that take a session from each other, producers who drop one, and what is withdrawn meanwhile."""

from __future__ import annotations

import json

from campaigns.game_state.admission import AdmittedChannel, Standing
from campaigns.game_state.live import tell_streams
from campaigns.game_state.storing import end_session
from campaigns.models import Channel, Game, GameSession, GameSessionChannel, GatewayOrder
from campaigns.rules.game_state.codes import Code
from tests.gateways import Clock, Doorkeeper, RunningGateway, Server, named, opened


def test_g3_the_connection_that_comes_later_has_the_session_and_the_other_writes_nothing_more(
    gateway: RunningGateway, server: Server, game: Game
) -> None:
    server.connect(game)
    with opened(gateway) as other:
        assert other.connect(game, data={"from": "other"})["resumed"]
        server.send({"type": "delta", "data": {"from": "server"}})
        gateway.round("obey_orders")
        assert server.heard()["code"] == "replaced"
        assert server.closed() == 4006
        assert other.flush()["type"] == "flushed"
    gateway.written()
    assert json.loads(GameSession.objects.get().state) == {"from": "other"}
    assert not GatewayOrder.objects.exists()


def test_g3_a_write_that_comes_too_late_tells_the_connection_that_its_session_is_another_s(
    gateway: RunningGateway, server: Server, game: Game
) -> None:
    server.connect(game)
    with opened(gateway) as other:
        other.connect(game)
        GatewayOrder.objects.all().delete()  # as if it had been given to a gateway that does not hear
        server.send({"type": "flush"})
        assert server.heard()["code"] == "replaced"
        assert server.closed() == 4006
        assert other.flush()["type"] == "flushed"


def test_g3_two_gateways_share_nothing_but_the_database(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    server.connect(game)
    server.send({"type": "delta", "data": {"round": 7}})
    server.flush()
    second = RunningGateway(clock)
    try:
        with opened(second) as other:
            answer = other.connect(game, data={"round": 8})
            assert (answer["resumed"], answer["revision"]) == (True, 3)
            second.round("obey_orders")  # the order is not for this one
            assert other.flush()["revision"] == 3
            gateway.round("obey_orders")
            assert server.heard()["code"] == "replaced"
    finally:
        second.stop()


def test_a_session_that_a_producer_drops_is_over_and_its_line_is_closed(
    gateway: RunningGateway, server: Server, game: Game, clock: Clock
) -> None:
    session = server.connect(game)["session"]
    end_session(session_id=session, code=Code.DROPPED, now=clock.now)
    server.send({"type": "flush"})  # before anybody has looked for orders: the write finds it
    assert server.heard()["code"] == "dropped"
    assert server.closed() == 4007
    with opened(gateway) as again:  # a new session: the old one is over
        answer = again.connect(game)
        assert (answer["resumed"], answer["session"] != session) == (False, True)


def test_g2_a_token_that_is_revoked_closes_its_connection_within_a_minute(
    gateway: RunningGateway, server: Server, game: Game, channels: list[Channel], doorkeeper: Doorkeeper, clock: Clock
) -> None:
    doorkeeper.grant(game, channels, token="other")
    with opened(gateway) as other:
        server.connect(game)
        other.connect(game, token="other", session_id="match-2")
        doorkeeper.withdrawn["secret"] = Standing(Code.TOKEN_REVOKED, ())
        clock.forward(59)
        gateway.round("ask_standing")
        server.flush()
        clock.forward(1)
        gateway.round("ask_standing")
        assert server.heard()["code"] == "token_revoked"
        assert server.closed() == 4004
        assert other.flush()["type"] == "flushed"
    gateway.until(lambda: gateway.connections == 0)
    gateway.written()
    assert {one.connection for one in GameSession.objects.all()} == {""}


def test_g2_a_broadcaster_who_unlinks_is_left_out_and_with_the_last_the_line_is_closed(
    gateway: RunningGateway, server: Server, game: Game, channels: list[Channel], doorkeeper: Doorkeeper, clock: Clock
) -> None:
    server.connect(game)
    first = AdmittedChannel(channels[0].pk, named(channels[0]))
    doorkeeper.withdrawn["secret"] = Standing(None, (first,))
    clock.forward(60)
    gateway.round("ask_standing")
    names = [named(channel) for channel in channels]
    assert server.heard() == {"type": "live", "broadcasters": {names[0]: "offline", names[1]: "not_linked"}}
    server.flush()
    assert GameSessionChannel.objects.get().channel == channels[0]
    doorkeeper.withdrawn["secret"] = Standing(None, ())
    clock.forward(60)
    gateway.round("ask_standing")
    assert server.heard()["code"] == "broadcaster_not_linked"
    assert server.closed() == 4005


def test_a_server_is_told_who_is_live_and_when_that_changes(
    gateway: RunningGateway, server: Server, game: Game, channels: list[Channel], clock: Clock
) -> None:
    tell_streams({channels[0].pk: True}, now=clock.now)
    answer = server.connect(game)
    names = [named(channel) for channel in channels]
    assert (answer["live"], answer["broadcasters"]) == (True, {names[0]: "live", names[1]: "offline"})
    gateway.round("ask_live")  # no news
    clock.forward(10)
    tell_streams({channels[0].pk: False, channels[1].pk: True}, now=clock.now)
    gateway.round("ask_live")
    assert server.heard() == {"type": "live", "broadcasters": {names[0]: "offline", names[1]: "live"}}
    server.flush()
    assert GameSessionChannel.objects.get(live=True).channel == channels[1]
