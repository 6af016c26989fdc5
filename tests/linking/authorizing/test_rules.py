"""What a platform's answer means, and when its silence is not believed (L8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linking.rules.authorizing import ASKED_AGAIN, Verdict, is_doubted, rest_after, verdict_on
from tests.factories import NOW

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("named", "missing_for", "doubted", "verdict"),
    [
        (True, None, False, Verdict.AUTHORIZED),
        (True, 5 * HOUR, False, Verdict.AUTHORIZED),
        (True, None, True, Verdict.AUTHORIZED),
        (False, None, False, Verdict.LAPSED),
        (False, HOUR / 2, False, Verdict.STILL_LAPSED),
        (False, ASKED_AGAIN, False, Verdict.GONE),
        (False, 9 * HOUR, False, Verdict.GONE),
        (False, None, True, Verdict.NOT_BELIEVED),
        (False, 9 * HOUR, True, Verdict.NOT_BELIEVED),
    ],
)
def test_l8_what_an_answer_means(named: bool, missing_for: timedelta | None, doubted: bool, verdict: Verdict) -> None:
    since = NOW - missing_for if missing_for else None
    assert verdict_on(named=named, missing_since=since, doubted=doubted, now=NOW) == verdict


@pytest.mark.parametrize(
    ("asked", "named", "newly_missing", "before", "doubted"),
    [
        (19, 0, 19, False, False),  # too few to conclude anything
        (20, 10, 10, False, False),
        (20, 9, 11, False, True),
        (200, 0, 200, False, True),
        (25, 0, 0, False, False),  # all of them were missing before: each was asked for twice
        (0, 0, 0, True, True),
        (0, 0, 0, False, False),
        (25, 0, 0, True, True),
        (4, 1, 3, True, True),
        (4, 2, 2, True, False),
    ],
)
def test_l8_when_a_platform_is_not_believed(
    asked: int, named: int, newly_missing: int, before: bool, doubted: bool
) -> None:
    found = is_doubted(asked=asked, named=named, newly_missing=newly_missing, doubted_before=before)
    assert found == doubted


def test_a_platform_that_fails_is_left_alone_longer_and_longer_up_to_two_hours() -> None:
    minutes = [rest_after(failures) / timedelta(minutes=1) for failures in (1, 2, 3, 4, 5, 6, 1000)]
    assert minutes == [5, 10, 20, 40, 80, 120, 120]
