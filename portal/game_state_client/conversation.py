"""What is said over one line: the connect and its answer, then changes one way and news the other, until the line ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from .errors import SessionOver
from .lines import Line, LineClosed
from .outbox import DISCONNECT, Outbox
from .timing import Clock, Pace, first_of, longest_silence
from .tokens import Tokens

logger = logging.getLogger("game_state_client")

ANSWER_SECONDS = 20.0
"""So long the portal may take to answer a connect, or to close the line after a disconnect."""

LONGEST_TOLD_SECONDS = 600.0
NORMAL = 1000
FOR_GOOD = {
    4004: ("token_unknown", "The token was refused."),
    4005: ("game_not_allowed", "The client may not stream this game, or none of the broadcasters is linked."),
    4006: ("replaced", "Another connection has taken up the session."),
    4007: ("dropped", "A producer ended the session."),
}
"""Close codes after which nobody comes back, and the error that comes before each (docs/game-state.md, "Errors")."""

PASSING = frozenset({"no_connect", "idle", "rate_limited"})
"""Errors after which the portal closes the line, and coming back is right."""


class Again(Exception):
    """The line is lost; ``seconds`` are those that the portal told to wait, None where it told nothing."""

    def __init__(self, reason: str, *, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass
class Told:
    """What the portal has last said of the session."""

    session: str = ""
    broadcasters: dict[str, str] = field(default_factory=dict)
    live: bool = False
    idle_seconds: float = 195.0

    def connected(self, message: dict[str, Any]) -> None:
        """Take over a ``connected`` message."""
        self.session = str(message.get("session", ""))
        self.idle_seconds = float(message.get("idle_seconds", 195))
        self.change(message)

    def change(self, message: dict[str, Any]) -> None:
        """Take over who is live."""
        self.broadcasters = dict(message.get("broadcasters") or {})
        self.live = "live" in self.broadcasters.values()

    def in_words(self) -> str:
        """Say who is live."""
        live = sorted(name for name, state in self.broadcasters.items() if state == "live")
        return f"live: {', '.join(live)}" if live else "nobody is live"


class Conversation:
    """The use of one open line."""

    def __init__(
        self,
        line: Line,
        *,
        outbox: Outbox,
        told: Told,
        tokens: Tokens,
        pace: Pace,
        clock: Clock,
        changed: asyncio.Event,
    ) -> None:
        self._line, self._outbox, self._told, self._tokens = line, outbox, told, tokens
        self._pace, self._clock, self._changed = pace, clock, changed
        self._error: tuple[str, str] | None = None
        self._last_sent = 0.0
        self._bade_farewell = False

    async def begin(self, fields: dict[str, Any]) -> None:
        """Connect with the full state and wait for the answer. Raises ``Again`` or ``SessionOver``."""
        try:
            await self._pace.wait()
            await self._send(self._outbox.connect_text(fields))
            await first_of(self._answered(), self._give_up("The portal does not answer."))
        except LineClosed as closed:
            raise self._what_now(closed) from closed

    async def go_on(self) -> None:
        """Send what changes and hear what the portal says. Ends by ``Again`` or ``SessionOver`` alone."""
        try:
            await first_of(self._listen(), self._write())
        except LineClosed as closed:
            raise self._what_now(closed) from closed

    async def _answered(self) -> None:
        while True:
            message = await self._receive()
            if message.get("type") == "connected":
                self._told.connected(message)
                return
            self._hear(message)
            if self._error and self._error[0] not in PASSING:
                raise self._verdict(*self._error)

    async def _listen(self) -> None:
        while True:
            self._hear(await self._receive())

    async def _receive(self) -> dict[str, Any]:
        text = await self._line.receive()
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        return message if isinstance(message, dict) else {}

    def _hear(self, message: dict[str, Any]) -> None:
        """Act on a message; those of kinds that this version does not know are left out."""
        match message.get("type"):
            case "live":
                self._told.change(message)
                logger.info("Now %s.", self._told.in_words())
                self._changed.set()
            case "flushed":
                self._outbox.flushed(int(message.get("revision", 0)))
            case "error":
                self._error = str(message.get("code")), str(message.get("message"))
                self._outbox.send_whole()
                logger.warning("The portal refused a message (%s): %s", *self._error)
            case "reconnect":
                seconds = min(float(message.get("milliseconds", 0)) / 1000, LONGEST_TOLD_SECONDS)
                raise Again("The portal asks to come back later.", seconds=seconds)

    async def _write(self) -> None:
        with contextlib.suppress(LineClosed):  # the last that the portal said is still to be read
            while not self._bade_farewell:
                await self._until_due()
                await self._pace.wait()
                if text := self._outbox.take(live=self._told.live):
                    await self._send(text)
                    self._bade_farewell = text is DISCONNECT
        await self._give_up("The portal does not close the line.")

    async def _until_due(self) -> None:
        while not self._outbox.due(live=self._told.live):
            left = self._last_sent + longest_silence(self._told.idle_seconds) - self._clock.now()
            if left <= 0:
                self._outbox.keep_alive()
                return
            self._changed.clear()
            await first_of(self._changed.wait(), self._clock.sleep(left))

    async def _send(self, text: str) -> None:
        self._pace.took()
        self._last_sent = self._clock.now()
        await self._line.send(text)

    async def _give_up(self, reason: str) -> None:
        await self._clock.sleep(ANSWER_SECONDS)
        raise Again(reason)

    def _what_now(self, closed: LineClosed) -> Exception:
        if self._bade_farewell and closed.code == NORMAL:
            return SessionOver("disconnected", "disconnect() was called.")
        if closed.code in FOR_GOOD:
            return self._verdict(*(self._error or FOR_GOOD[closed.code]))
        return Again(f"The line was closed ({closed.code}).")

    def _verdict(self, code: str, reason: str) -> Exception:
        if self._tokens.renew(code):
            return Again(f"Another token is needed ({code}).", seconds=0)
        return SessionOver(code, reason)
