"""A portal at the other end of a line, in memory, and a clock that stands still until it is told: timing without time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from portal.game_state_client.lines import LineClosed, NotOpened

TURNS = 60
"""So often everything that can go on without time goes on."""


async def settle() -> None:
    """Let everything go on that waits for no time."""
    for _turn in range(TURNS):
        await asyncio.sleep(0)


class StandingClock:
    """A clock that ``pass_time`` moves, from one sleeper to the next."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, done))
        await done

    async def pass_time(self, seconds: float) -> None:
        """Wake whoever sleeps until then, each at its time."""
        until = self.time + seconds
        await settle()
        while due := [one for one in self._sleepers if not one[1].done() and one[0] <= until]:
            first = min(due, key=lambda one: one[0])
            self._sleepers.remove(first)
            self.time = max(self.time, first[0])
            first[1].set_result(None)
            await settle()
        self.time = until


class LineInMemory:
    """The client's end of a line; ``say`` and ``hang_up`` are the portal's."""

    def __init__(self, portal: PortalInMemory) -> None:
        self._portal = portal
        self._said: asyncio.Queue[str | int] = asyncio.Queue()
        self.closed: int | None = None

    async def send(self, text: str) -> None:
        if self.closed is not None:
            raise LineClosed(self.closed)
        self._portal.take(self, text)

    async def receive(self) -> str:
        said = await self._said.get()
        if isinstance(said, int):
            self._said.put_nowait(said)
            raise LineClosed(said)
        return said

    async def close(self) -> None:
        self.hang_up(1000)

    def say(self, **message: Any) -> None:
        self._said.put_nowait(json.dumps(message))

    def say_text(self, text: str) -> None:
        self._said.put_nowait(text)

    def hang_up(self, code: int) -> None:
        if self.closed is None:
            self.closed = code
            self._said.put_nowait(code)


class PortalInMemory:
    """Answers as the portal does, and remembers what came, with its time.

    ``answers`` are used up before the usual answer to a connect; each is called with the line. ``away`` are how many
    openings fail, and with what.
    """

    def __init__(self, clock: StandingClock, *, live: bool = True, idle_seconds: int = 195) -> None:
        self.clock = clock
        self.live = live
        self.idle_seconds = idle_seconds
        self.answers: list[Callable[[LineInMemory], None]] = []
        self.away: list[NotOpened] = []
        self.lines: list[LineInMemory] = []
        self.messages: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.opened: list[float] = []
        self.flushes_answered = True

    async def open(self, _url: str) -> LineInMemory:
        self.opened.append(self.clock.time)
        if self.away:
            raise self.away.pop(0)
        self.lines.append(LineInMemory(self))
        return self.lines[-1]

    @property
    def line(self) -> LineInMemory:
        """The line that is used now."""
        return self.lines[-1]

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    def broadcasters(self) -> dict[str, str]:
        return {"twitch:1": "live" if self.live else "offline"}

    def go_live(self) -> None:
        self.live = True
        self.line.say(type="live", broadcasters=self.broadcasters())

    def take(self, line: LineInMemory, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        self.times.append(self.clock.time)
        if message["type"] == "connect":
            (self.answers.pop(0) if self.answers else self.admit)(line)
        elif message["type"] == "flush" and self.flushes_answered:
            line.say(type="flushed", revision=len(self.messages))
        elif message["type"] == "disconnect":
            line.hang_up(1000)

    def admit(self, line: LineInMemory) -> None:
        line.say(
            type="connected",
            version=1,
            session="01M8ADFD2D4WTTCCQTYVJK85DP",
            resumed=len(self.lines) > 1,
            revision=1,
            idle_seconds=self.idle_seconds,
            broadcasters=self.broadcasters(),
            live=self.live,
        )


def refuse(code: str, close: int | None = None) -> Callable[[LineInMemory], None]:
    """Answer a connect with an error, and close the line with a code where one is given."""

    def answer(line: LineInMemory) -> None:
        line.say(type="error", code=code, message=f"It is refused: {code}.")
        if close:
            line.hang_up(close)

    return answer
