"""A client, the portal at the other end in memory, and a clock that stands still: what most tests of the client need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from portal.game_state_client import GameStateClient
from tests.doubles.game_state_line import PortalInMemory, StandingClock, settle


class Table:
    """Where client and portal meet."""

    def __init__(self, **options: Any) -> None:
        portal = {name: options.pop(name) for name in ("live", "idle_seconds") if name in options}
        self.clock = StandingClock()
        self.portal = PortalInMemory(self.clock, **portal)
        values: dict[str, Any] = {
            "game_id": "01M8A30C2DKW0V2DQ6JCADV3VN",
            "session_id": "match",
            "token": "abc",
            "broadcaster_ids": ["twitch:1"],
            "draw": lambda: 1.0,
        }
        self.client = GameStateClient(
            "ws://portal.example/game-state/v1", clock=self.clock, opener=self.portal.open, **values | options
        )

    async def connect(self, state: dict[str, Any] | None = None) -> None:
        await self.client.connect({"score": 0} if state is None else state)
        await settle()

    async def pass_time(self, seconds: float) -> None:
        await self.clock.pass_time(seconds)

    async def while_time_passes(self, work: Awaitable[Any], seconds: float = 60.0) -> Any:
        """Wait for something that needs time, and return what comes of it."""
        task = asyncio.ensure_future(work)
        await self.clock.pass_time(seconds)
        assert task.done(), "it needs more time"
        return task.result()

    async def end(self) -> None:
        """Leave no task behind."""
        if self.client.status != "not connected" and not self.client.over:
            await self.while_time_passes(self.client.disconnect())


def at_a_table(work: Callable[[Table], Awaitable[None]], **options: Any) -> None:
    """Run a test in an event loop of its own."""

    async def run() -> None:
        table = Table(**options)
        try:
            await work(table)
        finally:
            await table.end()

    asyncio.run(run())
