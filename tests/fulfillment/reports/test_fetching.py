"""Reading reports: daily, a year at first, in windows that fit, and no game or file that fails keeps another from its turn."""

from __future__ import annotations

from collections import deque
from datetime import date, timedelta

import pytest

from fulfillment.models import ReportDay, ReportFile, ReportGrant, ReportWindow
from fulfillment.reports.fetching import FILE
from portal.models import PlatformCredential
from tests.doubles.reports_server import FILES, REPORTS, ReportsServer
from tests.fulfillment.reports.desk import NOW, TODAY, YESTERDAY, days_of, fetch, let, make_app

pytestmark = pytest.mark.django_db

ONE = timedelta(days=1)
YEAR_AGO = TODAY - 365 * ONE


def test_the_first_fetch_reads_a_year_and_the_next_ones_the_last_days_again(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential)
    server.give("493057", YEAR_AGO, YESTERDAY)
    assert fetch().finished
    days = days_of(credential, "493057")
    assert (min(days), max(days), len(days)) == (YEAR_AGO, YESTERDAY, 365)
    assert days[YEAR_AGO + ONE] == {"Hours Watched": "101"}
    assert all(last - first <= 29 * ONE for first, last, _cursor in server.listed)
    grant = ReportGrant.objects.get()
    assert (grant.fetched_at, grant.fetch_at) == (NOW, NOW + ONE)
    files = ReportFile.objects.count()

    server.listed.clear()
    assert str(fetch()) == "nothing was due"
    server.available += ONE
    server.give("493057", YESTERDAY - 3 * ONE, TODAY, **{"Hours Watched": "7"})
    fetch(NOW + ONE)
    assert len(server.listed) <= 2
    assert min(first for first, _last, _cursor in server.listed) <= YESTERDAY - 29 * ONE
    assert days_of(credential, "493057")[YESTERDAY] == {"Hours Watched": "7"}
    assert len(days_of(credential, "493057")) == 366
    assert ReportFile.objects.count() == files
    assert not ReportWindow.objects.exists()


def test_after_a_time_without_leave_the_days_between_are_read_too(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - 100 * ONE)
    server.give("493057", YEAR_AGO, YESTERDAY)
    fetch()
    days = days_of(credential, "493057")
    assert min(days) <= TODAY - 102 * ONE
    assert len(days) < 160


