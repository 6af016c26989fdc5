"""What descriptions of both shapes share: ids, times, and what every call can be refused with."""

from __future__ import annotations

from fulfillment.api.docs.describing import Schema
from fulfillment.api.views import BODY_LIMIT_BYTES

TOO_LARGE = f"The body has more than {BODY_LIMIT_BYTES:,} bytes."
TOO_LARGE_MESSAGE = f"The body may have at most {BODY_LIMIT_BYTES} bytes."
TOO_MANY = "The client has used up its calls of this minute. Wait as many seconds as `Retry-After` says, then go on."
FAULT = "The portal failed. It has been logged; try again later."

PLATFORM: Schema = {
    "type": "string",
    "description": "Only for clients that list the claims of all platforms: where the claim comes from.",
}
PLAYER_ID: Schema = {
    "type": ["string", "null"],
    "description": "Only for clients that list the claims of all platforms: the player's id in the game, `null` without one.",
}


def identifier(longest: int) -> Schema:
    """Return the schema of an id, or of a status in own words: any text, not blank and without control characters."""
    plain = r"[^\x00-\x1f\x7f-\x9f]*"
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": longest,
        "pattern": rf"^{plain}[^\s\x00-\x1f\x7f-\x9f]{plain}$",
    }


def time(text: str) -> Schema:
    """Return the schema of a time."""
    return {"type": "string", "format": "date-time", "description": text}
