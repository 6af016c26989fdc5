"""How sessions stand, and the gateways that hold them: what staff are shown, and what is asked about readiness (O3)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.models import GameSession, GatewayProcess
from campaigns.rules.counting import minute_of

SILENCE = timedelta(seconds=15)
"""A gateway not heard of for so long is taken for dead; it says that it lives every few seconds."""

EXPECTED_WITHIN = timedelta(days=1)


class Standing(StrEnum):
    """How a session stands."""

    CONNECTED = "connected"
    INTERRUPTED = "interrupted"
    """No server is connected: one that comes back goes on with it."""
    LOST = "lost"
    """The gateway that held its connection is dead; for its server that is an interruption like any other."""
    ENDED = "ended"


def alive_gateways(*, now: datetime) -> set[str]:
    """Return the ids of the gateways that were heard of just now."""
    return set(GatewayProcess.objects.filter(beat_at__gte=now - SILENCE).values_list("pk", flat=True))


def standing_of(session: GameSession, *, alive: Collection[str]) -> Standing:
    """Return how a session stands, by what is stored of it and the gateways that live."""
    if session.ended_at is not None:
        return Standing.ENDED
    if not session.gateway:
        return Standing.INTERRUPTED
    return Standing.CONNECTED if session.gateway in alive else Standing.LOST


def messages_this_minute(session: GameSession, *, now: datetime) -> int:
    """Return how many messages the session has used of the present minute's sixty, as far as is written by now."""
    return session.minute_messages if session.ended_at is None and session.minute == minute_of(now) else 0


def missing_gateway(*, now: datetime) -> bool:
    """Tell whether a gateway is expected and none lives: the one heard of last ran within a day and was not stopped in order.

    Where none is ever run, or all were stopped in order, none is missed.
    """
    last = GatewayProcess.objects.order_by("-beat_at").values_list("beat_at", "stopping_at").first()
    return last is not None and last[1] is None and now - EXPECTED_WITHIN <= last[0] < now - SILENCE
