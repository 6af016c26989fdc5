"""Which days, game and page are asked for, and what Helix does not take (A1)."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from fulfillment.api.problems import Problem
from fulfillment.api.twitch.reports_asking import Asked, cursor_of, read_parameters
from tests.fulfillment.api.analytics.reading import DAY, NOW, TODAY, at

pytestmark = pytest.mark.django_db


def asked(query: str) -> Asked:
    return read_parameters(QueryDict(query), today=TODAY)


@pytest.mark.parametrize(
    ("started_at", "ended_at", "first", "last"),
    [
        (at(5), at(3), 5, 3),
        (at(3), at(3), 3, 3),
        (at(5), at(1), 5, 1),
        (at(5), at(0), 5, 1),  # today is not over: until yesterday
        (at(5), at(-40), 5, 1),
        (at(365), at(3), 365, 3),
        (at(366), at(3), 365, 3),  # a year at most
        ("0001-01-01T00:00:00Z", at(3), 365, 3),
        (f"{NOW - 5 * DAY:%Y-%m-%d}t00:00:00.000000z", f"{NOW - 3 * DAY:%Y-%m-%d}T00:00:00%2B00:00", 5, 3),
        (f"{NOW - 5 * DAY:%Y-%m-%d}T02:00:00%2B02:00", f"{NOW - 4 * DAY:%Y-%m-%d}T22:00:00-02:00", 5, 3),
    ],
)
def test_a1_both_dates_are_inside_and_are_cut_to_a_year_ago_and_yesterday(
    started_at: str, ended_at: str, first: int, last: int
) -> None:
    found = asked(f"started_at={started_at}&ended_at={ended_at}")
    assert found.days == (TODAY - first, TODAY - last)


@pytest.mark.parametrize(("started_at", "ended_at"), [(at(0), at(0)), (at(-2), at(-3)), (at(400), at(366))])
def test_a1_of_what_is_cut_to_nothing_there_is_no_day(started_at: str, ended_at: str) -> None:
    first, last = asked(f"started_at={started_at}&ended_at={ended_at}").days
    assert first > last


def test_a1_without_dates_the_last_365_days_are_reported() -> None:
    assert asked("").days == (TODAY - 365, TODAY - 1)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"started_at={at(5)}", "started_at and ended_at must be given together, or neither."),
        (f"ended_at={at(5)}", "started_at and ended_at must be given together, or neither."),
        (f"started_at={at(3)}&ended_at={at(4)}", "ended_at must not be earlier than started_at."),
        (f"started_at={at(3)[:10]}T00:00:01Z&ended_at={at(1)}", "The time part of started_at must be zero"),
        (f"started_at={at(3)}&ended_at={at(1)[:10]}T00:00:00.5Z", "The time part of ended_at must be zero"),
        (f"started_at={at(3)[:10]}T00:00:00%2B02:00&ended_at={at(1)}", "midnight in UTC"),
        (f"started_at={at(3)[:10]}&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at={at(3)[:-1]}&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=2026-02-30T00:00:00Z&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=0001-01-01T00:00:00%2B10:00&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=20261101T000000Z&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=yesterday&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at={at(3)}&started_at={at(2)}&ended_at={at(1)}", "started_at may be given once"),
        ("type=overview_v1", "type must be overview_v2."),
        ("type=", "type must be overview_v2."),
        ("first=0", "first must be a whole number from 1 to 100."),
        ("first=101", "first must be a whole number from 1 to 100."),
        ("first=-1", "first must be a whole number from 1 to 100."),
        ("first=1.5", "first must be a whole number from 1 to 100."),
        ("first=", "first must be a whole number from 1 to 100."),
        ("after=%21", "after must be a cursor"),
        ("after=abc", "after must be a cursor"),
        ("after=" + cursor_of("01M8ABQDZ6S3QCDRWXG37PJ410") + "=", "after must be a cursor"),
        ("after=" + cursor_of("lower"), "after must be a cursor"),
        ("before=abc", "Reports are paged forward only"),
        ("game_id=", "game_id must be an id"),
        ("game_id=a%00b", "game_id must be an id"),
        (f"game_id={'9' * 201}", "game_id must be an id"),
        ("game_id=1&game_id=2", "game_id may be given once"),
    ],
)
def test_a1_what_helix_does_not_take_is_400_with_the_reason(query: str, said: str) -> None:
    with pytest.raises(Problem) as refused:
        asked(query)
    assert refused.value.status == 400
    assert said in refused.value.message


@pytest.mark.parametrize(("query", "first"), [("", 20), ("first=1", 1), ("first=20", 20), ("first=100", 20)])
def test_a1_a_page_has_20_reports_at_most_however_many_are_asked_for(query: str, first: int) -> None:
    assert asked(query).first == first


def test_a1_after_is_ignored_where_a_game_is_named() -> None:
    assert asked("game_id=33214&after=%21%21").after == ""
    assert asked("after=" + cursor_of("01M8ABQDZ6S3QCDRWXG37PJ410")).after == "01M8ABQDZ6S3QCDRWXG37PJ410"
    assert asked("after=").after == ""


def test_a1_parameters_that_helix_does_not_have_are_ignored() -> None:
    assert asked("colour=red") == asked("")
