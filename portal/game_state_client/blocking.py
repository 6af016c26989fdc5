"""The client for programs without asyncio: the same methods, each of which returns when it is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar

from .client import GameStateClient, Status
from .errors import SessionOver

Answer = TypeVar("Answer")


class BlockingGameStateClient:
    """A :class:`GameStateClient` whose event loop runs in a thread of its own; it takes the same arguments.

    Its methods may be called from any thread. It is a context manager, at whose end the session is disconnected and the
    thread ends; without one, call ``close``.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._client = GameStateClient(url, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="game state", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Awaitable[Answer]], seconds: float | None = None) -> Answer:
        async def within() -> Answer:
            async with asyncio.timeout(seconds):
                return await work()

        return asyncio.run_coroutine_threadsafe(within(), self._loop).result()

    def _do(self, work: Callable[[], Answer]) -> Answer:
        async def in_the_loop() -> Answer:
            return work()

        return self._run(in_the_loop)

    @property
    def status(self) -> Status:
        """Where the client stands with the portal."""
        return self._client.status

    @property
    def over(self) -> SessionOver | None:
        """Why the session is over, once it is."""
        return self._client.over

    @property
    def session(self) -> str:
        """The portal's own id of the session; empty before the first connection."""
        return self._client.session

    @property
    def broadcasters(self) -> dict[str, str]:
        """What the portal last said of each broadcaster: ``live``, ``offline`` or ``not_linked``."""
        return self._client.broadcasters

    @property
    def live(self) -> bool:
        """Whether any broadcaster is live."""
        return self._client.live

    @property
    def data(self) -> dict[str, Any]:
        """A copy of the state as it is now."""
        return self._do(lambda: self._client.data)

    def connect(self, state: dict[str, Any], *, seconds: float | None = None) -> None:
        """Connect with the full state; ``TimeoutError`` where the portal has not taken it within so many seconds."""
        self._run(lambda: self._client.connect(state), seconds)

    def set(self, path: str | Sequence[str], value: Any) -> None:
        """Put a value into a place of the state."""
        self._do(lambda: self._client.set(path, value))

    def remove(self, path: str | Sequence[str]) -> None:
        """Take something out of the state."""
        self._do(lambda: self._client.remove(path))

    def update(self, changes: dict[str, Any]) -> None:
        """Merge nested changes into the state."""
        self._do(lambda: self._client.update(changes))

    def flush(self, *, seconds: float | None = None) -> int:
        """Return the portal's revision once all changes are durable there; ``TimeoutError`` after so many seconds."""
        return self._run(self._client.flush, seconds)

    def disconnect(self) -> None:
        """Say that the session is over, and close the line."""
        self._run(self._client.disconnect)

    def close(self) -> None:
        """Disconnect, where there is a session, and end the thread."""
        if self._loop.is_closed():
            return
        if self.status is not Status.NOT_CONNECTED:
            self.disconnect()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
