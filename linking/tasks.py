"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone
from django_q.tasks import async_task

from linking.registrations import bring_in_step

SECONDS = 15.0
"""So long one run works at most: a background job has 30 seconds."""


def bring_registrations_in_step() -> str:
    """Register who is linked and should be, and nobody else (L10), and have another run go on where time ran out."""
    done = bring_in_step(now=timezone.now(), seconds=SECONDS)
    if not done.finished:
        async_task("linking.tasks.bring_registrations_in_step")
    return str(done)
