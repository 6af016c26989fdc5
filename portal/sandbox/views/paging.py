"""What the platforms' lists have in common: numbers in the query, and cursors that say nothing to whoever holds them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping


class BadRequest(ValueError):
    """A parameter that the platform does not take; the text is its message."""


def number(params: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    """The whole number ``name`` from 1 to ``most``. Raises BadRequest."""
    text = params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise BadRequest(f"The parameter {name} must be a number from 1 to {most}")
    return int(text)


def to_cursor(text: str) -> str:
    """``text`` as a cursor that cannot be read at a glance."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> str:
    """The text in a cursor. Raises BadRequest for one that was never given out."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as fault:
        raise BadRequest("The cursor is not valid") from fault


def offset_of(cursor: str) -> int:
    """The position in a cursor that holds one; an empty cursor is the beginning. Raises BadRequest."""
    text = from_cursor(cursor) if cursor else "0"
    if not (text.isascii() and text.isdigit()):
        raise BadRequest("The cursor is not valid")
    return int(text[:9])
