"""What runs on a schedule about notices: see :mod:`fulfillment.schedules`. Each may run twice or not at all without harm."""

from __future__ import annotations

from dataclasses import astuple

from django.utils import timezone
from django_q.tasks import async_task

from fulfillment.notices.mailing import send_due
from fulfillment.notices.reminders import Cursor, remind

SECONDS = 15.0
"""So long one run works at most: a background task is ended after 30 seconds, and a mail server may take 10 to answer."""


def send_mail() -> str:
    """Send the notices that are due by e-mail, and have another run go on where this one ran out of time."""
    mailed = send_due(clock=timezone.now, seconds=SECONDS)
    if not mailed.finished:
        async_task("fulfillment.notices.tasks.send_mail")
    return f"sent {mailed.sent}, failed {mailed.failed}"


def remind_of_closings(*cursor: str) -> str:
    """Tell who has something to claim that claiming soon closes; a run that ran out of time is gone on with."""
    following = remind(now=timezone.now(), seconds=SECONDS, cursor=Cursor(*cursor) if cursor else None)
    if following is not None:
        async_task("fulfillment.notices.tasks.remind_of_closings", *astuple(following))
    return "done" if following is None else f"to be gone on with at {following.campaign_id}"
