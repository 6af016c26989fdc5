"""Sending one message: HTTP and nothing else. No database is touched here, and no transaction is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from fulfillment.message import SecretInvalid, signed_headers
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome, classify_error, classify_status, parse_retry_after
from portal import http

ANSWER_KEPT_BYTES = 1024  # D4

SECRET_UNUSABLE = "The signing secret is missing or not valid."


class Lane(StrEnum):
    """What kind of message it is. Each lane has threads of its own, so that neither keeps the other waiting."""

    REWARDS = "rewards"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that this process may send until ``lease_ends_at``, with all that is needed for it.

    ``row`` is the key of what was leased and ``receiver_id`` that of the endpoint or subscription, both within the lane.
    ``message_id`` is what the other side knows the message by: the claim's id, or the event's.
    """

    lane: Lane
    row: str | int
    message_id: str
    receiver_id: str | int
    url: str
    concurrency: int
    secrets: tuple[str, ...] = field(repr=False)
    body: str = field(repr=False)
    attempt: int
    probe: bool
    lease_ends_at: datetime

    @property
    def receiver(self) -> tuple[Lane, str | int]:
        """The receiver among those of all lanes."""
        return self.lane, self.receiver_id


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one send. ``status`` is None where no answer came; ``error`` says why, for staff.

    ``reason`` is the claim's, should this attempt not be the end of it; events have none.
    """

    leased: Leased
    started_at: datetime
    duration_ms: int
    outcome: Outcome
    reason: Code
    status: int | None = None
    answer: str = field(default="", repr=False)
    error: str = ""
    retry_after: timedelta | None = None


def send(leased: Leased, *, clock: Callable[[], datetime], timeout: float = http.TIME_LIMIT_SECONDS) -> Result:
    """POST one message and say what came of it. ``timeout`` is in seconds. Raises nothing the other side could cause."""
    started_at, started = clock(), time.monotonic()

    def took() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        headers = signed_headers(
            message_id=leased.message_id, body=leased.body, secrets_=leased.secrets, now=started_at
        )
        answer = http.send("POST", leased.url, headers=headers, body=leased.body.encode(), timeout=timeout)
    except SecretInvalid:
        return Result(leased, started_at, took(), Outcome.ENDPOINT_FAULT, Code.ENDPOINT_PAUSED, error=SECRET_UNUSABLE)
    except http.OutboundError as error:
        outcome = classify_error(permanent=error.permanent)
        reason = Code.BACKEND_TIMEOUT if error.reason == "timed_out" else Code.BACKEND_UNREACHABLE
        return Result(leased, started_at, took(), outcome, reason, error=str(error.sentence)[:500])
    return Result(
        leased,
        started_at,
        answer.duration_ms,
        classify_status(answer.status),
        _reason(answer.status),
        status=answer.status,
        answer=_kept(answer.body),
        retry_after=parse_retry_after(answer.headers.get("Retry-After"), now=started_at),
    )


def _reason(status: int) -> Code:
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return Code.BACKEND_TIMEOUT
    if status in (HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return Code.BACKEND_BUSY
    return Code.BACKEND_ERROR


def _kept(body: bytes) -> str:
    # PostgreSQL's text holds no NUL.
    return body[:ANSWER_KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
