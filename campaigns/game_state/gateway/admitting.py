"""Whether a connect message is granted, and its session taken: what a connection asks the database first (G2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.game_state.admission import Admission, Asking, doorkeeper
from campaigns.game_state.live import live_channels
from campaigns.game_state.rules_of import running_rules
from campaigns.game_state.storing import Begun, begin_session
from campaigns.rules.game_state.events import EventRule
from campaigns.rules.game_state.messages import Connect


class PutOff(Exception):
    """A connect message cannot be dealt with at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A session that a connection has now, with what it has to know of it. ``live`` are the channels that are."""

    admission: Admission
    begun: Begun
    live: frozenset[str]
    rules: tuple[EventRule, ...]


def take_session(
    message: Connect,
    *,
    connection: str,
    gateway: str,
    known_rules: Mapping[str, tuple[EventRule, ...]],
    unwanted: Callable[[], bool],
    now: datetime,
) -> Taken:
    """Give the session that a message asks for to its connection. Asks the database, so it is for a thread.

    ``unwanted`` tells whether the connection is gone by now: then nothing is done, since others wait for their turn.
    Raises ``Refused`` or ``PutOff``.
    """
    if unwanted():
        raise PutOff
    asking = Asking(token=message.token, game_id=message.game_id, broadcaster_ids=message.broadcaster_ids)
    admission = doorkeeper().admit(asking, now=now)
    live = live_channels({channel.channel_id for channel in admission.channels}, now=now)
    rules = known_rules.get(admission.game_id)
    if rules is None and admission.authoritative:
        rules = running_rules([admission.game_id], now=now).get(admission.game_id, ())
    begun = begin_session(admission, session_key=message.session_id, connection=connection, gateway=gateway, now=now)
    return Taken(admission=admission, begun=begun, live=frozenset(live), rules=rules or ())
