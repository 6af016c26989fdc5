"""The access token of a client: kept, and asked for anew when the portal refuses it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from .checks import check_token

TokenSource = str | Callable[[], str | Awaitable[str]]
"""A token as it is, or a function that returns one."""

RENEWABLE = frozenset({"token_expired", "token_revoked", "token_unknown"})
"""What another token may mend."""


class Tokens:
    """Gives the token for the next connection."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._known = check_token(source) if isinstance(source, str) else ""
        self._refused = ""

    async def present(self) -> str:
        """Return the token, asked for where there is none. Raises what the function raises, and ``StateRefused``.

        A function that is not of asyncio runs in a thread: it may wait for the network.
        """
        if not self._known and not isinstance(self._source, str):
            ask = self._source
            given = ask() if inspect.iscoroutinefunction(ask) else await asyncio.to_thread(ask)
            self._known = check_token(await given if inspect.isawaitable(given) else given)
        return self._known

    def accepted(self) -> None:
        """The portal has taken the token."""
        self._refused = ""

    def renew(self, code: str) -> bool:
        """Forget a token that was refused; False where no other can be had, or where one after the other is refused."""
        if isinstance(self._source, str) or code not in RENEWABLE or self._refused:
            return False
        self._refused, self._known = self._known, ""
        return True
