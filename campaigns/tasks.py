"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from campaigns.registering.running import BUDGET_SECONDS, run_due
from campaigns.watch import days
from portal.going_on import done, go_on

REGISTER_VIEWERS = "campaigns.tasks.register_viewers"
WORK_OUT_DAYS = "campaigns.tasks.work_out_days"


def register_viewers(*, continued: bool = False, seconds: float = BUDGET_SECONDS) -> str:
    """Register, check and remove viewers' identifiers that are due (L10), and have another run go on where time ran out."""
    run = run_due(clock=timezone.now, seconds=seconds)
    if run.finished:
        done(REGISTER_VIEWERS, continued=continued)
    else:
        go_on(REGISTER_VIEWERS, continued=continued)
    return str(run)


def work_out_days(*, continued: bool = False, seconds: float = days.BUDGET_SECONDS) -> str:
    """Bring the figures by day up to date, and have another run go on where time ran out."""
    if days.bring_up_to_date(now=timezone.now(), seconds=seconds):
        done(WORK_OUT_DAYS, continued=continued)
        return "all days are up to date"
    go_on(WORK_OUT_DAYS, continued=continued)
    return "more days are to be worked out"
