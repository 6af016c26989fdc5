"""The client for programs that use asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, Self

from .checks import FULL_BYTES, check_session, size_of, to_json
from .conversation import Again, Conversation, Told
from .errors import AlreadyConnected, NotConnected, SessionOver
from .lines import Line, NotOpened, open_line
from .outbox import Outbox
from .timing import STEADY_SECONDS, Backoff, Clock, Pace, RealClock, first_of
from .tokens import Tokens, TokenSource

logger = logging.getLogger("game_state_client")

DISCONNECT_SECONDS = 30.0
TOKEN_ROOM = 2048
"""In a full message so much is left for a token: another one may be longer than the first."""


class Status(StrEnum):
    """Where a client stands with the portal."""

    NOT_CONNECTED = "not connected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting to reconnect"
    DISCONNECTED = "disconnected"


class GameStateClient:
    """One session: the state of one match, streamed for one or several broadcasters.

    All of it belongs to one event loop. Before ``connect`` every other method raises ``NotConnected``; once the session is
    over every method but ``disconnect`` raises ``SessionOver``. In between changes are taken at any time, also while the
    line is lost: the portal gets the full state when it is back.

    ``token`` is an access token as it is, or a function (of asyncio or not) that returns one: it is asked again when the
    portal refuses the token as expired, revoked or unknown. ``OSError`` of it is waited out, anything else ends the
    session. ``broadcaster_ids`` are of the form ``twitch:12345``, and None with a player's own token.
    """

    def __init__(
        self,
        url: str,
        *,
        game_id: str,
        session_id: str,
        token: TokenSource,
        broadcaster_ids: Sequence[str] | None = None,
        clock: Clock | None = None,
        draw: Callable[[], float] = random.random,
        opener: Callable[[str], Awaitable[Line]] = open_line,
    ) -> None:
        """Make a client; nothing is sent yet. Raises ``StateRefused`` for what the portal would refuse."""
        check_session(game_id, session_id, broadcaster_ids)
        self._url = url
        self._fields: dict[str, Any] = {"version": 1, "game_id": game_id, "session_id": session_id}
        if broadcaster_ids is not None:
            self._fields["broadcaster_ids"] = list(broadcaster_ids)
        self._tokens = Tokens(token)
        self._clock: Clock = clock or RealClock()
        self._pace, self._backoff = Pace(self._clock), Backoff(draw)
        self._opener = opener
        self._changed = asyncio.Event()
        self._outbox: Outbox | None = None
        self._told = Told()
        self._task: asyncio.Task[None] | None = None
        self._over: SessionOver | None = None
        self._first: asyncio.Future[None] | None = None
        self._connected_at: float | None = None
        self._status = Status.NOT_CONNECTED

    @property
    def status(self) -> Status:
        """Where the client stands with the portal."""
        return self._status

    @property
    def over(self) -> SessionOver | None:
        """Why the session is over, once it is."""
        return self._over

    @property
    def session(self) -> str:
        """The portal's own id of the session; empty before the first connection."""
        return self._told.session

    @property
    def broadcasters(self) -> dict[str, str]:
        """What the portal last said of each broadcaster: ``live``, ``offline`` or ``not_linked``."""
        return dict(self._told.broadcasters)

    @property
    def live(self) -> bool:
        """Whether any broadcaster is live. While none is, changes are kept here and only the line is kept open."""
        return self._told.live

    @property
    def data(self) -> dict[str, Any]:
        """A copy of the state as it is now."""
        return copy.deepcopy(self._open_outbox().data)

    async def connect(self, state: dict[str, Any]) -> None:
        """Connect with the full state; returns once the portal has taken it.

        While the portal cannot be reached it goes on trying: give up by cancelling, for example with
        ``asyncio.timeout``. Raises ``StateRefused`` for a state that the portal would refuse, and ``SessionOver`` with the
        portal's reason where it refuses the session.
        """
        if self._over:
            raise self._over_again(self._over)
        if self._task is not None:
            raise AlreadyConnected
        used = size_of(to_json({"type": "connect", **self._fields, "token": "", "data": {}}))
        self._outbox = Outbox(state, room=FULL_BYTES - used - TOKEN_ROOM)
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(self._outbox))
        try:
            await asyncio.shield(self._first)
        except asyncio.CancelledError:
            await self._stop()
            self._outbox, self._task, self._status = None, None, Status.NOT_CONNECTED
            raise

    def set(self, path: str | Sequence[str], value: Any) -> None:
        """Put a value into a place of the state, whatever was there; objects on the way are made, and None empties it.

        ``path`` is names with dots between, as in ``"players.mira.score"``, or a list of names where they have dots
        themselves. Into a list no path leads: set the whole list. Raises ``StateRefused``.
        """
        self._open_outbox().set(path, value)
        self._changed.set()

    def remove(self, path: str | Sequence[str]) -> None:
        """Take something out of the state; nothing happens where it is not there. Raises ``StateRefused``."""
        self.set(path, None)

    def update(self, changes: dict[str, Any]) -> None:
        """Merge nested changes into the state: a JSON Merge Patch, in which None removes. Raises ``StateRefused``."""
        self._open_outbox().update(changes)
        self._changed.set()

    async def flush(self) -> int:
        """Send what has changed, and return the portal's revision once it is durable there.

        Over a lost line it waits for the next one. Raises ``SessionOver`` where there is none.
        """
        asked = self._open_outbox().ask_flush()
        self._changed.set()
        return await asked

    async def disconnect(self, *, seconds: float = DISCONNECT_SECONDS) -> None:
        """Say that the session is over, with the last changes, and close the line.

        Where the portal cannot be told within so many seconds it ends the session by itself after ten minutes. Does nothing
        where the session is over already.
        """
        if self._over:
            return
        outbox, task = self._open_outbox(), self._task
        outbox.ending = True
        self._changed.set()
        if task is not None:
            await first_of(asyncio.shield(task), self._clock.sleep(seconds))
        await self._stop()
        self._end(SessionOver("disconnected", "disconnect() was called."))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._status is not Status.NOT_CONNECTED:
            await self.disconnect()

    def _open_outbox(self) -> Outbox:
        if self._over:
            raise self._over_again(self._over)
        if self._outbox is None:
            raise NotConnected
        return self._outbox

    def _over_again(self, over: SessionOver) -> SessionOver:
        again = SessionOver(over.code, over.reason)
        again.__cause__ = over.__cause__
        return again

    async def _run(self, outbox: Outbox) -> None:
        """Hold one connection after the other until the session is over."""
        try:
            while True:
                self._status = Status.CONNECTING
                seconds = await self._hold_one(outbox)
                self._status = Status.WAITING
                await self._clock.sleep(seconds)
        except SessionOver as over:
            self._end(over)
        except Exception as error:
            logger.exception("The game state client has failed.")
            failed = SessionOver("failed", f"{type(error).__name__}: {error}")
            failed.__cause__ = error
            self._end(failed)

    async def _hold_one(self, outbox: Outbox) -> float:
        """Hold one line until it is lost; return after how many seconds the next is to be tried."""
        try:
            async with self._line() as line:
                conversation = Conversation(
                    line,
                    outbox=outbox,
                    told=self._told,
                    tokens=self._tokens,
                    pace=self._pace,
                    clock=self._clock,
                    changed=self._changed,
                )
                await conversation.begin({**self._fields, "token": await self._tokens.present()})
                self._connected()
                await conversation.go_on()
                raise AssertionError("A conversation ends by an exception.")
        except Again as again:
            if self._connected_at and self._clock.now() - self._connected_at >= STEADY_SECONDS:
                self._backoff.reset()
            self._connected_at = None
            seconds = self._backoff.next() if again.seconds is None else again.seconds
            logger.warning("%s Connecting again in %.1f seconds.", again, seconds)
            return seconds

    @contextlib.asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        """Give an open line. Raises ``Again``, or ``SessionOver`` for an address that never was right."""
        try:
            await self._tokens.present()
        except OSError as error:
            raise Again(f"There is no token: {error}") from error
        try:
            line = await self._opener(self._url)
        except NotOpened as fault:
            if fault.lasting and not self._told.session:
                raise SessionOver("not_opened", str(fault)) from fault
            # What all are told by is spread, or all would come back at once.
            wait = None if fault.retry_after is None else fault.retry_after + self._backoff.next()
            raise Again(str(fault), seconds=wait) from fault
        try:
            yield line
        finally:
            await line.close()

    def _connected(self) -> None:
        self._status = Status.CONNECTED
        self._connected_at = self._clock.now()
        self._tokens.accepted()
        logger.info("Connected; %s.", self._told.in_words())
        if self._first and not self._first.done():
            self._first.set_result(None)

    def _end(self, over: SessionOver) -> None:
        if self._over:
            return
        self._over, self._status = over, Status.DISCONNECTED
        logger.info("%s", "Disconnected." if over.code == "disconnected" else over)
        if self._outbox:
            self._outbox.give_up(over)
        if self._first and not self._first.done():
            self._first.set_exception(self._over_again(over))

    async def _stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
