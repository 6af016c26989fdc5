"""Counts of how webhook calls ended, by credential and hour (P1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from fulfillment.models import WebhookTally
from portal.tallies import Tallies

_silent: ContextVar[bool] = ContextVar("silent", default=False)


class _WebhookTallies(Tallies):
    """Counters that leave out what the portal sent itself: no sign that the platform reaches it."""

    def count(self, whose: str | int, outcome: str, *, now: datetime) -> None:
        if not _silent.get():
            super().count(whose, outcome, now=now)


tallies = _WebhookTallies(model=lambda: WebhookTally, whose="credential", keeps_last=True)
"""The counters of this process."""


@contextmanager
def uncounted() -> Iterator[None]:
    """Have what happens in this thread meanwhile counted nowhere."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
