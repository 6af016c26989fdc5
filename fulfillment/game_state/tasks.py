"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. It may run twice or not at all without harm."""

from __future__ import annotations

from django.utils import timezone

from fulfillment.game_state.streams import BUDGET_SECONDS, ask_for_streams
from portal.going_on import done, go_on

ASK_FOR_STREAMS = "fulfillment.game_state.tasks.ask_which_channels_are_live"


def ask_which_channels_are_live(*, continued: bool = False, seconds: float = BUDGET_SECONDS) -> str:
    """Ask platforms which channels of game sessions are live, and have another run go on where time ran out."""
    asked = ask_for_streams(clock=timezone.now, seconds=seconds)
    if asked.finished:
        done(ASK_FOR_STREAMS, continued=continued)
    else:
        go_on(ASK_FOR_STREAMS, continued=continued)
    return str(asked)
