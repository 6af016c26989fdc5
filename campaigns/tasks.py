"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from campaigns.channel_lists import resolving
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


def resolve_channel_list(import_id: str, *, seconds: float = resolving.BUDGET_SECONDS) -> str:
    """Look up the channels of an imported list at their platform (C7). If time runs out, another task goes on."""
    finished = resolving.work_off(import_id, clock=timezone.now, seconds=seconds)
    return "nothing is left to do now" if finished else "more channels are to be looked up"


def resolve_channel_lists() -> str:
    """Take up the imported lists that nobody works on: they waited for a platform, or the process died."""
    return f"{resolving.take_up_due(now=timezone.now())} lists were taken up"
