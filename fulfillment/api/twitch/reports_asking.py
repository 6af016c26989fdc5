"""What a call of Twitch's game analytics asks for, read from its parameters. Pure. Raises ``Problem``, status 400.

Twitch's Get Game Analytics says the rules (protocols, section 2.3). Its data lags by up to two days, ours by one: the last
day that can be reported is yesterday. Parameters that Helix does not have are ignored.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from http import HTTPStatus

from campaigns.rules.days import day_number
from fulfillment.api.problems import Problem
from fulfillment.api.twitch.asking import LONGEST_ID, Parameters

REPORT_TYPE = "overview_v2"
MAX_FIRST = 100
MOST_REPORTS = 20
"""A page never has more, however many were asked for."""

LONGEST_DAYS = 365
"""So far back reports go."""

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_GAME = re.compile(r"[0-9A-Z]{26}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which reports are wanted. ``days`` are the first and the last, both inside; where the first is the later, there is none.

    ``after`` is the game behind which the page begins, empty at the start.
    """

    days: tuple[int, int]
    first: int
    after: str
    game_id: str | None


def read_parameters(parameters: Parameters, *, today: int) -> Asked:
    """Return what is asked for. Days are counted from 1970 in UTC."""
    if parameters.getlist("before"):
        raise _wrong("Reports are paged forward only: use after.")
    if _single(parameters, "type") not in (None, REPORT_TYPE):
        raise _wrong(f"type must be {REPORT_TYPE}.")
    game_id = _single(parameters, "game_id")
    if game_id is not None and not _is_id(game_id):
        raise _wrong(f"game_id must be an id: 1 to {LONGEST_ID} characters, no control characters.")
    return Asked(
        days=_window(parameters, today),
        first=_first(_single(parameters, "first")),
        after="" if game_id is not None else _game_in(_single(parameters, "after") or ""),
        game_id=game_id,
    )


def cursor_of(game: str) -> str:
    """Return the cursor of the page that begins behind this game of ours."""
    return base64.urlsafe_b64encode(game.encode()).decode().rstrip("=")


def _game_in(cursor: str) -> str:
    if not cursor:
        return ""
    try:
        game = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        game = ""
    if not _GAME.fullmatch(game) or cursor_of(game) != cursor:
        raise _wrong("after must be a cursor that an earlier page gave.")
    return game


def _window(parameters: Parameters, today: int) -> tuple[int, int]:
    started_at, ended_at = (_single(parameters, name) for name in ("started_at", "ended_at"))
    earliest, latest = today - LONGEST_DAYS, today - 1
    if started_at is None and ended_at is None:
        return earliest, latest
    if started_at is None or ended_at is None:
        raise _wrong("started_at and ended_at must be given together, or neither.")
    start, end = _day(started_at, "started_at"), _day(ended_at, "ended_at")
    if end < start:
        raise _wrong("ended_at must not be earlier than started_at.")
    return max(start, earliest), min(end, latest)


def _day(text: str, name: str) -> int:
    try:
        moment = datetime.fromisoformat(_strict(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(f"{name} must be a time in RFC 3339, as in 2026-11-01T00:00:00Z.") from None
    if moment.time() != time():
        raise _wrong(f"The time part of {name} must be zero: midnight in UTC, as in 2026-11-01T00:00:00Z.")
    return day_number(moment)


def _strict(text: str) -> str:
    """Return an RFC 3339 time as ``fromisoformat`` reads it, refusing whatever else that reads. Raises ``ValueError``."""
    if not _TIME.fullmatch(text):
        raise ValueError
    return text.upper()


def _first(text: str | None) -> int:
    if text is None:
        return MOST_REPORTS
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_FIRST:
        raise _wrong(f"first must be a whole number from 1 to {MAX_FIRST}.")
    return min(int(text), MOST_REPORTS)


def _single(parameters: Parameters, name: str) -> str | None:
    values = parameters.getlist(name)
    if len(values) > 1:
        raise _wrong(f"{name} may be given once. It is there {len(values)} times.")
    return values[0] if values else None


def _is_id(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST_ID and text.isprintable()


def _wrong(message: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, message)
