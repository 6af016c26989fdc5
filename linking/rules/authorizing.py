"""When a viewer's authorization is asked for, what the answer means, and when a platform's silence is not believed (L8, L9). Pure.

The pace: a platform is asked for one credential at most every 55 seconds, for at most 200 viewers. Ten go into a call of
Twitch's: that is at most 22 calls a minute of the 800 points that an app has (protocols, Twitch API, Rate limits), or 3 %.
100,000 linked viewers who are asked for every 18 to 24 hours need 70 to 93 viewers a minute, 7 to 10 calls; what is left
of the 200 makes up for an outage: a day's backlog is gone after 12 to 18 hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

ASKED_EVERY = timedelta(hours=24)

ASKED_AGAIN = timedelta(hours=1)
"""So much later, at least, a platform is asked a second time for a viewer whom it did not name, before links end."""

TAKEN_ALONG = timedelta(hours=6)
"""Who is due within this time is asked for together with those who are due now: it fills the calls, and has few viewers
asked for together, so that it can be judged whether the platform names anybody at all.
"""

VIEWERS_PER_TURN = 200
TURN_EVERY = timedelta(seconds=55)

FEWEST_TO_DOUBT = 20
"""Of fewer viewers nothing is concluded about the platform."""

_FIRST_REST = timedelta(minutes=5)
_LONGEST_REST = timedelta(hours=2)


class Verdict(StrEnum):
    """What an answer means for one viewer."""

    AUTHORIZED = "authorized"
    LAPSED = "lapsed"
    """Missing for the first time: it is shown, and asked again."""
    STILL_LAPSED = "still_lapsed"
    """Missing again, too soon after the first time to conclude anything."""
    GONE = "gone"
    """Missing again, at least an hour later: the links end."""
    NOT_BELIEVED = "not_believed"
    """Missing, in a turn in which the platform names hardly anybody."""


def verdict_on(*, named: bool, missing_since: datetime | None, doubted: bool, now: datetime) -> Verdict:
    """Return what it means that the platform did or did not name a viewer who has been missing since then, or was not."""
    if named:
        return Verdict.AUTHORIZED
    if doubted:
        return Verdict.NOT_BELIEVED
    if missing_since is None:
        return Verdict.LAPSED
    return Verdict.GONE if now - missing_since >= ASKED_AGAIN else Verdict.STILL_LAPSED


def is_doubted(*, asked: int, named: int, newly_missing: int, doubted_before: bool) -> bool:
    """Tell whether a platform's silence is not to be believed, after a turn with these numbers.

    Doubt arises where more than half of at least 20 viewers are newly missing: a fault of the platform, or another app's
    client id, is likelier than that they all left. It ends with a turn in which at least half are named.
    """
    if not asked:
        return doubted_before
    if doubted_before:
        return named * 2 < asked
    return asked >= FEWEST_TO_DOUBT and newly_missing * 2 > asked


def rest_after(failures: int) -> timedelta:
    """Return how long a platform is left alone after so many failed turns in a row."""
    return min(_FIRST_REST * 2 ** min(max(failures - 1, 0), 10), _LONGEST_REST)
