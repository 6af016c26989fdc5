"""When a delivery is tried again, and what an answer means (D2). Pure: tested as tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

MAX_ATTEMPTS = 8
"""How many attempts a delivery has before it fails; about 28 hours from the first to the last."""

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=3),
    timedelta(hours=10),
    timedelta(hours=14),
)
"""The wait before each attempt. The first three are close: a game that restarts is back within a minute."""

JITTER = 0.1
"""A wait is up to this share longer, so that what failed together does not return together."""

RETRY_AFTER_LIMIT = timedelta(hours=24)
"""More than this is not waited because a game backend said so."""


FAULT_WAIT_LIMIT = timedelta(minutes=5)
"""The longest wait that a message is given for a fault of its receiver: the breaker does the waiting."""


class Outcome(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The game will not take this claim: another attempt would get the same answer."""
    ENDPOINT_FAULT = "endpoint_fault"
    """Nothing about the claim: address, secret or server are set up wrongly, and every claim would fail."""
    RETRY = "retry"


REJECTIONS = frozenset({400, 410, 413, 422})
PASSING_CLIENT_ERRORS = frozenset({408, 425, 429})


def classify_status(status: int) -> Outcome:
    """Say what an answer's status means (D2).

    Redirects are the endpoint's fault: they are not followed (D7), and every other delivery would meet them too.
    """
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in REJECTIONS:
        return Outcome.REJECTED
    if status in PASSING_CLIENT_ERRORS:
        return Outcome.RETRY
    if 300 <= status < 500:
        return Outcome.ENDPOINT_FAULT
    return Outcome.RETRY


def classify_error(*, permanent: bool) -> Outcome:
    """Say what it means that no answer came: ``permanent`` if the portal itself refuses to make the call (D7)."""
    return Outcome.ENDPOINT_FAULT if permanent else Outcome.RETRY


def next_delay(attempts_used: int, *, retry_after: timedelta | None, random: Callable[[], float]) -> timedelta | None:
    """Return how long to wait after ``attempts_used`` attempts, or None if that was the last one.

    ``retry_after`` is what the game backend asked for: it makes the wait longer, never shorter, and at most
    ``RETRY_AFTER_LIMIT``. ``random`` gives a number from 0 to 1.
    """
    if attempts_used >= MAX_ATTEMPTS:
        return None
    wait = SCHEDULE[max(attempts_used, 0)]
    if retry_after is not None:
        wait = max(wait, min(retry_after, RETRY_AFTER_LIMIT))
    return wait * (1 + JITTER * random())


@dataclass(frozen=True, slots=True)
class Next:
    """What follows an attempt that did not arrive: the next one after ``wait``, or none where that is empty.

    ``used`` tells whether it was one of the attempts that are counted.
    """

    wait: timedelta | None
    attempts_left: int
    used: bool


def next_try(
    *,
    attempt: int,
    attempts_left: int,
    uses_none: bool,
    retry_after: timedelta | None,
    random: Callable[[], float],
) -> Next:
    """Say what follows the send numbered ``attempt`` that did not arrive, with so many ``attempts_left`` before it.

    D5: no attempt is used up while the receiver is paused, and a fault of the receiver's own uses none: ``uses_none``.
    """
    if uses_none:
        wait = next_delay(min(attempt, MAX_ATTEMPTS - 1), retry_after=retry_after, random=random)
        return Next(min(wait or FAULT_WAIT_LIMIT, FAULT_WAIT_LIMIT), attempts_left, used=False)
    left = max(attempts_left - 1, 0)
    return Next(next_delay(MAX_ATTEMPTS - left, retry_after=retry_after, random=random), left, used=True)


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Read a ``Retry-After`` header, seconds or an HTTP date (RFC 9110, section 10.2.3). None if it is neither."""
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), int(RETRY_AFTER_LIMIT.total_seconds())))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(timedelta(0), until - now)
