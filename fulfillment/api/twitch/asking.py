"""What a call of Twitch's entitlements asks for, read from its parameters and its body. Pure. Raises ``Problem``, status 400.

Parameters that Helix does not have are ignored, as Helix does. One that is there and empty is refused: it would rather be a
mistake than a wish for everybody's entitlements. The cursor alone may be empty: so begins who pages in a loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from fulfillment.api.problems import Problem
from fulfillment.api.twitch.cursors import number_in
from fulfillment.api.twitch.shape import CLAIMED, FULFILLED

DEFAULT_FIRST = 20
MAX_FIRST = 1000
MAX_IDS = 100
LONGEST_ID = 200

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_STATUSES = {CLAIMED: False, FULFILLED: True}
_UPDATABLE = re.compile(rf"[!-~]{{1,{LONGEST_ID}}}", re.ASCII)


class Parameters(Protocol):
    """A call's parameters, as Django has them: each with all its values."""

    def getlist(self, key: str, /) -> list[str]:
        """Return the values of one, none where it is not there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entitlements are wanted. None and empty: not asked about. ``after`` is the number behind which the page begins."""

    first: int = DEFAULT_FIRST
    after: int = 0
    ids: tuple[str, ...] = ()
    user_id: str | None = None
    game_id: str | None = None
    fulfilled: bool | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """The status that is set on entitlements, each named once, in the order of the call. ``invalid`` are no ids at all."""

    ids: tuple[str, ...]
    invalid: tuple[str, ...]
    fulfilled: bool


def read_parameters(parameters: Parameters) -> Asked:
    """Return what is asked for.

    Who names entitlements and no page gets all of those: the known clients do not page there.
    """
    ids = parameters.getlist("id")
    if len(ids) > MAX_IDS:
        raise _wrong(f"id may be given at most {MAX_IDS} times. It is there {len(ids)} times.")
    first, status = _single(parameters, "first"), _single(parameters, "fulfillment_status")
    return Asked(
        first=_first(first, default=MAX_IDS if ids else DEFAULT_FIRST),
        after=number_in(_single(parameters, "after") or ""),
        ids=tuple(dict.fromkeys(_id(one, "id") for one in ids)),
        user_id=_optional_id(parameters, "user_id"),
        game_id=_optional_id(parameters, "game_id"),
        fulfilled=None if status is None else _fulfilled(status),
    )


def read_update(body: Any) -> Update:
    """Return the update that a body of JSON holds."""
    if not isinstance(body, dict):
        raise _wrong('The body must be an object with "entitlement_ids" and "fulfillment_status".')
    ids = body.get("entitlement_ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise _wrong("entitlement_ids must be a list of texts.")
    if not 1 <= len(ids) <= MAX_IDS:
        raise _wrong(f"entitlement_ids must have 1 to {MAX_IDS} ids. It has {len(ids)}.")
    fulfilled = _fulfilled(body.get("fulfillment_status"))
    valid, invalid = _sorted_out(ids)
    return Update(valid, invalid, fulfilled)


def _sorted_out(ids: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    each = list(dict.fromkeys(ids))
    valid = tuple(one for one in each if _UPDATABLE.fullmatch(one))
    return valid, tuple(one for one in each if not _UPDATABLE.fullmatch(one))


def _single(parameters: Parameters, name: str) -> str | None:
    values = parameters.getlist(name)
    if len(values) > 1:
        raise _wrong(f"{name} may be given once. It is there {len(values)} times.")
    return values[0] if values else None


def _first(text: str | None, *, default: int) -> int:
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_FIRST:
        raise _wrong(f"first must be a whole number from 1 to {MAX_FIRST}.")
    return int(text)


def _optional_id(parameters: Parameters, name: str) -> str | None:
    value = _single(parameters, name)
    return None if value is None else _id(value, name)


def _id(text: str, name: str) -> str:
    """Return an id. Whether it is known is not asked here: those of platforms and players are any text."""
    if not text.strip() or len(text) > LONGEST_ID or _CONTROL.search(text):
        raise _wrong(f"{name} must be an id: 1 to {LONGEST_ID} characters, no control characters.")
    return text


def _fulfilled(status: Any) -> bool:
    if not isinstance(status, str) or status not in _STATUSES:
        raise _wrong(f"fulfillment_status must be {CLAIMED} or {FULFILLED}.")
    return _STATUSES[status]


def _wrong(message: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, message)
