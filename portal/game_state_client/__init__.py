"""Streams the state of a game to a Drops portal, so that events in it earn rewards: for game servers written in Python.

Copy this folder into your server; it needs Python 3.11 and the package ``websockets``, nothing else. The messages are in
docs/game-state.md of the portal. In asyncio::

    client = GameStateClient(
        "wss://drops.example.org/game-state/v1",
        game_id="01M8A30C2DKW0V2DQ6JCADV3VN",
        session_id="match-4711",
        token=lambda: app_token("https://drops.example.org", CLIENT_ID, CLIENT_SECRET),
        broadcaster_ids=["twitch:123456"],
    )
    await client.connect({"boss": {"state": "asleep"}})
    client.set("boss.state", "dead")
    await client.flush()
    await client.disconnect()

It sends what has changed, at most one message a second; refreshes before the line is idle for too long; comes back with
the full state after a lost line; and refuses at once what the portal would refuse. ``BlockingGameStateClient`` is the
same for programs without asyncio.
"""

from .blocking import BlockingGameStateClient
from .client import GameStateClient, Status
from .errors import AlreadyConnected, GameStateError, NotConnected, SessionOver, StateRefused
from .partner_api import Broadcaster, PortalRefused, app_token, find_broadcasters

__all__ = [
    "AlreadyConnected",
    "BlockingGameStateClient",
    "Broadcaster",
    "GameStateClient",
    "GameStateError",
    "NotConnected",
    "PortalRefused",
    "SessionOver",
    "StateRefused",
    "Status",
    "app_token",
    "find_broadcasters",
]
