"""A source's secret address on its way to the one page that shows it (P1, S2): see :mod:`portal.shown_once`."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from campaigns.models import HeartbeatSource
from portal import shown_once

_KEY = "heartbeat_address_{}"


def keep_address(request: HttpRequest, source: HeartbeatSource, address: str, *, now: datetime) -> None:
    """Keep the address for this person's next look at the page that shows it."""
    shown_once.keep(request, _KEY.format(source.pk), address, now=now)


def waits(request: HttpRequest, source: HeartbeatSource, *, now: datetime) -> bool:
    """Tell whether an address of this source was made by this person and not shown yet."""
    return shown_once.waits(request, _KEY.format(source.pk), now=now)


def take_address(request: HttpRequest, source: HeartbeatSource, *, now: datetime) -> str | None:
    """Return the address and forget it; None if there is none, or it waited too long."""
    return shown_once.take(request, _KEY.format(source.pk), now=now)
