"""How long a gateway waits: for game servers, for more to write, for a database that is away. In seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What has no limit in the message format (:mod:`campaigns.rules.game_state.codes`)."""

    handshake: float = 10.0
    """From the TCP connection to the end of its opening handshake."""

    send: float = 5.0
    """So long a game server may take to read what it is sent, before it is cut off."""

    close: float = 3.0
    """So long it may take to answer a close."""

    disconnect: float = 300.0
    """So long the last write of a session may take before its line is closed: as long as it is tried."""

    gather: float = 0.1
    """So long a write waits for others to go with it."""

    retry: float = 0.5
    """After so long a write that failed is tried again, and then after twice as long each time …"""

    longest_retry: float = 10.0
    """… but at least so often."""

    away: float = 300.0
    """Of a database that is away so long, nothing is kept for it any more: game servers come back with what they have."""

    last_writes: float = 8.0
    """So long a gateway that stops tries to write what it has …"""

    last_closes: float = 5.0
    """… and waits for its connections to close."""
