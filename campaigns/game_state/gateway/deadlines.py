"""When a connection's time is up, and when its session is to be written (G1): pure, of given moments in seconds since 1970."""

from __future__ import annotations

from campaigns.rules.game_state.codes import CONNECT_SECONDS, Code, Refused

WRITE_SECONDS = 5.0
"""So long a change may wait in memory where no event, flush or end writes it at once."""

WRITE_OFFLINE_SECONDS = 30.0
"""The same while no broadcaster is live: such a session is kept cheap."""


def connect_fault(*, opened_at: float, at: float) -> Refused | None:
    """Return what a connection without a session is closed with; None: its time is not up."""
    if at - opened_at <= CONNECT_SECONDS:
        return None
    return Refused(Code.NO_CONNECT, f"No connect message was taken within {CONNECT_SECONDS} seconds of opening.")


def session_fault(
    *, last_message_at: float, idle_seconds: int, token_expires_at: float | None, at: float
) -> Refused | None:
    """Return what a connection with a session is closed with; None: its time is not up.

    Any message of the game counts as a sign of life, one that was refused too, but no WebSocket ping.
    """
    if token_expires_at is not None and at >= token_expires_at:
        return Refused(Code.TOKEN_EXPIRED, "The token has expired: connect again with a new one and the full state.")
    if at - last_message_at <= idle_seconds:
        return None
    return Refused(
        Code.IDLE, f"No message came for over {idle_seconds} seconds: send a refresh or a delta before, not only pings."
    )


def write_due(*, changed_at: float, live: bool) -> float:
    """Return when a change of that moment is to be written at the latest."""
    return changed_at + (WRITE_SECONDS if live else WRITE_OFFLINE_SECONDS)
