"""One WebSocket to the portal, as the client needs it; what is special to the library stays here."""

from __future__ import annotations

from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

OPEN_SECONDS = 10
CLOSE_SECONDS = 5
TOLD_LATER = (408, 425, 429)
"""Statuses of HTTP below 500 after which trying again is of use."""


class LineClosed(Exception):
    """The line is closed; ``code`` is that of WebSocket, 1006 where it just ended."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class NotOpened(Exception):
    """The line could not be opened.

    ``lasting``: the address is wrong or answers so that trying again is of no use. ``retry_after`` is in seconds.
    """

    def __init__(self, reason: str, *, lasting: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.lasting = lasting
        self.retry_after = retry_after


class Line(Protocol):
    """A line that is open."""

    async def send(self, text: str) -> None:
        """Send a text message. Raises ``LineClosed``."""

    async def receive(self) -> str:
        """Wait for the next text message. Raises ``LineClosed``."""

    async def close(self) -> None:
        """Close it, whatever its state."""


class WebSocketLine:
    """A line over the library ``websockets``, which answers pings and finds out by its own whether the line is dead."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """Send a text message. Raises ``LineClosed``."""
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise LineClosed(_code_of(closed)) from closed

    async def receive(self) -> str:
        """Wait for the next text message; binary ones, which no version has, are left out. Raises ``LineClosed``."""
        try:
            while not isinstance(message := await self._connection.recv(), str):
                pass
        except ConnectionClosed as closed:
            raise LineClosed(_code_of(closed)) from closed
        return message

    async def close(self) -> None:
        """Close it, whatever its state."""
        await self._connection.close()


def _code_of(closed: ConnectionClosed) -> int:
    return closed.rcvd.code if closed.rcvd else 1006


async def open_line(url: str) -> Line:
    """Open a WebSocket. Raises ``NotOpened``."""
    try:
        return WebSocketLine(await connect(url, open_timeout=OPEN_SECONDS, close_timeout=CLOSE_SECONDS))
    except InvalidURI as error:
        raise NotOpened(f"{url} is no address of a WebSocket: it begins with wss:// or ws://.", lasting=True) from error
    except InvalidStatus as refused:
        status = refused.response.status_code
        wait = refused.response.headers.get("Retry-After", "")
        raise NotOpened(
            f"{url} answers with the HTTP status {status}.",
            lasting=status < 500 and status not in TOLD_LATER,
            retry_after=float(wait) if wait.isdecimal() else None,
        ) from refused
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise NotOpened(f"{url} cannot be reached: {error or type(error).__name__}") from error
