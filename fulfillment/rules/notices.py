"""What a person is told, and when also by e-mail: kinds of notices, which moves of a claim are news, waits and windows.

No text is here: :mod:`fulfillment.notices.wording` says it in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from fulfillment.rules.codes import Code
from fulfillment.rules.states import State


class Kind(StrEnum):
    """What a notice tells."""

    LINKED = "linked"
    UNLINKED = "unlinked"
    LAPSED = "lapsed"
    EARNED = "earned"
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    ATTENTION = "attention"
    EXPIRING = "expiring"
    ELIGIBLE = "eligible"


class Group(StrEnum):
    """Kinds that a person has sent by e-mail, or not, together. The values are columns of ``NoticePreference``."""

    LINKS = "links"
    EARNED = "earned"
    EXPIRING = "expiring"
    DELIVERIES = "deliveries"
    ATTENTION = "attention"


GROUP_OF: Mapping[Kind, Group] = {
    Kind.LINKED: Group.LINKS,
    Kind.UNLINKED: Group.LINKS,
    Kind.LAPSED: Group.LINKS,
    Kind.EARNED: Group.EARNED,
    Kind.EXPIRING: Group.EXPIRING,
    Kind.ON_ITS_WAY: Group.DELIVERIES,
    Kind.DELIVERED: Group.DELIVERIES,
    Kind.ATTENTION: Group.ATTENTION,
}
"""By which switch a kind goes by e-mail. One that is not here never does."""

MAIL_AFTER: Mapping[Kind, timedelta] = {
    Kind.LINKED: timedelta(0),
    Kind.UNLINKED: timedelta(0),
    Kind.LAPSED: timedelta(0),
    Kind.EARNED: timedelta(minutes=1),
    Kind.EXPIRING: timedelta(minutes=1),
    Kind.DELIVERED: timedelta(minutes=1),
    # What is overtaken before its time by the next step is not sent at all.
    Kind.ATTENTION: timedelta(minutes=2),
    Kind.ON_ITS_WAY: timedelta(minutes=5),
}
"""How long an e-mail waits, so that what happens together arrives together. About accounts it goes at once."""

_MAIL_RETRIES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)

REMIND_BEFORE: Mapping[str, timedelta] = {"24h": timedelta(hours=24), "72h": timedelta(hours=72)}
"""The windows before claiming closes in which a person is reminded once each, the narrower first."""


def kind_of_move(before: State, after: State, reason: str) -> Kind | None:
    """Return what a claim's move tells its owner, or None where it is no news to them."""
    if after is State.READY:
        # From *delivering* it only waits for another attempt; from *delivered* staff have it sent once more.
        again = before in (State.DELIVERING, State.DELIVERED, State.CONFIRMED)
        return None if again else Kind.ON_ITS_WAY
    if after is State.DELIVERED:
        return Kind.DELIVERED
    if after in (State.WAITING, State.HELD, State.FAILED):
        return Kind.ATTENTION
    if after is State.ABANDONED and reason != Code.ERASED:
        return Kind.ATTENTION
    return None


def mail_retry_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts to send that failed; None: enough."""
    return _MAIL_RETRIES[attempts - 1] if 1 <= attempts <= len(_MAIL_RETRIES) else None


def reminder_window(left: timedelta) -> str | None:
    """Return the window that a moment so long before the closing is in: the narrowest; None where it is in none."""
    if left <= timedelta(0):
        return None
    return next((name for name, length in REMIND_BEFORE.items() if left <= length), None)
