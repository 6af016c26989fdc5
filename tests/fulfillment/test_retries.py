from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fulfillment.rules.retries import (
    MAX_ATTEMPTS,
    Next,
    Outcome,
    classify_error,
    classify_status,
    next_delay,
    next_try,
    parse_retry_after,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def no_jitter() -> float:
    return 0.0


def full_jitter() -> float:
    return 1.0


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), Outcome.DELIVERED),
        ((400, 410, 413, 422), Outcome.REJECTED),
        ((401, 402, 403, 404, 405, 406, 409, 411, 415, 418, 421, 451, 499), Outcome.ENDPOINT_FAULT),
        ((300, 301, 302, 303, 304, 307, 308), Outcome.ENDPOINT_FAULT),
        ((408, 425, 429), Outcome.RETRY),
        ((500, 501, 502, 503, 504, 507, 520, 599), Outcome.RETRY),
        ((100, 199, 600, 999, 0), Outcome.RETRY),
    ],
)
def test_d2_every_status_has_its_meaning(statuses: tuple[int, ...], outcome: Outcome) -> None:
    assert {status: classify_status(status) for status in statuses} == dict.fromkeys(statuses, outcome)


def test_d2_what_the_portal_refuses_to_call_is_the_endpoints_fault_and_the_rest_is_retried() -> None:
    assert classify_error(permanent=True) is Outcome.ENDPOINT_FAULT
    assert classify_error(permanent=False) is Outcome.RETRY


@pytest.mark.parametrize(
    ("used", "wait"),
    [
        (0, timedelta(0)),
        (1, timedelta(seconds=5)),
        (2, timedelta(seconds=30)),
        (3, timedelta(minutes=5)),
        (4, timedelta(minutes=30)),
        (5, timedelta(hours=3)),
        (6, timedelta(hours=10)),
        (7, timedelta(hours=14)),
    ],
)
def test_d2_the_schedule(used: int, wait: timedelta) -> None:
    assert next_delay(used, retry_after=None, random=no_jitter) == wait
    assert next_delay(used, retry_after=None, random=full_jitter) == wait * 1.1


def test_d2_the_eighth_attempt_is_the_last_and_all_take_about_28_hours() -> None:
    assert next_delay(MAX_ATTEMPTS, retry_after=None, random=no_jitter) is None
    assert next_delay(MAX_ATTEMPTS + 1, retry_after=timedelta(seconds=1), random=no_jitter) is None
    waits = [next_delay(used, retry_after=None, random=no_jitter) for used in range(MAX_ATTEMPTS)]
    assert timedelta(hours=27) < sum((wait or timedelta(0) for wait in waits), timedelta(0)) < timedelta(hours=29)


@pytest.mark.parametrize(
    ("used", "asked", "wait"),
    [
        (1, timedelta(minutes=2), timedelta(minutes=2)),
        (2, timedelta(seconds=1), timedelta(seconds=30)),
        (2, timedelta(days=365), timedelta(hours=24)),
        (7, timedelta(hours=15), timedelta(hours=15)),
    ],
)
def test_d2_retry_after_makes_a_wait_longer_never_shorter(used: int, asked: timedelta, wait: timedelta) -> None:
    assert next_delay(used, retry_after=asked, random=no_jitter) == wait
    assert (next_delay(used, retry_after=asked, random=full_jitter) or timedelta(0)) >= wait


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("99999999999999999999", timedelta(hours=24)),
        ("Fri, 20 Nov 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Fri, 20 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Friday, 20-Nov-26 12:05:00 GMT", timedelta(minutes=5)),
        ("Fri Nov 20 12:05:00 2026", timedelta(minutes=5)),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
        ("Fri, 99 Nov 2026 12:05:00 GMT", None),
    ],
)
def test_d2_retry_after_is_read_as_seconds_or_date(header: str | None, wait: timedelta | None) -> None:
    assert parse_retry_after(header, now=NOW) == wait


@pytest.mark.parametrize(
    ("attempt", "left", "uses_none", "expected"),
    [
        (1, 8, False, Next(timedelta(seconds=5), 7, used=True)),
        (9, 7, False, Next(timedelta(seconds=30), 6, used=True)),
        (8, 1, False, Next(None, 0, used=True)),
        (9, 0, False, Next(None, 0, used=True)),
        (1, 8, True, Next(timedelta(seconds=5), 8, used=False)),
        (4, 8, True, Next(timedelta(minutes=5), 8, used=False)),
        (40, 1, True, Next(timedelta(minutes=5), 1, used=False)),
    ],
)
def test_d5_what_the_receiver_is_at_fault_for_uses_no_attempt_and_waits_minutes_at_most(
    attempt: int, left: int, uses_none: bool, expected: Next
) -> None:
    found = next_try(attempt=attempt, attempts_left=left, uses_none=uses_none, retry_after=None, random=lambda: 0.0)
    assert found == expected
