"""What runs on a schedule about alerts: see :mod:`fulfillment.schedules`. Each may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from fulfillment.alerts.judging import judge_all
from fulfillment.alerts.sending import send_due
from portal.going_on import done, go_on

SECONDS = 12.0
"""So long one run works at most: a background task is ended after 30 seconds, and a mail server may take 10 to answer."""

_SEND = "fulfillment.alerts.tasks.send"


def judge() -> str:
    """Judge every organization, and write down whom to tell. Who had no turn is first in the next run."""
    judged = judge_all(clock=timezone.now, seconds=SECONDS)
    return f"judged {judged.judged}, failed {judged.failed}" + ("" if judged.finished else ", out of time")


def send(*, continued: bool = False) -> str:
    """Send what is due, and have another run go on where this one ran out of time."""
    sent = send_due(clock=timezone.now, seconds=SECONDS)
    if sent.finished:
        done(_SEND, continued=continued)
    else:
        go_on(_SEND, continued=continued)
    return f"sent {sent.sent}, failed {sent.failed}"
