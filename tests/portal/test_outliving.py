"""What outlives whatever it is, and what does not."""

from __future__ import annotations

import logging

import pytest
from django.db import OperationalError, connection

from portal.outliving import DATABASE_AWAY, in_halves, outliving

log = logging.getLogger("portal.test")


def test_a_fault_is_logged_with_where_it_happened_and_outlived(caplog: pytest.LogCaptureFixture) -> None:
    with outliving(log, "Row %s failed.", 7) as one:
        raise ValueError("x")
    assert isinstance(one.fault, ValueError)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("ERROR", "Row 7 failed.")
    assert record.exc_info is not None and record.exc_info[1] is one.fault


def test_what_goes_well_leaves_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    with outliving(log, "Row %s failed.", 7) as one:
        pass
    assert one.fault is None and not caplog.records


@pytest.mark.parametrize("error", [OperationalError("away"), KeyboardInterrupt(), SystemExit()])
def test_what_says_nothing_about_the_row_and_the_end_of_the_process_pass(error: BaseException) -> None:
    with pytest.raises(type(error)), outliving(log, "Row %s failed.", 7, passing=DATABASE_AWAY):
        raise error


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [True, False])
def test_a_connection_that_may_be_what_failed_is_closed(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(connection, "close", lambda: closed.append(True))
    with outliving(log, "A round failed.", reconnect=True):
        if fails:
            raise ValueError
    assert closed == [True] * fails


@pytest.mark.parametrize("bad", [set(), {4}, {0, 1}, {2, 6}, set(range(7))])
def test_who_fails_alone_is_put_aside_and_all_others_are_worked_on_once(bad: set[int]) -> None:
    done: list[int] = []
    aside: list[tuple[int, str]] = []

    def work(rows: list[int]) -> None:
        if bad & set(rows):
            raise ValueError(str(rows))
        done.extend(rows)

    in_halves(list(range(7)), work, lambda row, fault: aside.append((row, str(fault))))
    assert done == [row for row in range(7) if row not in bad]
    assert aside == [(row, f"[{row}]") for row in sorted(bad)]


def test_a_database_that_is_away_says_nothing_about_the_rows() -> None:
    def work(rows: list[int]) -> None:
        raise OperationalError

    with pytest.raises(OperationalError):
        in_halves([1, 2], work, lambda row, fault: pytest.fail(f"{row} was put aside"))
