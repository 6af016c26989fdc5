"""Reading reports that are due, from the list of them to their days. Killed at any moment, the next run goes on."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError

from fulfillment.models import ReportDay, ReportFile, ReportGrant, ReportWindow
from fulfillment.reports import windows
from fulfillment.reports.keeping import validate_soon
from fulfillment.reports.offered import reports_of
from fulfillment.reports.windows import Leased, LeaseLost
from fulfillment.rules.report_csv import read_report
from portal.calling import problem_of
from portal.encryption import DecryptionFailed
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.reports import Report

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 8.0
"""So long one run begins new calls: a list and a file may take 20 seconds more, and a background job has 30."""

TOO_LONG = "too_long"
TOKEN_WAIT = timedelta(minutes=2)
FILE = "file:"
"""Begins the problems of a file, which are not those of the list: the address of a file is another service's."""

_OURS = (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError)
"""What a fault of ours with a file's content raises."""


@dataclass(slots=True)
class Run:
    """What a run did: how often each outcome came, and whether work that is due is left."""

    outcomes: Counter[str] = field(default_factory=Counter)
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        told = ", ".join(f"{outcome}: {count}" for outcome, count in sorted(self.outcomes.items()))
        return told or "nothing was due"


def fetch_due(*, clock: Callable[[], datetime], seconds: float = BUDGET_SECONDS) -> Run:
    """Read reports that are due, for at most so many ``seconds``, and return what was done.

    No call is made inside a transaction, and any number of processes may do this at the same time.
    """
    run, until = Run(), time.monotonic() + seconds
    over: set[str] = set()
    windows.plan_due(now=clock())
    while True:
        row = windows.lease_due(now=clock(), besides=over)
        if row is None:
            return run
        outcome = _read(row, clock=clock, goes_on=lambda: time.monotonic() < until)
        run.outcomes[outcome] += 1
        if outcome != "read":
            over.add(row.grant_id)
        if time.monotonic() >= until:
            run.finished = False
            return run


def _read(row: ReportWindow, *, clock: Callable[[], datetime], goes_on: Callable[[], bool]) -> str:
    window = _with_token(row, now=clock())
    if window is None:
        return "waits for its token"
    try:
        try:
            return _read_window(window, clock=clock, goes_on=goes_on)
        except PlatformError as error:
            _list_failed(window, error, now=clock())
            return "failed"
        except _OURS:
            # With one window. Raised, it would meet all others that come after it, every time.
            logger.exception("Reports with credential %s could not be dealt with.", row.grant_id)
            windows.fail(window, "internal", wait=None, permanent=False, now=clock())
            return "failed"
    except LeaseLost:
        return "too late"


def _with_token(row: ReportWindow, *, now: datetime) -> Leased | None:
    """Return a leased window with what the calls need; None, and put off, where there is no token that works."""
    try:
        grant = ReportGrant.objects.select_related("credential").get(pk=row.grant_id)
    except (DecryptionFailed, ReportGrant.DoesNotExist):
        windows.postpone(row, until=now + timedelta(hours=1))
        return None
    reports = reports_of(grant.credential)
    ended = grant.expires_at is not None and grant.expires_at <= now
    if reports is None or ended or row.due_at is None or not grant.access_token:
        validate_soon(grant.pk, now=now)
        windows.postpone(row, until=now + TOKEN_WAIT)
        return None
    return Leased(
        pk=row.pk,
        lease_until=row.due_at,
        credential=grant.credential,
        reports=reports,
        access_token=str(grant.access_token),
        first=row.started_on,
        last=row.ended_on,
        game_id=row.platform_game_id,
        cursor=row.cursor,
        began_at=row.began_at or now,
        attempts=row.attempts,
    )


