"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from fulfillment.reports import fetching, keeping
from fulfillment.reports.granting import FETCH
from portal.going_on import done, go_on


def keep_tokens(*, seconds: float = keeping.BUDGET_SECONDS) -> str:
    """Validate and renew the tokens with which reports are read (L9). Returns what came of it, for the job's result."""
    outcomes = keeping.keep_due(clock=timezone.now, seconds=seconds)
    return ", ".join(f"{outcome}: {count}" for outcome, count in sorted(outcomes.items())) or "nothing was due"


def fetch_reports(*, continued: bool = False, seconds: float = fetching.BUDGET_SECONDS) -> str:
    """Read the platforms' reports that are due, and have another run go on where time ran out."""
    run = fetching.fetch_due(clock=timezone.now, seconds=seconds)
    if run.finished:
        done(FETCH, continued=continued)
    else:
        go_on(FETCH, continued=continued)
    return str(run)
