"""Writes sessions from memory to the database: gathered, in order, tried again while the database is away (O4)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from django.db import DatabaseError, transaction

from campaigns.game_state.gateway import answers
from campaigns.game_state.gateway.connection import INTERNAL_ERROR, Connection
from campaigns.game_state.gateway.house import House
from campaigns.game_state.gateway.session import Session, Unwritten
from campaigns.game_state.recording import record_lines
from campaigns.game_state.storing import SessionWrite, write_sessions
from campaigns.rules.game_state.codes import Close, Code, Refused
from portal.outliving import DATABASE_AWAY

BATCH = 200
"""So many sessions are written in one transaction."""

_OVERTAKEN = Refused(Code.REPLACED, "Another connection has taken the session, or it is over.")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is written of one session at once, and who waits for it."""

    connection: Connection
    session: Session
    write: SessionWrite
    taken: Unwritten


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a batch: the connections whose session is another's, and those whose recording is full."""

    overtaken: frozenset[str]
    full: frozenset[str]


def store(pieces: Sequence[Piece], *, now: datetime) -> Stored:
    """Write sessions, their events and what is recorded of them in one transaction."""
    with transaction.atomic():
        written = write_sessions([piece.write for piece in pieces], now=now)
        full = frozenset(
            piece.connection.id
            for piece in pieces
            if piece.taken.lines and piece.connection.id not in written.overtaken
            if not record_lines(piece.session.id, piece.taken.lines, now=now)
        )
    return Stored(frozenset(written.overtaken), full)


class Store(Protocol):
    """What writes a batch: :func:`store`."""

    def __call__(self, pieces: Sequence[Piece], *, now: datetime) -> Stored:
        """Write."""


class Writer:
    """Belongs to the event loop's thread; the statements run in the thread for writing.

    ``on_overtaken`` is called before connections are closed whose session is another's: orders may say why.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, Connection] = {}
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.on_overtaken: Callable[[], Awaitable[None]] | None = None

    def soon(self, connection: Connection) -> None:
        """Have a connection's session written with the next batch."""
        self._waiting[connection.id] = connection
        self._idle.clear()
        self._woken.set()

    async def finished(self, *, seconds: float) -> bool:
        """Wait until all is written; tell whether it was within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def run(self, house: House) -> None:
        """Write what is to be written, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await asyncio.sleep(house.patience.gather)
            while self._waiting:
                await self._write(house, self._take())
            self._idle.set()

    def _take(self) -> list[Piece]:
        pieces: list[Piece] = []
        while self._waiting and len(pieces) < BATCH:
            connection = self._waiting.pop(next(iter(self._waiting)))
            session = connection.session
            if session is None or session.lost:
                continue
            write, taken = session.take_write()
            pieces.append(Piece(connection, session, write, taken))
        return pieces

    async def _write(self, house: House, pieces: Sequence[Piece]) -> None:
        began, pause = asyncio.get_running_loop().time(), house.patience.retry
        while pieces:
            try:
                stored = await house.threads.write(partial(self._store, pieces, now=house.clock()))
            except DATABASE_AWAY as error:
                log.warning("Game sessions could not be written, they are kept: %s", error)
                if asyncio.get_running_loop().time() - began > house.patience.away:
                    self._give_up(house)
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, house.patience.longest_retry)
            except DatabaseError:
                log.exception("%d game sessions could not be written.", len(pieces))
                await self._write_apart(house, pieces)
                return
            else:
                await self._tell(house, pieces, stored)
                return

    async def _write_apart(self, house: House, pieces: Sequence[Piece]) -> None:
        """Write one by one what could not be written together; of the one at fault the state without its events.

        A reward can be deleted while its event is on the way: that must not keep others waiting.
        """
        for piece in pieces:
            if len(pieces) > 1:
                await self._write(house, [piece])
            elif piece.write.events or piece.taken.lines:
                await self._write(house, [without_events(piece)])
            else:
                piece.session.lost = True
                piece.connection.end(INTERNAL_ERROR)
                _done(piece)

    async def _tell(self, house: House, pieces: Sequence[Piece], stored: Stored) -> None:
        overtaken = [piece for piece in pieces if piece.connection.id in stored.overtaken and not piece.session.parted]
        if overtaken and self.on_overtaken:
            with contextlib.suppress(*DATABASE_AWAY):
                await self.on_overtaken()
        for piece in overtaken:
            piece.connection.lose(_OVERTAKEN)
        for piece in pieces:
            if piece.connection.id in stored.full:
                piece.session.recorded = False
            if piece.connection.id not in stored.overtaken:
                for _each in range(piece.taken.flushes):
                    house.spawn(piece.connection.send(answers.flushed(piece.write.revision)))
            _done(piece)

    def _give_up(self, house: House) -> None:
        """Ask all game servers to come back with their full states, and forget what could not be written."""
        log.error("The database has been away for too long: all game servers are asked to come back.")
        for connection in list(house.connections.values()):
            if connection.session is not None:
                connection.session.lost = True
            connection.put_off(Close.TRY_LATER)
        self._waiting.clear()


def without_events(piece: Piece) -> Piece:
    """Return a piece that writes the state alone."""
    taken = replace(piece.taken, events=[], lines=[])
    return replace(piece, write=replace(piece.write, events=()), taken=taken)


def _done(piece: Piece) -> None:
    if piece.connection.written is not None and piece.session.parted:
        piece.connection.written.set()