def _read_window(window: Leased, *, clock: Callable[[], datetime], goes_on: Callable[[], bool]) -> str:
    while True:
        page = window.reports.read(
            window.credential.api_base,
            client_id=window.credential.client_id,
            access_token=window.access_token,
            started_on=window.first,
            ended_on=window.last,
            cursor=window.cursor,
        )
        left = _left(window, page.reports)
        for number, report in enumerate(left):
            if _read_one(window, report, clock=clock) == "given up":
                return "failed"
            if number + 1 < len(left) and not goes_on():
                windows.put_back(window, now=clock())
                return "goes on later"
        if not page.cursor or (window.game_id and left):
            windows.finish(window, now=clock())
            return "read"
        window = windows.turn_page(window, page.cursor)
        if not goes_on():
            windows.put_back(window, now=clock())
            return "goes on later"


def _left(window: Leased, reports: Sequence[Report]) -> list[Report]:
    """Return those of a page that are still to be read: neither stored since the window was begun, nor set apart."""
    if window.game_id:
        return [report for report in reports if report.game_id == window.game_id]
    ids = [report.game_id for report in reports]
    stored = ReportFile.objects.filter(
        credential=window.credential.pk, platform_game_id__in=ids, fetched_at__gte=window.began_at
    )
    done = set(stored.values_list("platform_game_id", "started_on"))
    away = windows.apart(window, ids)
    return [one for one in reports if one.game_id not in away and (one.game_id, one.started_on) not in done]


def _read_one(window: Leased, report: Report, *, clock: Callable[[], datetime]) -> str:
    """Read one game's report and store it. A failure is this game's alone."""
    try:
        content = window.reports.download(report)
    except PlatformError as error:
        return _file_failed(window, report, error, now=clock())
    _store(window, report, content, now=clock())
    return "stored"


def _file_failed(window: Leased, report: Report, error: PlatformError, *, now: datetime) -> str:
    logger.warning("A report with credential %s failed: %s", window.credential.pk, error)
    if error.reason == TOO_LONG and windows.halve(window, report, now=now):
        return "halved"
    problem = FILE + problem_of(error)
    if not window.game_id:
        windows.set_apart(window, report, problem, wait=error.retry_after, now=now)
        return "set apart"
    # Addresses of files end after minutes: a refusal of one says nothing of the next.
    permanent = error.reason == TOO_LONG
    windows.fail(window, problem, wait=error.retry_after, permanent=permanent, now=now)
    return "given up"


def _store(window: Leased, report: Report, content: str, *, now: datetime) -> None:
    """Keep a report as it came, and what it says of its days, instead of what was known of them."""
    sheet = read_report(content, first=report.started_on, last=report.ended_on)
    key = {"credential_id": window.credential.pk, "platform_game_id": report.game_id}
    file = ReportFile(
        **key,
        started_on=report.started_on,
        ended_on=report.ended_on,
        fetched_at=now,
        content=content.replace("\0", ""),
        columns=list(sheet.columns),
        problem=sheet.problem,
    )
    days = [ReportDay(**key, day=day, values=values) for day, values in sorted(sheet.days.items())]
    with windows.held(window):
        ReportFile.objects.bulk_create(
            [file],
            update_conflicts=True,
            unique_fields=["credential", "platform_game_id", "started_on"],
            update_fields=["ended_on", "fetched_at", "content", "columns", "problem"],
        )
        ReportDay.objects.bulk_create(
            days,
            update_conflicts=True,
            unique_fields=["credential", "platform_game_id", "day"],
            update_fields=["values"],
        )


def _list_failed(window: Leased, error: PlatformError, *, now: datetime) -> None:
    logger.warning("The list of reports with credential %s failed: %s", window.credential.pk, error)
    permanent = error.permanent
    if isinstance(error, TokenRefused):
        # Whether it can be renewed, or only a new grant helps, is found out where tokens are kept.
        validate_soon(window.credential.pk, now=now)
        permanent = False
    if window.cursor:  # the cursor alone may be at fault
        permanent = False
    windows.fail(window, problem_of(error), wait=error.retry_after, permanent=permanent, now=now)
    if error.retry_after is not None:
        windows.wait_all(window.credential.pk, until=now + error.retry_after, now=now)
