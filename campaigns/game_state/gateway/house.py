"""What the parts of one gateway process share: its connections, clock, counts, threads, and the rules that run now."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from campaigns.game_state.gateway.admitting import PutOff, Taken, take_session
from campaigns.game_state.gateway.patience import Patience
from campaigns.game_state.gateway.threads import Threads
from campaigns.rules.game_state.codes import Refused
from campaigns.rules.game_state.events import EventRule
from campaigns.rules.game_state.messages import Connect
from portal.ids import new_ulid
from portal.outliving import DATABASE_AWAY

if TYPE_CHECKING:
    from campaigns.game_state.gateway.connection import Connection

SHORTEST_ABSENCE_MILLISECONDS = 500
ABSENCE_FOR_EACH_MILLISECONDS = 5
"""Those who are asked to come back are spread over so long for each connection: 200 a second, as many as are admitted."""

log = logging.getLogger(__name__)


class House:
    """Belongs to the event loop's thread. ``rules`` are those of the games that have a session here, by game."""

    def __init__(
        self, *, clock: Callable[[], datetime], patience: Patience, write_soon: Callable[[Connection], None]
    ) -> None:
        self.id = new_ulid()
        self.clock = clock
        self.patience = patience
        self.write_soon = write_soon
        self.threads = Threads()
        self.connections: dict[str, Connection] = {}
        self.rules: Mapping[str, tuple[EventRule, ...]] = {}
        self.counts: Counter[str] = Counter()
        self.stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    def count(self, kind: str) -> None:
        """Count one of what :mod:`campaigns.game_state.tallies` lists."""
        self.counts[kind] += 1

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done that nobody waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def admit(self, connection: str, message: Connect, unwanted: Callable[[], bool]) -> Taken:
        """Give the session that a message asks for to its connection. Raises ``Refused`` or ``PutOff``."""
        work = partial(
            take_session,
            message,
            connection=connection,
            gateway=self.id,
            known_rules=self.rules,
            unwanted=unwanted,
            now=self.clock(),
        )
        try:
            return await self.threads.admit(work)
        except (Refused, PutOff):
            raise
        except DATABASE_AWAY as error:
            log.warning("A game server could not be connected, it is asked to come back: %s", error)
            raise PutOff from None
        except Exception as error:
            # Whatever it is, the game server tries again, and others are not concerned.
            log.exception("A game server could not be connected.")
            raise PutOff from error

    def milliseconds_to_come_back(self) -> int:
        """Return after how long one game server is asked to connect anew: not all at once."""
        spread = ABSENCE_FOR_EACH_MILLISECONDS * len(self.connections)
        return SHORTEST_ABSENCE_MILLISECONDS + random.randint(0, 1000 + spread)  # noqa: S311 - spreads load, guards nothing
