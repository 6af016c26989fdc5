"""Which days of reports are read at a time: all of a year at first, the last 30 every day, the same days the same file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.report_windows import AT_FIRST, LONGEST, MOST_ATTEMPTS, halves, wait_after, windows_to_read

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE = timedelta(days=1)
moments = st.integers(0, 800).map(lambda days: NOW + timedelta(days=days))


@given(moments, st.none() | st.integers(0, 500).map(lambda days: timedelta(days=days)))
def test_what_is_read_is_whole_without_gap_or_overlap_and_ends_before_today(
    now: datetime, ago: timedelta | None
) -> None:
    found = windows_to_read(now=now, read_at=None if ago is None else now - ago)[::-1]
    today = now.date()
    assert all(timedelta() <= last - first <= (LONGEST - 1) * ONE for first, last in found)
    assert all(a[1] + ONE == b[0] for a, b in pairwise(found))
    assert found[-1][0] < found[-1][1]
    assert today - 2 * ONE <= found[-1][1] <= today - ONE
    assert found[0][0] >= today - AT_FIRST * ONE
    if ago is None:
        assert found[0][0] == today - AT_FIRST * ONE
    else:
        assert found[0][0] <= max(today - 30 * ONE, today - AT_FIRST * ONE)
        assert found[0][0] <= max((now - ago).date() - 2 * ONE, today - AT_FIRST * ONE)


@given(moments)
def test_the_next_day_reads_the_same_files_again_and_few_others(now: datetime) -> None:
    begins = {first for first, _last in windows_to_read(now=now, read_at=now - ONE)}
    following = {first for first, _last in windows_to_read(now=now + ONE, read_at=now)}
    assert len(begins) <= 2
    assert begins & following


def test_the_latest_days_are_read_first() -> None:
    found = windows_to_read(now=NOW, read_at=None)
    assert found == sorted(found, reverse=True)


def test_a_window_is_halved_down_to_single_days() -> None:
    window = windows_to_read(now=NOW, read_at=None)[1]
    first, second = halves(window)
    assert first[0] == window[0]
    assert first[1] + ONE == second[0]
    assert second[1] == window[1]
    assert halves((window[0], window[0])) == []
    assert halves((window[0], window[0] + ONE)) == [(window[0], window[0]), (window[1] - 28 * ONE,) * 2]


@pytest.mark.parametrize("attempts", range(1, MOST_ATTEMPTS))
def test_waits_grow_and_end_within_a_day(attempts: int) -> None:
    wait = wait_after(attempts)
    assert wait is not None
    assert wait >= (wait_after(attempts - 1) if attempts > 1 else timedelta())  # type: ignore[operator]
    assert sum((wait_after(n) or timedelta() for n in range(1, MOST_ATTEMPTS)), timedelta()) < ONE
    assert wait_after(MOST_ATTEMPTS) is None
