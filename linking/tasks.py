"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from linking.authorizing.turns import check_due
from linking.authorizing.watching import watch_all
from linking.registrations import bring_in_step
from portal.going_on import done, go_on

BRING_IN_STEP = "linking.tasks.bring_registrations_in_step"
WATCH_LINKS = "linking.tasks.watch_links"
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


def check_authorizations() -> str:
    """Ask platforms in turn whether linked viewers still authorize the studio's app (L9)."""
    return str(check_due(clock=timezone.now))


def watch_links(*, continued: bool = False, seconds: float = SECONDS) -> str:
    """Have platforms asked for all who are linked, and for nobody else, and have another run go on where time ran out."""
    found = watch_all(now=timezone.now(), seconds=seconds)
    if found.finished:
        done(WATCH_LINKS, continued=continued)
    else:
        go_on(WATCH_LINKS, continued=continued)
    return str(found)
