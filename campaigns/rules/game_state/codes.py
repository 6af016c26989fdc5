"""The limits of game state, every answer's code, and the code with which a connection is closed (G1, G2).

Values from the Enhanced Experiences guide ("Scenarios for failure", "Rate-Limiting", "Idle Checker", "Message Size
Limit"); a KB is 1,024 bytes here, which the guide leaves open (protocols, 6.2). The codes are the portal's own:
docs/game-state.md lists them.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

VERSION = 1
"""The version of the message format that ``connect`` names."""

FULL_BYTES = 102_400
"""The longest connect or refresh, as it comes: bytes of UTF-8. Also the most that a merged state may take as JSON."""

DELTA_BYTES = 20_480
"""The longest delta, flush or disconnect."""

FRAME_BYTES = 262_144
"""A longer message is not even read: the connection is closed (1009)."""

MESSAGES_PER_MINUTE = 60
"""In a clock minute, of all kinds together."""

FRAMES_PER_MINUTE = 6_000
"""Of a connection's WebSocket frames, pings and the pieces of messages: a hundred for each message that is allowed."""

IDLE_SECONDS = 195
CONNECT_SECONDS = 10
"""So soon after the WebSocket is open a session must be connected."""

DEPTH = 32
"""So deep arrays and objects may be nested, the message itself being the first."""

LARGEST_INTEGER = 2**53 - 1
"""Larger whole numbers are not the same in every language (RFC 7493, 2.2)."""

BROADCASTERS = 100
"""The most broadcasters of one connection."""

ID_LENGTH = 100
"""The longest session id, in characters."""


class Close(IntEnum):
    """Why the portal closes a connection. Below 4000: RFC 6455, section 7.4."""

    NORMAL = 1000
    BINARY = 1003
    NOT_UTF8 = 1007
    TOO_LONG = 1009
    RESTART = 1012
    TRY_LATER = 1013
    NO_CONNECT = 4001
    IDLE = 4002
    RATE = 4003
    TOKEN = 4004
    NOT_ALLOWED = 4005
    REPLACED = 4006
    DROPPED = 4007
    NOT_READING = 4008


class Code(StrEnum):
    """What was wrong: the ``code`` of an error message."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_TOO_LARGE = "number_too_large"
    TOO_DEEP = "too_deep"
    UNKNOWN_TYPE = "unknown_type"
    BAD_FIELD = "bad_field"
    WRONG_VERSION = "wrong_version"
    CONNECT_TOO_LARGE = "connect_too_large"
    REFRESH_TOO_LARGE = "refresh_too_large"
    DELTA_TOO_LARGE = "delta_too_large"
    MESSAGE_TOO_LARGE = "message_too_large"
    STATE_TOO_LARGE = "state_too_large"
    BAD_PATCH = "bad_patch"
    NOT_CONNECTED = "not_connected"
    ALREADY_CONNECTED = "already_connected"
    # Refused with the connection closed:
    BINARY = "binary"
    NO_CONNECT = "no_connect"
    IDLE = "idle"
    RATE_LIMITED = "rate_limited"
    TOKEN_PREFIXED = "token_prefixed"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    SCOPE_MISSING = "scope_missing"
    GAME_UNKNOWN = "game_unknown"
    GAME_NOT_ALLOWED = "game_not_allowed"
    BROADCASTERS_REFUSED = "broadcasters_refused"
    BROADCASTERS_MISSING = "broadcasters_missing"
    BROADCASTER_NOT_LINKED = "broadcaster_not_linked"
    REPLACED = "replaced"
    DROPPED = "dropped"


CLOSES: dict[Code, Close] = {
    Code.BINARY: Close.BINARY,
    Code.NO_CONNECT: Close.NO_CONNECT,
    Code.IDLE: Close.IDLE,
    Code.RATE_LIMITED: Close.RATE,
    Code.TOKEN_PREFIXED: Close.TOKEN,
    Code.TOKEN_UNKNOWN: Close.TOKEN,
    Code.TOKEN_EXPIRED: Close.TOKEN,
    Code.TOKEN_REVOKED: Close.TOKEN,
    Code.SCOPE_MISSING: Close.TOKEN,
    Code.GAME_UNKNOWN: Close.NOT_ALLOWED,
    Code.GAME_NOT_ALLOWED: Close.NOT_ALLOWED,
    Code.BROADCASTERS_REFUSED: Close.NOT_ALLOWED,
    Code.BROADCASTERS_MISSING: Close.NOT_ALLOWED,
    Code.BROADCASTER_NOT_LINKED: Close.NOT_ALLOWED,
    Code.REPLACED: Close.REPLACED,
    Code.DROPPED: Close.DROPPED,
}
"""The refusals after which the connection is closed, each with its close code. After all others the line stays open."""

ENDED_DISCONNECTED = "disconnected"
ENDED_ABANDONED = "abandoned"
ENDED_DROPPED = str(Code.DROPPED)
"""Besides these, a session ends with nothing: a closed connection leaves it open for the next one."""


class Refused(Exception):
    """A message is not taken. ``message`` is one English sentence for developers: what was wrong and what is allowed."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message

    @property
    def close(self) -> Close | None:
        """The code with which the connection is closed after the error, or None where it stays open."""
        return CLOSES.get(self.code)
