"""The cursors of Twitch's shape: where in the organization's order (A3) a page ended. To a client they are opaque.

A cursor says nothing but a number, so it serves with any filter, and in another organization it only names a place there.
"""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus

from fulfillment.api.problems import Problem

_VERSION = 1
_LENGTH = 12
_HIGHEST = 2**63 - 1


def cursor_of(number: int) -> str:
    """Return the cursor of the page that begins behind this number. Letters, digits, ``-`` and ``_`` only."""
    return base64.urlsafe_b64encode(bytes([_VERSION]) + number.to_bytes(8, "big")).decode()


def number_in(cursor: str) -> int:
    """Return the number behind which a page begins; empty begins at the start. Raises ``Problem``."""
    if not cursor:
        return 0
    try:
        # Strict, or what base64 skips over would make many cursors of one.
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True) if len(cursor) == _LENGTH else b""
    except (binascii.Error, ValueError):
        raw = b""
    number = int.from_bytes(raw[1:], "big")
    if raw[:1] != bytes([_VERSION]) or number > _HIGHEST:
        raise Problem(HTTPStatus.BAD_REQUEST, "after must be a cursor that an earlier page gave.")
    return number
