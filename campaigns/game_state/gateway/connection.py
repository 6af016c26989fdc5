"""One connection of a game server, from open to closed: its messages are dealt with one after the other (G1, G2)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from datetime import datetime

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from campaigns.game_state.gateway import answers
from campaigns.game_state.gateway.admitting import PutOff
from campaigns.game_state.gateway.deadlines import connect_fault, session_fault
from campaigns.game_state.gateway.house import House
from campaigns.game_state.gateway.session import Session
from campaigns.rules.game_state.codes import (
    ENDED_DISCONNECTED,
    MESSAGES_PER_MINUTE,
    Close,
    Code,
    Refused,
)
from campaigns.rules.game_state.events import Match
from campaigns.rules.game_state.messages import Connect, Delta, Disconnect, Flush, Message, Refresh, read_message
from campaigns.rules.game_state.state import Bucket, MergedState
from portal.ids import new_ulid

PING_SECONDS = 30.0
"""So often a game server is asked whether it reads."""

INTERNAL_ERROR = 1011
"""The close code of a fault of ours."""

_ONLY_TEXT = Refused(Code.BINARY, "A binary message came: send JSON in text messages only.")
_TOO_MANY = Refused(
    Code.RATE_LIMITED,
    f"Over {MESSAGES_PER_MINUTE} messages in one clock minute: put several changes into one delta, one a second at most.",
)
_CONNECT_FIRST = Refused(Code.NOT_CONNECTED, "There is no session yet: send connect first.")
_ONLY_ONCE = Refused(
    Code.ALREADY_CONNECTED, "This connection has a session already: for another session open another connection."
)


class Connection:
    """Belongs to the event loop's thread. ``closed`` is true from the moment that its end is decided: it takes nothing more."""

    def __init__(self, socket: ServerConnection, house: House) -> None:
        self.id = new_ulid()
        self.session: Session | None = None
        self.closed = False
        self.written: asyncio.Event | None = None
        """Set by the writer once the session's last write is done."""
        self.asked_at = house.clock().timestamp()
        """When the keeper last asked the doorkeeper about its standing …"""
        self.pinged_at = self.asked_at - random.uniform(0, PING_SECONDS)  # noqa: S311 - spreads the work of many
        """… and the game server for a sign of life."""
        self._socket = socket
        self._house = house
        self._bucket = Bucket()
        self._opened_at = self.asked_at
        self._last_message_at = self._opened_at
        self._token_expires_at: float | None = None
        self._connecting = False
        self._pong: asyncio.Future[float] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._closed_with = 0

    async def run(self) -> None:
        """Deal with what comes until the connection is closed. A fault of ours is raised: the library closes it with 1011."""
        kind = str(INTERNAL_ERROR)
        try:
            while True:
                frame = await self._socket.recv()
                if not self.closed:  # what comes while it is being closed is read and dropped
                    await self._deal(frame)
        except ConnectionClosed as closed:
            kind = str(self._closed_with or _close_kind(closed))
        finally:
            self._house.count(f"closed:{kind}")
            self.closed = True
            self._part()
            if self._closing is not None:
                await self._closing

    async def _deal(self, frame: str | bytes) -> None:
        now = self._house.clock()
        try:
            message, size = self._read(frame, now)
            if isinstance(message, Connect):
                self._house.count("message:connect")
                await self._connect(message, size, now)
            elif self.session is None:
                raise _CONNECT_FIRST
            elif isinstance(message, Disconnect):
                self._house.count("message:disconnect")
                await self._disconnect(self.session)
            else:
                self._take(message, self.session, now)
        except Refused as refused:
            self._house.count(f"refused:{refused.code}")
            if refused.close is not None:
                self.refuse(refused)
                return
            if self.session is not None:
                self.session.refuse(refused.code, now=now)
            await self.send(answers.error(refused))

    def _read(self, frame: str | bytes, now: datetime) -> tuple[Message, int]:
        """Return the message that came and how many bytes it has, counted. Raises ``Refused``."""
        at = now.timestamp()
        fault = self.fault(at)
        if fault is not None:
            raise fault
        if not isinstance(frame, str):
            raise _ONLY_TEXT
        self._last_message_at = at
        within = self._bucket.take(at=at)
        size = len(frame) if frame.isascii() else len(frame.encode())
        if self.session is not None:
            self.session.count(size, at=at, now=now)
        if not within:
            raise _TOO_MANY
        return read_message(frame), size

    def _take(self, message: Delta | Refresh | Flush, session: Session, now: datetime) -> None:
        """Obey what nothing has to be waited for. Not a coroutine, since nearly every message is one of these."""
        if isinstance(message, Delta):
            self._house.count("message:delta")
            self._note(session.take_delta(message, now=now))
        elif isinstance(message, Refresh):
            self._house.count("message:refresh")
            self._note(session.take_full(message.data, kind="refresh", now=now))
        else:
            self._house.count("message:flush")
            session.want_flush()
            self._house.write_soon(self)

    async def _connect(self, message: Connect, size: int, now: datetime) -> None:
        if self.session is not None:
            raise _ONLY_ONCE
        MergedState().replace(message.data)  # a state that is refused touches no session
        self._connecting = True
        try:
            taken = await self._house.admit(self.id, message, self._is_gone)
        except PutOff:
            if not self.closed:
                self.put_off(Close.TRY_LATER)
            return
        finally:
            self._connecting = False
        session = Session(
            taken.admission,
            taken.begun,
            connection=self.id,
            bucket=self._bucket,
            rules=taken.rules,
            live=taken.live,
            now=now,
        )
        session.count(size, at=now.timestamp(), now=now)
        self.session = session
        expires_at = taken.admission.token_expires_at
        self._token_expires_at = expires_at.timestamp() if expires_at else None
        self._last_message_at = self._house.clock().timestamp()
        self._note(session.take_full(message.data, kind="connect", now=now))
        self._house.write_soon(self)
        if self.closed:
            self._part()
            return
        await self.send(self._connected(session))

    def _is_gone(self) -> bool:
        """Whether nobody waits for the answer any more. Asked in a thread, when it is this connection's turn."""
        return self.closed or self._socket.state is not State.OPEN

    def _connected(self, session: Session) -> str:
        return answers.connected(
            session_id=session.id,
            resumed=session.resumed,
            revision=session.revision,
            idle_seconds=session.admission.idle_seconds,
            broadcasters=session.broadcasters(),
        )

    def _note(self, matches: Collection[Match]) -> None:
        """Have what has happened written at once."""
        if not matches:  # nearly always
            return
        for match in matches:
            self._house.count("held_back" if match.held_back else "matched")
        if any(not match.held_back for match in matches):
            self._house.write_soon(self)

    async def _disconnect(self, session: Session) -> None:
        self.closed = True
        self.written = asyncio.Event()
        session.end(ENDED_DISCONNECTED)
        self._house.write_soon(self)
        try:
            async with asyncio.timeout(self._house.patience.disconnect):
                await self.written.wait()
        except TimeoutError:  # closed normally would mean that all is written
            self._hang_up(Close.TRY_LATER, answers.reconnect(self._house.milliseconds_to_come_back()))
        else:
            self._hang_up(Close.NORMAL)

    def fault(self, at: float) -> Refused | None:
        """Return what the connection is to be closed with at this moment (in seconds since 1970), if its time is up."""
        if self.session is not None:
            return session_fault(
                last_message_at=self._last_message_at,
                idle_seconds=self.session.admission.idle_seconds,
                token_expires_at=self._token_expires_at,
                at=at,
            )
        return None if self._connecting else connect_fault(opened_at=self._opened_at, at=at)

    def refuse(self, refused: Refused) -> None:
        """Say why, and close the connection. The session waits for another, unless it is lost."""
        if self.session is not None:
            self.session.refuse(refused.code, now=self._house.clock())
        self.end(refused.close or INTERNAL_ERROR, answers.error(refused))

    def lose(self, refused: Refused) -> None:
        """The session is another connection's, or over: write nothing more of it, say why, and close the connection."""
        if self.session is not None:
            self.session.lost = True
        if self.written is not None:
            self.written.set()  # there is nothing to be written any more that a disconnect would wait for
        if not self.closed:
            self._house.count(f"refused:{refused.code}")
        self.end(refused.close or INTERNAL_ERROR, answers.error(refused))

    def put_off(self, close: Close) -> None:
        """Ask the game server to come back in a while, and close the connection."""
        self.end(close, answers.reconnect(self._house.milliseconds_to_come_back()))

    def end(self, close: int, *texts: str) -> None:
        """Close the connection: from now on it takes nothing. Returns at once; what is said first is sent meanwhile."""
        if self.closed:
            return
        self.closed = True
        self._part()
        self._hang_up(close, *texts)

    def leave(self) -> None:
        """Ask the game server to come back, take nothing more, and have the session written and let go. The line stays."""
        if self.closed:
            return
        self.closed = True
        self._part()
        self._house.spawn(self.send(answers.reconnect(self._house.milliseconds_to_come_back())))

    def close_after_leaving(self) -> None:
        """Close the line, if nothing else does so already."""
        if self._closing is None:
            self._hang_up(Close.RESTART)

    def _part(self) -> None:
        """Have what the session has yet to write written, and leave it to whoever connects next."""
        if self.session is not None and not self.session.parted:
            self.session.let_go()
            self._house.write_soon(self)

    def _hang_up(self, close: int, *texts: str) -> None:
        self._closed_with = close
        self._closing = asyncio.create_task(self._say_and_close(close, texts))

    async def _say_and_close(self, close: int, texts: Collection[str]) -> None:
        try:
            async with asyncio.timeout(self._house.patience.send):
                for text in texts:
                    await self._socket.send(text)
                async with asyncio.timeout(self._house.patience.close):
                    await self._socket.close(close)
        except ConnectionClosed:
            return
        except TimeoutError:
            self._socket.transport.abort()

    async def send(self, text: str) -> None:
        """Send a message; cut the connection off where the game server does not read."""
        try:
            async with asyncio.timeout(self._house.patience.send):
                await self._socket.send(text)
        except ConnectionClosed:
            return
        except TimeoutError:
            self.cut_off()

    async def ping(self) -> None:
        """Ask for a sign that the game server reads; cut it off where it has not answered the last."""
        if self._pong is not None and not self._pong.done():
            self.cut_off()
            return
        try:
            async with asyncio.timeout(self._house.patience.send):
                self._pong = asyncio.ensure_future(await self._socket.ping())
        except ConnectionClosed:
            return
        except TimeoutError:
            self.cut_off()

    def cut_off(self) -> None:
        """Close the connection of a game server that does not read."""
        self.end(Close.NOT_READING)


def _close_kind(closed: ConnectionClosed) -> str:
    """Return the code of a connection that this gateway's code did not close: the library's, or of theirs what all know."""
    if closed.sent is not None and not closed.rcvd_then_sent:
        return str(closed.sent.code)
    if closed.rcvd is None:
        return "1006"
    return str(closed.rcvd.code) if closed.rcvd.code in (1000, 1001, 1005) else "other"
