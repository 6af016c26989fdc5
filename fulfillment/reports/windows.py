"""The days of reports that are to be read, as rows: made daily, taken one by one, gone once they are read.

``due_at`` moved forward by compare-and-set is the lease. Whatever is written down about a window is written only while the
lease is still ours, in the transaction that locks the row: so of two that read the same days only one tells of it, and one
that was killed leaves a lease that runs out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from fulfillment.models import ReportGrant, ReportWindow
from fulfillment.rules.report_windows import EVERY, Window, earliest_day, halves, wait_after, windows_to_read
from portal.models import PlatformCredential
from portal.platforms.reports import Report, Reports

LEASE = timedelta(minutes=2)
"""Longer than a run can take."""


class LeaseLost(Exception):
    """Somebody else works on this window now, or the leave to read reports was withdrawn."""


@dataclass(frozen=True, kw_only=True)
class Leased:
    """Days that this process reads until ``lease_until``, with all that the calls need. ``game_id`` empty: of all games."""

    pk: int
    lease_until: datetime
    credential: PlatformCredential
    reports: Reports
    access_token: str = field(repr=False)
    first: date
    last: date
    game_id: str
    cursor: str
    began_at: datetime
    attempts: int


def plan_due(*, now: datetime) -> int:
    """Write down what is to be read of every grant whose time has come; return of how many."""
    due = ReportGrant.objects.filter(fetch_at__lte=now, lapsed_at=None, credential__enabled=True).order_by("pk")
    return sum(_plan(pk, moment, now=now) for pk, moment in due.values_list("pk", "fetch_at"))


def _plan(pk: str, moment: datetime | None, *, now: datetime) -> bool:
    with transaction.atomic():
        if not ReportGrant.objects.filter(pk=pk, fetch_at=moment).update(fetch_at=now + EVERY):
            return False
        read_at = ReportGrant.objects.values_list("fetched_at", flat=True).get(pk=pk)
        planned = windows_to_read(now=now, read_at=read_at)
        rows = ReportWindow.objects.filter(grant=pk)
        # What is left of earlier fetches goes where the days are read anyway, and where no platform tells of them any more.
        rows.filter(started_on__gte=planned[-1][0]).delete()
        rows.filter(ended_on__lt=earliest_day(now=now)).delete()
        rows.update(due_at=now, attempts=0, cursor="", began_at=None)
        ReportWindow.objects.bulk_create(
            [ReportWindow(grant_id=pk, started_on=first, ended_on=last, due_at=now) for first, last in planned]
        )
    return True


def lease_due(*, now: datetime, besides: Collection[str]) -> ReportWindow | None:
    """Take the window that is to be read next, the latest days first; None where nothing is due.

    Nothing of the grants in ``besides``: their turn is over. The row comes with the lease in ``due_at``, without secrets.
    """
    due = ReportWindow.objects.filter(due_at__lte=now, grant__lapsed_at=None, grant__credential__enabled=True)
    rows = due.exclude(grant__in=besides).order_by("attempts", "-started_on", "pk")
    for row in rows[:20]:
        began_at = row.began_at or now
        changes = {"due_at": now + LEASE, "began_at": began_at}
        if ReportWindow.objects.filter(pk=row.pk, due_at=row.due_at).update(**changes):
            row.due_at, row.began_at = now + LEASE, began_at
            return row
    return None


@contextmanager
def held(window: Leased) -> Iterator[None]:
    """Lock a window for a transaction of its own. Raises ``LeaseLost`` where it is not ours any more.

    Everybody locks the grant before its windows, so that nobody waits for somebody who waits.
    """
    with transaction.atomic():
        lock_grant(window.credential.pk)
        rows = ReportWindow.objects.select_for_update().filter(pk=window.pk, due_at=window.lease_until)
        if not list(rows.values_list("pk", flat=True)):
            raise LeaseLost
        yield


def lock_grant(grant_id: str) -> bool:
    """Lock a grant, and with it its windows, for the caller's transaction; return whether it is there."""
    return bool(list(ReportGrant.objects.select_for_update().filter(pk=grant_id).values_list("pk", flat=True)))