def test_columns_may_come_anywhere_and_unknown_ones_are_kept(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    server.give("493057", YESTERDAY, YESTERDAY)
    server.bodies["493057"] = f'\ufeffBrand New,Hours Watched,"Date"\n"1,5",40,{YESTERDAY:%m/%d/%Y}\n'.encode()
    fetch()
    assert days_of(credential, "493057") == {YESTERDAY: {"Brand New": "1,5", "Hours Watched": "40"}}
    file = ReportFile.objects.latest("started_on")
    assert file.columns == ["Brand New", "Hours Watched"]
    assert file.content.startswith("\ufeffBrand New")


def test_d7_a_report_longer_than_the_door_reads_is_read_in_halves(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    for game in ("1", "2"):
        server.give(game, YESTERDAY - 29 * ONE, YESTERDAY)
    server.filler["1"] = "x" * 9000
    fetch()
    assert len(days_of(credential, "1")) == len(days_of(credential, "2")) == 30
    assert not ReportWindow.objects.exists()
    assert ReportGrant.objects.get().fetched_at == NOW
    asked_of_other = [one for one in server.downloads if one[0] == "2"]
    assert len(asked_of_other) == len(set(asked_of_other)) <= 2


def test_d7_a_single_day_that_is_too_long_is_given_up_and_said(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    server.give("1", YESTERDAY, YESTERDAY)
    server.bodies["1"] = b"Date\n" + b"x" * 70_000
    for minutes in range(0, 60, 10):
        fetch(NOW + timedelta(minutes=minutes))
    left = ReportWindow.objects.get(due_at=None)
    assert (left.started_on, left.platform_game_id, left.problem) == (left.ended_on, "1", f"{FILE}too_long")
    assert ReportGrant.objects.get().fetched_at is not None


def test_a_game_whose_file_fails_is_tried_again_by_itself_and_keeps_no_other_waiting(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    for game in ("1", "2", "3"):
        server.give(game, YESTERDAY, YESTERDAY)
    server.file_faults["2"] = deque([500, 403])
    fetch()
    assert [bool(days_of(credential, game)) for game in ("1", "2", "3")] == [True, False, True]
    left = ReportWindow.objects.get()
    assert (left.platform_game_id, left.problem, left.attempts) == ("2", f"{FILE}status:500", 1)
    assert ReportGrant.objects.get().fetched_at == NOW - ONE
    fetch(NOW + timedelta(minutes=6))
    assert ReportWindow.objects.get().problem == f"{FILE}status:403"
    fetch(NOW + timedelta(minutes=30))
    assert days_of(credential, "2")
    assert not ReportWindow.objects.exists()
    assert len([one for one in server.downloads if one[0] == "1"]) <= 2


def test_a_broken_file_is_kept_and_said_and_stops_nothing(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    for game in ("1", "2"):
        server.give(game, YESTERDAY, YESTERDAY)
    server.bodies["1"] = b"\xff\xfe<html>not a report</html>\x00"
    fetch()
    file = ReportFile.objects.get(platform_game_id="1")
    assert (file.problem, file.columns != []) == ("no_dates", True)
    assert days_of(credential, "2")
    assert not ReportDay.objects.filter(platform_game_id="1").exists()
    server.bodies.clear()
    fetch(NOW + ONE)
    assert days_of(credential, "1")
    assert ReportFile.objects.get(platform_game_id="1").problem == ""


@pytest.mark.parametrize(("status", "given_up"), [(400, True), (403, True), (404, True), (500, False), (429, False)])
def test_a_list_that_fails_is_said_and_tried_again_then_or_with_the_next_fetch(
    server: ReportsServer, credential: PlatformCredential, status: int, given_up: bool
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    server.give("1", YESTERDAY - 40 * ONE, YESTERDAY)
    server.fail("GET", REPORTS, status)
    fetch()
    failed = ReportWindow.objects.exclude(problem="").get()
    assert failed.problem == f"status:{status}"
    assert (failed.due_at is None) == given_up
    for minutes in range(6, 60, 6):
        fetch(NOW + timedelta(minutes=minutes))
    assert ReportGrant.objects.get().fetched_at == (NOW - ONE if given_up else ReportGrant.objects.get().fetched_at)
    assert ReportWindow.objects.exists() == given_up
    fetch(NOW + ONE)
    assert not ReportWindow.objects.exists()
    assert YESTERDAY in days_of(credential, "1")


def test_a_pause_that_the_platform_asks_for_is_kept_for_all_of_the_studio(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential)
    server.give("1", YEAR_AGO, YESTERDAY)
    server.fail("GET", REPORTS, 429, Retry_After="1200")
    fetch()
    assert server.count("GET", REPORTS) == 1
    fetch(NOW + timedelta(minutes=19))
    assert server.count("GET", REPORTS) == 1
    fetch(NOW + timedelta(minutes=21))
    assert len(days_of(credential, "1")) == 365


def test_one_studio_that_fails_keeps_no_other_waiting(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential)
    other = make_app(server, api_url="http://127.0.0.1:9")
    let(server, other)
    server.give("1", YESTERDAY, YESTERDAY)
    run = fetch()
    assert run.outcomes["failed"] == 1
    assert days_of(credential, "1")
    assert ReportWindow.objects.filter(grant=other.pk, problem="refused").count() == 1


def test_more_games_than_a_page_holds_are_all_read(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    server.page_size = 2
    for game in range(5):
        server.give(str(game), YESTERDAY, YESTERDAY)
    fetch()
    assert all(days_of(credential, str(game)) for game in range(5))
    assert [cursor for _first, _last, cursor in server.listed if _last == YESTERDAY] == ["", "2", "4"]


def test_l9_a_token_that_is_not_taken_is_looked_at_and_the_days_wait(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, fetched_at=NOW - ONE)
    server.give("1", YESTERDAY, YESTERDAY)
    server.grants[0].expired = True
    fetch()
    grant = ReportGrant.objects.get()
    assert grant.validate_at == NOW
    assert server.downloads == []
    ReportGrant.objects.update(expires_at=NOW)
    ReportWindow.objects.update(due_at=NOW)
    calls = len(server.calls)
    assert fetch().outcomes == {"waits for its token": 1}
    assert len(server.calls) == calls


@pytest.mark.parametrize("what", ["lapsed", "switched off"])
def test_nothing_is_read_without_leave(server: ReportsServer, credential: PlatformCredential, what: str) -> None:
    let(server, credential, lapsed_at=NOW if what == "lapsed" else None)
    if what == "switched off":
        PlatformCredential.objects.update(enabled=False)
    assert str(fetch()) == "nothing was due"
    assert server.calls == []


def test_no_address_of_a_file_and_no_token_is_logged(
    server: ReportsServer, credential: PlatformCredential, caplog: pytest.LogCaptureFixture
) -> None:
    let(server, credential)
    server.give("1", YESTERDAY, YESTERDAY)
    server.file_faults["1"] = deque([500])
    server.fail("GET", REPORTS, 500)
    fetch()
    fetch(NOW + timedelta(minutes=10))
    assert "500" in caplog.text
    assert FILES not in caplog.text
    assert server.grants[0].access not in caplog.text


def test_days_and_their_dates_are_those_of_utc(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential)
    server.give("1", date(2026, 11, 19), date(2026, 11, 19))
    fetch()
    assert set(days_of(credential, "1")) == {date(2026, 11, 19)}
