"""Streams a match to the portal with the Python client: copy the folder ``game_state_client`` beside this file.

It needs Python 3.11 and ``websockets``. Run it with PORTAL (https://drops.example.org), GATEWAY (the address that the page of
your API client shows), CLIENT_ID, CLIENT_SECRET, GAME_ID and PLAYER_ID, a player of yours who streams.
"""

import asyncio
import logging
import os

from game_state_client import GameStateClient, app_token, find_broadcasters

PORTAL, GAME_ID = os.environ["PORTAL"], os.environ["GAME_ID"]


def token() -> str:
    """Return an access token; the client asks for another one when it has expired."""
    return app_token(PORTAL, os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])


async def main() -> None:
    """Play a match: a dragon wakes and falls."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # Ask for your players when a match begins; stream only for those who have linked, best for those who are live.
    streamers = find_broadcasters(PORTAL, token(), GAME_ID, [os.environ["PLAYER_ID"]])
    if not streamers:
        raise SystemExit("This player has linked no streaming account.")
    async with GameStateClient(
        os.environ["GATEWAY"],
        game_id=GAME_ID,
        session_id="match-4711",
        token=token,
        broadcaster_ids=[streamer.id for streamer in streamers],
    ) as client:
        await client.connect({"boss": {"state": "asleep", "health": 100}, "winners": []})
        for health in (75, 50, 25, 0):
            await asyncio.sleep(1)
            client.set("boss", {"state": "awake" if health else "dead", "health": health})
        client.set("winners", ["red"])
        revision = await client.flush()
        print(f"Stored, as revision {revision}.")  # noqa: T201


asyncio.run(main())
