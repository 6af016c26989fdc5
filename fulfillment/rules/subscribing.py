"""What an event subscription at a platform needs next, by how it stands here and there. Pure: tested as tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LOOK_EVERY = timedelta(minutes=10)
"""So often what the portal wants is compared with what the platform has."""

LOOK_ONE_BY_ONE_EVERY = timedelta(hours=1)
"""The same where the platform has to be asked for each channel."""

LOOK_AGAIN = timedelta(seconds=15)
"""After this time is looked whether the platform has found that the address is ours, for as long as ``PATIENT_FOR``."""

PATIENT_FOR = timedelta(minutes=5)
LOOK_SELDOM = timedelta(minutes=1)

SETTLE = timedelta(minutes=1)
"""So long may a platform leave out of its list what it was asked to make; longer than the call itself can take."""

STEADY_AFTER = timedelta(hours=1)
"""A subscription at work for so long has left its failures behind."""

WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
)
"""The wait after each failure in a row; after the last it stays. No subscription is ever given up."""

JITTER = 0.1
"""A wait is up to this share longer, so that what failed together does not return together."""

LONGEST_OUTAGE_WAIT = LOOK_EVERY
"""So long at most is a platform left alone that does not answer, or does not take the app: it may be mended any time."""

_ABOUT_WHAT_WAS_ASKED = frozenset({"answer", "too_long", "full", "declined"})
_NOT_ABOUT_WHAT_WAS_ASKED = frozenset({401, 408, 429})

MOST_FAILURES = 3
"""After so many calls in a row that failed for no fault of what was asked, the rest is left for later."""


class State(StrEnum):
    """How a subscription stands: the values of ``PlatformSubscription.State``."""

    MISSING = "missing"
    PENDING = "pending"
    ENABLED = "enabled"
    ENDED = "ended"
    REFUSED = "refused"


AT_WORK = frozenset({State.PENDING, State.ENABLED})


class Step(StrEnum):
    """What to do about a subscription."""

    KEEP = "keep"
    """It is there and as it should be: write down how it stands."""
    WAIT = "wait"
    """It is not listed, which says nothing yet: look again soon."""
    CREATE = "create"
    RENEW = "renew"
    """What is there, if anything, is of no use: end it there, and make it anew."""
    END = "end"
    """The platform has ended it, once more in a short time: write that down, and make it anew after a wait."""
    REMOVE = "remove"
    """It is not wanted any more: end it there, and forget it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known here of a subscription.

    ``fits`` says that it was made with the secret and for the address of now. ``attempts`` counts how often in a row it
    could not be made or was ended by the platform.
    """

    wanted: bool
    state: State
    fits: bool
    attempts: int = 0
    asked_at: datetime | None = None


def next_step(facts: Facts, found: State | None, *, now: datetime) -> Step:
    """Return what to do about a subscription that is due. ``found`` is how the platform lists it: None, it does not."""
    if not facts.wanted:
        return Step.REMOVE
    if found in AT_WORK:
        return Step.KEEP if facts.fits else Step.RENEW
    if found is None and facts.state != State.REFUSED and _was_just_asked_for(facts, now):
        return Step.WAIT
    if facts.state in AT_WORK:
        return Step.END if wait_after_end(facts.attempts + 1) else Step.RENEW
    return Step.RENEW if found == State.ENDED else Step.CREATE


def _was_just_asked_for(facts: Facts, now: datetime) -> bool:
    return facts.asked_at is not None and now - facts.asked_at < SETTLE


def has_just_ended(facts: Facts, found: State | None) -> bool:
    """Tell whether the platform has ended it since it was last looked at: it counts as one more failure then."""
    return facts.wanted and facts.state in AT_WORK and found not in AT_WORK


def wait_after_end(attempts: int) -> timedelta:
    """Return how long to wait before a subscription that the platform ended is made anew: the first time not at all."""
    return timedelta() if attempts <= 1 else WAITS[min(attempts - 1, len(WAITS)) - 1]


def wait_after_failure(
    attempts: int,
    *,
    random: Callable[[], float],
    permanent: bool = False,
    retry_after: timedelta | None = None,
) -> timedelta:
    """Return how long to wait after so many failures in a row; never shorter than the platform asked for.

    ``permanent`` tells of a failure that asking again changes nothing until somebody mends the cause. ``random`` gives a
    number from 0 to 1.
    """
    wait = WAITS[-1] if permanent else WAITS[min(max(attempts, 1), len(WAITS)) - 1]
    wait *= 1 + JITTER * random()
    return wait if retry_after is None else max(wait, retry_after)


def wait_after_outage(failures: int, *, retry_after: timedelta | None) -> timedelta:
    """Return how long to leave a platform alone after so many calls in a row that failed, whatever they asked for."""
    wait = min(WAITS[min(max(failures, 1), len(WAITS)) - 1], LONGEST_OUTAGE_WAIT)
    return wait if retry_after is None else max(wait, retry_after)


def would_meet_all(reason: str, status: int | None) -> bool:
    """Tell whether any other subscription would have failed the same way: the platform is away, or takes no call."""
    return status in _NOT_ABOUT_WHAT_WAS_ASKED if status is not None else reason not in _ABOUT_WHAT_WAS_ASKED


def look_next(
    state: State, *, now: datetime, asked_at: datetime | None, share: float, every: timedelta = LOOK_EVERY
) -> datetime:
    """Return when a subscription that is there is looked at again.

    Those at work are looked at together, at times that lie ``every`` apart: then one reading of the platform's list is
    enough for all. ``share``, from 0 to 1, is the place of a credential's times within that period.
    """
    if state == State.PENDING:
        fresh = asked_at is not None and now - asked_at < PATIENT_FOR
        return now + (LOOK_AGAIN if fresh else LOOK_SELDOM)
    start = datetime(1970, 1, 1, tzinfo=UTC) + every * share
    following = start + every * ((now - start) // every + 1)
    # One that is nearly there would have the list read twice for nothing.
    return following if following - now >= every / 10 else following + every


def is_steady(enabled_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether a subscription has been at work for so long that its failures before do not count any more."""
    return enabled_at is not None and now - enabled_at >= STEADY_AFTER
