"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from linking.registrations import bring_in_step
from portal.going_on import done, go_on

BRING_IN_STEP = "linking.tasks.bring_registrations_in_step"
SECONDS = 15.0
"""So long one run works at most: a background job has 30 seconds."""


def bring_registrations_in_step(*, continued: bool = False, seconds: float = SECONDS) -> str:
    """Register who is linked and should be, and nobody else (L10), and have another run go on where time ran out."""
    found = bring_in_step(now=timezone.now(), seconds=seconds)
    if found.finished:
        done(BRING_IN_STEP, continued=continued)
    else:
        go_on(BRING_IN_STEP, continued=continued)
    return str(found)
