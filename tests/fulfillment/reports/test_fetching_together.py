"""Several fetchers at once, and fetchers that are killed: every day once and right, and nobody waits for ever (O4)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from fulfillment.models import ReportDay, ReportFile, ReportGrant, ReportWindow
from fulfillment.reports import granting, windows
from fulfillment.reports.fetching import fetch_due
from fulfillment.reports.keeping import keep_due
from fulfillment.reports.windows import LEASE
from portal.models import PlatformCredential
from tests.doubles.reports_server import REPORTS, ReportsServer
from tests.factories import make_staff
from tests.fulfillment.reports.desk import NOW, TODAY, YESTERDAY, days_of, fetch, let, make_app

PATIENCE = 60.0
ONE = timedelta(days=1)
YEAR_AGO = TODAY - 365 * ONE


class Killed(BaseException):
    """Ends a run as a signal would: nothing of it is caught, nothing is tidied up."""


class KillingClock:
    """Tells the time so many times, then kills whoever asks."""

    def __init__(self, now: datetime, lives: int) -> None:
        self.now = now
        self.lives = lives

    def __call__(self) -> datetime:
        self.lives -= 1
        if self.lives < 0:
            raise Killed
        return self.now


@pytest.mark.django_db(transaction=True)
def test_o4_killed_at_any_moment_the_next_run_goes_on(server: ReportsServer, credential: PlatformCredential) -> None:
    server.page_size = 2
    for game in ("1", "2", "3"):
        server.give(game, TODAY - 70 * ONE, YESTERDAY)
    let(server, credential, fetched_at=NOW - 60 * ONE)
    now = NOW
    kills = 0
    for lives in [1, 2, 3, 4, 5, 6, 7, 8] * 4:
        try:
            fetch_due(clock=KillingClock(now, lives), seconds=60)
        except Killed:
            kills += 1
            now += LEASE
    fetch(now)
    assert kills > 8
    assert not ReportWindow.objects.exists()
    assert all(len(days_of(credential, game)) >= 60 for game in ("1", "2", "3"))
    assert ReportDay.objects.count() == 3 * len(days_of(credential, "1"))
    # What was stored before a kill was not fetched again.
    assert len(server.downloads) <= ReportFile.objects.count() + kills


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_time_is_over_goes_on_where_it_was(server: ReportsServer, credential: PlatformCredential) -> None:
    server.page_size = 2
    for game in ("1", "2", "3", "4", "5"):
        server.give(game, YESTERDAY - 9 * ONE, YESTERDAY)
    let(server, credential, fetched_at=NOW - ONE)
    runs = 0
    while ReportWindow.objects.exists() or not runs:
        assert not fetch(seconds=0).finished
        runs += 1
        assert runs < 20
    assert len(server.downloads) == ReportFile.objects.count() == len(set(server.downloads))
    assert ReportGrant.objects.get().fetched_at == NOW


@pytest.mark.django_db(transaction=True)
def test_a_fetcher_that_was_slower_than_its_lease_changes_nothing_any_more(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    server.give("1", YESTERDAY, YESTERDAY, Hours="1")
    let(server, credential, fetched_at=NOW - ONE)
    told = 0

    def clock() -> datetime:
        # Between the slow one's download and its storing, another reads the same days.
        nonlocal told
        if server.downloads and not told:
            told = 1
            server.figures["1"][YESTERDAY] = {"Hours": "2"}
            assert fetch(NOW + LEASE).outcomes["read"]
        return NOW

    run = fetch_due(clock=clock, seconds=60)
    assert run.outcomes["too late"] == 1
    assert days_of(credential, "1")[YESTERDAY] == {"Hours": "2"}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_fetchers_and_keepers_at_once_read_every_window_once(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    apps = [credential, make_app(server), make_app(server)]
    for app in apps:
        let(server, app, expires_at=NOW + timedelta(minutes=5), validate_at=NOW)
    for game in ("1", "2"):
        server.give(game, YEAR_AGO, YESTERDAY)
    failures: list[BaseException] = []
    start = threading.Barrier(6)

    def work(number: int) -> None:
        try:
            start.wait(PATIENCE)
            if number % 3:
                fetch()
            else:
                keep_due(clock=lambda: NOW, seconds=PATIENCE)
        except BaseException as failure:  # what a thread raises is told below
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not failures
    assert server.count("POST", "/oauth2/token") == 3
    # Whoever held an old token while it was renewed has put its days off.
    for minutes in range(3, 40, 3):
        fetch(NOW + timedelta(minutes=minutes))
    assert not ReportWindow.objects.exists()
    assert ReportDay.objects.count() == 3 * 2 * 365
    assert set(ReportGrant.objects.values_list("lapsed_at", flat=True)) == {None}
    assert len(server.downloads) == len(apps) * ReportFile.objects.filter(credential=credential).count()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_withdrawing_fetching_anew_and_fetching_at_once_wait_for_each_other_in_one_order(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    for game in ("1", "2", "3"):
        server.give(game, YEAR_AGO, YESTERDAY)
    owner = make_staff(credential.organization)
    failures: list[BaseException] = []

    def work(deed: str) -> None:
        try:
            for _ in range(4):
                if deed == "fetch":
                    fetch()
                elif deed == "again":
                    granting.fetch_again(credential=credential, actor=owner, now=NOW)
                    windows.plan_due(now=NOW)
                else:
                    granting.withdraw(credential=credential, actor=owner, now=NOW)
        except BaseException as failure:  # what a thread raises is told below
            failures.append(failure)
        finally:
            connection.close()

    for _round in range(3):
        ReportGrant.objects.all().delete()
        let(server, credential)
        server.fail("GET", REPORTS, 500)
        threads = [threading.Thread(target=work, args=(deed,)) for deed in ("fetch", "fetch", "again", "withdraw")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert not failures
    assert not ReportGrant.objects.exists()
    assert not ReportWindow.objects.exists()
