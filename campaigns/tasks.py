"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from campaigns.registering.running import BUDGET_SECONDS, run_due
from portal.going_on import done, go_on

REGISTER_VIEWERS = "campaigns.tasks.register_viewers"


def register_viewers(*, continued: bool = False, seconds: float = BUDGET_SECONDS) -> str:
    """Register, check and remove viewers' identifiers that are due (L10), and have another run go on where time ran out."""
    run = run_due(clock=timezone.now, seconds=seconds)
    if run.finished:
        done(REGISTER_VIEWERS, continued=continued)
    else:
        go_on(REGISTER_VIEWERS, continued=continued)
    return str(run)
