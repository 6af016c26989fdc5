"""Plays a match of the sample game for the demo's streamer, as a game server would, and tells what it does."""

import asyncio
import json
import logging
import random
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.game_state_client import (
    Broadcaster,
    GameStateClient,
    GameStateError,
    PortalRefused,
    app_token,
    find_broadcasters,
)
from portal.sandbox.match import LEAST_SECONDS, play

SECONDS, FAST_SECONDS = 150, 30
#: For so long the portal is waited for at the beginning.
CONNECT_SECONDS = 60.0


class Command(BaseCommand):
    """Runs until the match is over."""

    help = "Play a match of the sample game for the demo's streamer: events in it earn rewards for who watches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the portal is, and what kind of match it is to be."""
        parser.add_argument("--from", dest="source", type=Path, required=True, help="The portal's demo.json.")
        parser.add_argument("--fast", action="store_true", help=f"A match of {FAST_SECONDS} seconds, not {SECONDS}.")
        parser.add_argument("--seconds", type=int, help=f"A match of so many seconds, {LEAST_SECONDS} at least.")
        parser.add_argument("--seed", type=int, help="The same seed gives the same match.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for whom, connect, play, disconnect."""
        demo = self._read(options["source"])
        seed = random.randrange(10_000) if options["seed"] is None else options["seed"]
        seconds = options["seconds"] or (FAST_SECONDS if options["fast"] else SECONDS)
        logger = logging.getLogger("game_state_client")
        handler = _Lines(self._say)
        logger.addHandler(handler)
        before, logger.level, logger.propagate = (logger.level, logger.propagate), logging.INFO, False
        try:
            token = partial(
                app_token, demo["portal_url"], demo["api_client"]["client_id"], demo["api_client"]["client_secret"]
            )
            broadcasters = self._find(demo, token)
            asyncio.run(self._play(demo, token, broadcasters, seed=seed, seconds=seconds))
        except (GameStateError, OSError) as fault:
            raise CommandError(str(fault) or type(fault).__name__) from fault
        finally:
            logger.removeHandler(handler)
            logger.level, logger.propagate = before

    def _read(self, source: Path) -> dict[str, Any]:
        try:
            content = json.loads(source.read_text())
            return {**content["game_state"], "api_client": content["api_client"]}
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise CommandError(
                f"{source} does not tell of game state: start the portal with demo data first. ({fault!r})"
            ) from fault

    def _find(self, demo: dict[str, Any], token: Callable[[], str]) -> list[Broadcaster]:
        found = find_broadcasters(demo["portal_url"], token(), demo["game_id"], [demo["player_id"]])
        if not found:
            raise PortalRefused(200, "the demo's streamer is not linked any more, so there is nobody to play for")
        for one in found:
            self._say(f"The portal knows {one.name} as {one.id}, {'live' if one.live else 'not live now'}.")
        return found

    async def _play(
        self,
        demo: dict[str, Any],
        token: Callable[[], str],
        broadcasters: list[Broadcaster],
        *,
        seed: int,
        seconds: int,
    ) -> None:
        session = f"match-{timezone.now():%Y%m%d-%H%M%S}-{seed}"
        moments = play(seed=seed, seconds=seconds, streamer=broadcasters[0].name)
        began = next(moments)
        self._say(f"Match {session}, {seconds} seconds, at {demo['url']}.")
        async with GameStateClient(
            demo["url"],
            game_id=demo["game_id"],
            session_id=session,
            token=token,
            broadcaster_ids=[one.id for one in broadcasters],
        ) as client:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.connect(began.state)
            self._tell(began.happened)
            loop = asyncio.get_running_loop()
            start = loop.time()
            for moment in moments:
                await asyncio.sleep(max(0.0, start + moment.second - loop.time()))
                for name, value in moment.state.items():
                    client.set(name, value)
                self._tell(moment.happened)
            revision = await client.flush()
            self._say(f"The portal has stored everything, in {revision} revisions of the state.")

    def _tell(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._say(sentence)

    def _say(self, line: str) -> None:
        self.stdout.write(f"{timezone.now():%H:%M:%S} {line}")
        self.stdout.flush()


class _Lines(logging.Handler):
    """What the client logs, as lines of the match."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())
