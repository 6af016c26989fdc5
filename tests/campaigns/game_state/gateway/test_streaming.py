"""G1, G3: a session from connect to disconnect, as a game server sees it and as it is stored."""

from __future__ import annotations

import json

from campaigns.models import Channel, Game, GameSession
from tests.gateways import Clock, RunningGateway, Server, named


def test_g1_a_session_is_streamed_and_stored_from_connect_to_disconnect(
    gateway: RunningGateway, server: Server, game: Game, channels: list[Channel], clock: Clock
) -> None:
    answer = server.connect(game)
    session = GameSession.objects.get()
    assert answer == {
        "type": "connected",
        "version": 1,
        "session": session.pk,
        "resumed": False,
        "revision": 1,
        "idle_seconds": 195,
        "broadcasters": {named(channel): "offline" for channel in channels},
        "live": False,
    }
    server.send({"type": "delta", "data": {"boss": {"state": "awake"}, "round": 2}})
    assert server.flush() == {"type": "flushed", "revision": 2}
    session.refresh_from_db()
    assert json.loads(session.state) == {"boss": {"state": "awake"}, "round": 2}
    server.send({"type": "refresh", "data": {"round": 3}})
    server.send({"type": "disconnect"})
    assert server.closed() == 1000
    session.refresh_from_db()
    assert (json.loads(session.state), session.end_code, session.connection) == ({"round": 3}, "disconnected", "")