def turn_page(window: Leased, cursor: str) -> Leased:
    """Note that a page of the list is done; return the window at the next. Raises ``LeaseLost``."""
    with held(window):
        ReportWindow.objects.filter(pk=window.pk).update(cursor=cursor)
    return replace(window, cursor=cursor)


def put_back(window: Leased, *, now: datetime) -> None:
    """Have what is left of a window read by the next run: the time of this one is over. Raises ``LeaseLost``."""
    with held(window):
        ReportWindow.objects.filter(pk=window.pk).update(due_at=now)


def postpone(row: ReportWindow, *, until: datetime) -> None:
    """Leave a window, which is ours, alone until a time; a failure it is not."""
    ReportWindow.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=until)


def finish(window: Leased, *, now: datetime) -> None:
    """Note that a window is read, and with the last one that all are. Raises ``LeaseLost``."""
    with held(window):
        ReportWindow.objects.filter(pk=window.pk).delete()
        _note_end(window.credential.pk, now=now)


def fail(window: Leased, problem: str, *, wait: timedelta | None, permanent: bool, now: datetime) -> None:
    """Note that a window could not be read; it is tried again, or given up until the next fetch. Raises ``LeaseLost``.

    The list is gone through from its beginning then: what was stored of it already is passed over.
    """
    with held(window):
        attempts = window.attempts + 1
        pause = None if permanent else wait_after(attempts)
        ReportWindow.objects.filter(pk=window.pk).update(
            cursor="",
            attempts=attempts,
            problem=problem[:60],
            due_at=None if pause is None else now + max(pause, wait or timedelta()),
        )
        if pause is None:
            _note_end(window.credential.pk, now=now)


def wait_all(grant_id: str, *, until: datetime, now: datetime) -> None:
    """Leave all that is due of a grant alone until a time: the platform asked for a pause."""
    ReportWindow.objects.filter(grant=grant_id, due_at__lte=now).update(due_at=until)


def set_apart(window: Leased, report: Report, problem: str, *, wait: timedelta | None, now: datetime) -> None:
    """Have a game's report that failed read by itself later, so that it keeps no other waiting. Raises ``LeaseLost``."""
    pause = wait_after(1) or timedelta()
    row = _row(window, report, (window.first, window.last), due_at=now + max(pause, wait or timedelta()))
    row.attempts, row.problem = 1, problem[:60]
    with held(window):
        ReportWindow.objects.bulk_create([row], ignore_conflicts=True)


def halve(window: Leased, report: Report, *, now: datetime) -> bool:
    """Have a game's report that was too long read in two parts; return whether there were two. Raises ``LeaseLost``."""
    parts = halves((window.first, window.last))
    with held(window):
        ReportWindow.objects.bulk_create(
            [_row(window, report, part, due_at=now) for part in parts], ignore_conflicts=True
        )
    return bool(parts)


def apart(window: Leased, game_ids: Sequence[str]) -> set[str]:
    """Return those games whose report is to be read by itself, whole or in parts, instead of with this window."""
    rows = ReportWindow.objects.filter(
        grant=window.credential.pk,
        platform_game_id__in=game_ids,
        started_on__gte=window.first,
        ended_on__lte=window.last,
    ).exclude(pk=window.pk)
    return set(rows.values_list("platform_game_id", flat=True))


def _row(window: Leased, report: Report, days: Window, **fields: Any) -> ReportWindow:
    return ReportWindow(
        grant_id=window.credential.pk,
        platform_game_id=report.game_id,
        started_on=days[0],
        ended_on=days[1],
        **fields,
    )


def _note_end(grant_id: str, *, now: datetime) -> None:
    """With nothing left to read note when that was, unless days of all games had to be given up."""
    open_or_failed = Q(due_at__isnull=False) | Q(platform_game_id="")
    if not ReportWindow.objects.filter(open_or_failed, grant=grant_id).exists():
        ReportGrant.objects.filter(pk=grant_id).update(fetched_at=now)
