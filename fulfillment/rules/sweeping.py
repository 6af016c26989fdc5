"""What a sweep does next after a page could not be read (F7). Pure.

A page may fail because the platform is down, because it asks for a pause, because it does not take the app, or because it
holds something that it can never list: only the last is gone round. Which of these it is, no answer tells for certain, so
a page is tried again first, then in halves, until one item is left; and then whether the platform answers anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

EVERY = timedelta(minutes=10)
"""So long after the end of one sweep the next begins."""

LONGEST = timedelta(days=1)
"""A sweep that has not come to its end by then never will: Twitch lets an app read a hundred million claims in that time."""

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
OUTAGE_WAIT = timedelta(minutes=1)
REFUSED_WAIT = timedelta(minutes=5)

TRIES_WHOLE = 4
TRIES_IN_PART = 2

_UNREACHABLE = frozenset({"paused", "dns", "refused", "tls", "broken"})
_REFUSED = frozenset({401, 403})
_NOT_THE_PAGE = frozenset({408, 425, 429})


class Next(StrEnum):
    """What to do about a page that could not be read."""

    AGAIN = "again"
    """Ask for the same page once more, after a wait."""
    HALVE = "halve"
    """Ask for fewer claims from the same place on."""
    FROM_THE_START = "from_the_start"
    """The place is not known there any more: read the list from its beginning."""
    PROBE = "probe"
    """Find out whether the platform answers anything else; if it does, go round, else ask again."""
    GO_ROUND = "go_round"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a page failed. ``attempts`` counts this failure, at this size; ``at_start`` says that there was no cursor."""

    reason: str
    status: int | None
    attempts: int
    size: int
    page_size: int
    at_start: bool
    whole: bool
    """Whether it is the list of all claims."""


def says_nothing_of_the_page(failure: Failure) -> bool:
    """Tell whether any other page would have failed the same way: the platform is not there, or asks for a pause."""
    return failure.reason in _UNREACHABLE or failure.status in _NOT_THE_PAGE


def after(failure: Failure) -> Next:
    """Return what to do after a page failed."""
    if says_nothing_of_the_page(failure):
        return Next.AGAIN
    if failure.status in _REFUSED:
        # For one list it may be meant: a game that is not the organization's (Twitch, Get Drops Entitlements, 403).
        return Next.AGAIN if failure.whole or failure.attempts < TRIES_IN_PART else Next.PROBE
    if failure.reason == "too_long" and failure.size > 1:
        return Next.HALVE
    if failure.status is not None and 400 <= failure.status < 500 and not failure.at_start:
        return Next.FROM_THE_START if failure.attempts < TRIES_WHOLE else Next.PROBE
    tries = TRIES_WHOLE if failure.size == failure.page_size else TRIES_IN_PART
    if failure.attempts < tries:
        return Next.AGAIN
    return Next.HALVE if failure.size > 1 else Next.PROBE


def wait_after(failure: Failure, *, asked_for: timedelta | None) -> timedelta:
    """Return how long to wait before the next try: what the platform asks for, or longer each time."""
    if asked_for is not None:
        return asked_for
    if failure.reason in _UNREACHABLE:
        return OUTAGE_WAIT
    if failure.status in _REFUSED:
        return REFUSED_WAIT
    return min(FIRST_WAIT * 2 ** min(failure.attempts - 1, 10), LONGEST_WAIT)
