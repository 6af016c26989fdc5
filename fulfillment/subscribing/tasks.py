"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. It may run twice or not at all without harm."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from fulfillment.subscribing.running import BUDGET_SECONDS, keep_all
from portal.going_on import done, go_on

KEEP_SUBSCRIPTIONS = "fulfillment.subscribing.tasks.keep_subscriptions"


def keep_subscriptions(*, continued: bool = False, seconds: float = BUDGET_SECONDS) -> str:
    """Make, watch and renew event subscriptions at platforms, and have another run go on where time ran out."""
    run = keep_all(clock=timezone.now, seconds=seconds)
    if run.finished:
        done(KEEP_SUBSCRIPTIONS, continued=continued)
    else:
        go_on(KEEP_SUBSCRIPTIONS, continued=continued)
    return str(run)


def keep_soon() -> None:
    """Have the job run now, once the transaction commits. One run is enough for all who ask; lost, the schedule does it."""
    transaction.on_commit(_start, robust=True)


def _start() -> None:
    go_on(KEEP_SUBSCRIPTIONS, continued=False)
