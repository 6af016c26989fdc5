"""What the client raises."""

from __future__ import annotations


class GameStateError(Exception):
    """Anything that this client raises by itself."""


class NotConnected(GameStateError):
    """Before ``connect`` nothing else is possible."""

    def __init__(self) -> None:
        super().__init__("Not connected: call connect() with the full state first.")


class AlreadyConnected(GameStateError):
    """``connect`` is called once; after a lost line the client comes back by itself."""

    def __init__(self) -> None:
        super().__init__("connect() was called already; after a lost line the client comes back by itself.")


class SessionOver(GameStateError):
    """The session is over for good: ended by ``disconnect``, or by the portal, which said why.

    ``code`` is the portal's error code (docs/game-state.md, "Errors"), ``disconnected`` after one's own ``disconnect``, or
    ``failed`` where something on this side went wrong; its cause is ``__cause__`` then. ``reason`` is a sentence.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"The session is over ({code}): {reason}")
        self.code = code
        self.reason = reason


class StateRefused(GameStateError, ValueError):
    """The portal would refuse this, so it is not taken: the state stays as it was."""
