"""How a call about tokens can be refused: one table for both platforms' forms (protocols, Twitch OAuth and Kick OAuth 2.1).

``error`` is RFC 6749's word and goes with ``status`` into Kick's form; ``twitch_status`` and the message into Twitch's. Twitch's
messages are its own where they are known: "invalid client" (400), "invalid client secret" (403), "missing client secret",
"Invalid refresh token", "Invalid token", "client does not exist" (404, Revoking Access Tokens).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a call is refused."""

    error: str
    message: str
    status: int = 400
    twitch_status: int = 400


class Refused(Exception):
    """A call is refused. ``message`` says it more closely than the fault's own, where that helps."""

    def __init__(self, fault: Fault, message: str = "", *, wait_seconds: int = 0) -> None:
        super().__init__(message or fault.message)
        self.fault = fault
        self.message = message or fault.message
        self.wait_seconds = wait_seconds


MALFORMED = Fault("invalid_request", "malformed request")
MISSING = Fault("invalid_request", "missing parameter")
TOO_LARGE = Fault("invalid_request", "The body is too large.", 413, 413)
NO_CLIENT_ID = Fault("invalid_client", "missing client id", 401, 400)
NO_SECRET = Fault("invalid_client", "missing client secret", 401, 400)
UNKNOWN_CLIENT = Fault("invalid_client", "invalid client", 401, 400)
WRONG_SECRET = Fault("invalid_client", "invalid client secret", 401, 403)
UNKNOWN_GRANT = Fault("unsupported_grant_type", "unsupported grant type")
GRANT_NOT_ALLOWED = Fault("unauthorized_client", "This client may not use this grant type.")
BAD_CODE = Fault("invalid_grant", "Invalid authorization code")
BAD_REFRESH_TOKEN = Fault("invalid_grant", "Invalid refresh token")
OTHER_ADDRESS = Fault("invalid_grant", "Parameter redirect_uri does not match the one of the authorization request.")
BAD_SCOPE = Fault("invalid_scope", "invalid scope requested")
UNKNOWN_TOKEN = Fault("invalid_token", "Invalid token")
NO_SUCH_CLIENT = Fault("invalid_client", "client does not exist", 400, 404)
TOO_MANY = Fault("temporarily_unavailable", "Too Many Requests", 429, 429)
