from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fulfillment.rules.breaker import CLOSED, FAILURES_TO_OPEN, Breaker, after_failure, after_success, probe_delay

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("probes", "seconds"), [(0, 10), (1, 20), (2, 40), (3, 80), (4, 160), (5, 300), (6, 300), (1_000_000, 300)]
)
def test_d5_probes_come_ever_more_rarely_but_every_five_minutes(probes: int, seconds: int) -> None:
    assert probe_delay(probes) == timedelta(seconds=seconds)


def test_d5_the_fifth_failure_in_a_row_opens_it() -> None:
    breaker = CLOSED
    for count in range(1, FAILURES_TO_OPEN):
        breaker = after_failure(breaker, now=NOW)
        assert (breaker.failures, breaker.is_open) == (count, False)
    assert after_failure(breaker, now=NOW) == Breaker(5, NOW, NOW + timedelta(seconds=10), 0)


def test_d5_a_success_between_begins_the_count_anew() -> None:
    breaker = CLOSED
    for _ in range(20):
        breaker = after_failure(breaker, now=NOW)
        breaker = after_failure(breaker, now=NOW)
        breaker = after_success(breaker)
    assert breaker == CLOSED


def test_d2_a_fault_of_the_endpoint_opens_it_at_once() -> None:
    assert after_failure(CLOSED, now=NOW, at_once=True).is_open


def test_d5_what_was_under_way_when_it_opened_does_not_move_the_probe() -> None:
    opened = after_failure(CLOSED, now=NOW, at_once=True)
    later = after_failure(opened, now=NOW + timedelta(seconds=3))
    assert (later.opened_at, later.probe_at, later.probes) == (opened.opened_at, opened.probe_at, 0)


def test_d5_a_probe_that_fails_moves_the_next_one_and_keeps_the_time_it_opened() -> None:
    breaker = after_failure(CLOSED, now=NOW, at_once=True)
    at = NOW
    for seconds in (20, 40, 80, 160, 300, 300):
        at += timedelta(minutes=1)
        breaker = after_failure(breaker, now=at, probe=True)
        assert breaker.probe_at == at + timedelta(seconds=seconds)
        assert breaker.opened_at == NOW


def test_d5_a_success_closes_it() -> None:
    assert after_success(after_failure(CLOSED, now=NOW, at_once=True)) == CLOSED


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (timedelta(seconds=1), timedelta(seconds=10)),
        (timedelta(seconds=90), timedelta(seconds=90)),
        (timedelta(days=30), timedelta(hours=1)),
    ],
)
def test_d5_retry_after_moves_the_probe_within_reason(asked: timedelta, waited: timedelta) -> None:
    assert after_failure(CLOSED, now=NOW, at_once=True, asked=asked).probe_at == NOW + waited
