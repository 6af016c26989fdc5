"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone
from django_q.tasks import async_task

from campaigns.registering.running import run_due


def register_viewers() -> str:
    """Register, check and remove viewers' identifiers that are due (L10), and have another run go on where time ran out."""
    run = run_due(clock=timezone.now)
    if not run.finished:
        async_task("campaigns.tasks.register_viewers")
    return str(run)
