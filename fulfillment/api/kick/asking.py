"""What a call of Kick's claims asks for, read from its parameters and its body. Pure. Raises ``Problem`` with status 400."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from fulfillment.api.problems import Problem

DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
MAX_UPDATES = 100
LONGEST_ID = 200
LONGEST_STATUS = 100

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Parameters(Protocol):
    """A call's parameters, as Django has them: each with all its values."""

    def getlist(self, key: str, /) -> list[str]:
        """Return the values of one, none where it is not there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which claims are wanted. None: not asked about. ``cursor`` is the id of the claim behind which the page begins."""

    limit: int = DEFAULT_LIMIT
    cursor: str = ""
    campaign_id: str | None = None
    claim_id: str | None = None
    user_id: str | None = None
    external_status: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """The status that a partner sets on one claim."""

    claim_id: str
    external_status: str


def read_parameters(parameters: Parameters) -> Asked:
    """Return what is asked for. Parameters that Kick does not have are ignored, as Kick's API does.

    An empty cursor is the one that an empty list of claims came with, and begins at the start. A filter that is there
    and empty is refused: it would rather be a mistake than a wish for everybody's claims.
    """
    cursor = _single(parameters, "cursor")
    return Asked(
        limit=_limit(_single(parameters, "limit")),
        cursor=_id(cursor, "cursor") if cursor else "",
        campaign_id=_optional_id(parameters, "campaign_id"),
        claim_id=_optional_id(parameters, "claim_id"),
        user_id=_optional_id(parameters, "user_id"),
        external_status=_optional_status(parameters),
    )


def read_updates(body: Any) -> list[Update]:
    """Return the updates that a body of JSON holds: 1 to 100, each with exactly the two documented keys."""
    rows = body.get("claims") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise _wrong('The body must be an object with a list called "claims".')
    if not 1 <= len(rows) <= MAX_UPDATES:
        raise _wrong(f'"claims" must have 1 to {MAX_UPDATES} items. It has {len(rows)}.')
    return [_update(row, number) for number, row in enumerate(rows)]


def _update(row: Any, number: int) -> Update:
    where = f"claims[{number}]"
    if not isinstance(row, dict) or row.keys() != {"claim_id", "external_status"}:
        raise _wrong(f'{where} must be an object with "claim_id" and "external_status", and nothing else.')
    claim_id, status = row["claim_id"], row["external_status"]
    if not isinstance(claim_id, str) or not isinstance(status, str):
        raise _wrong(f"{where}: claim_id and external_status must be texts.")
    return Update(_id(claim_id, f"{where}.claim_id"), _status(status, f"{where}.external_status"))


def _single(parameters: Parameters, name: str) -> str | None:
    values: Sequence[str] = parameters.getlist(name)
    if len(values) > 1:
        raise _wrong(f"{name} may be given once. It is there {len(values)} times.")
    return values[0] if values else None


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise _wrong(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _optional_id(parameters: Parameters, name: str) -> str | None:
    value = _single(parameters, name)
    return None if value is None else _id(value, name)


def _optional_status(parameters: Parameters) -> str | None:
    value = _single(parameters, "external_status")
    return None if value is None else _status(value, "external_status")


def _id(text: str, where: str) -> str:
    """Return an id. Whether it is known is not asked here: those of platforms are any text."""
    if not text.strip() or len(text) > LONGEST_ID or _CONTROL.search(text):
        raise _wrong(f"{where} must be an id: 1 to {LONGEST_ID} characters, no control characters.")
    return text


def _status(text: str, where: str) -> str:
    if not text.strip() or len(text) > LONGEST_STATUS or _CONTROL.search(text):
        raise _wrong(f"{where} must have 1 to {LONGEST_STATUS} characters, no control characters.")
    return text


def _wrong(message: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, message)
