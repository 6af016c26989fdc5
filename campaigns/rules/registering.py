"""Registering viewers with a platform's heartbeat service: what is due next, and what follows from how it went (L9, L10). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

VALIDATE_EVERY = timedelta(hours=1)
"""So often a kept token is validated: the platform demands it (L9)."""

CHECK_EVERY = timedelta(hours=24)
"""So often it is looked whether the platform still has the registration."""

SETTLE = timedelta(seconds=20)
"""Longer than any call under way can last: what turns round is begun only then, so that the later call wins."""

WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=12),
)
"""The wait after each failure in a row; after the last it stays. Nothing is ever given up but removals."""

LEAST_IF_PERMANENT = timedelta(hours=1)
"""So long at least where only somebody's mending helps."""

MOST_REMOVALS = 7
"""After so many failures, about a day, the platform is asked no more to remove: the token goes in any case (L9)."""

JITTER = 0.1
"""A wait is up to this share different, so that what failed or began together does not return together."""

_EXPIRES_SOON = timedelta(minutes=1)


class State(StrEnum):
    """Where a registration stands: the values of ``RegisteredIdentifier.State``."""

    WANTED = "wanted"
    REGISTERED = "registered"
    UNWANTED = "unwanted"
    LAPSED = "lapsed"


class Step(StrEnum):
    """What is to be done next. The last three need no call."""

    REFRESH = "refresh"
    REGISTER = "register"
    VALIDATE = "validate"
    CHECK = "check"
    REMOVE = "remove"
    LAPSE = "lapse"
    FINISH = "finish"
    NOTHING = "nothing"


class Outcome(StrEnum):
    """How a step went."""

    DONE = "done"
    RENEWED = "renewed"
    """The check found the registration gone, or could not be made: it was made again."""
    TOKEN_DEAD = "token_dead"
    """The platform does not take the access token: a refresh may help."""
    CONSENT_GONE = "consent_gone"
    """No token of the viewer's works any more: only the viewer can give a new one."""
    NO_PERMISSION = "no_permission"
    """The token is valid, but the viewer has not given the permission."""
    FAILED = "failed"
    """Something else: to be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a registration. Times are aware."""

    state: State
    has_access: bool
    has_refresh: bool
    expires_at: datetime | None = None
    validated_at: datetime | None = None
    checked_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a registration. ``due_at`` None: there is nothing to do until somebody wants something else."""

    state: State
    due_at: datetime | None
    attempts: int = 0
    registered: bool = False
    """It was registered just now."""
    validated: bool = False
    """The token was found valid, or is new."""
    checked: bool = False
    """It was found registered, or removed, just now."""
    token_dead: bool = False
    """The access token is to be used no more."""
    drop_tokens: bool = False


def next_step(facts: Facts, *, now: datetime) -> Step:
    """Return what a registration needs now."""
    if facts.state == State.LAPSED:
        return Step.NOTHING
    removing = facts.state == State.UNWANTED
    expired = facts.expires_at is not None and facts.expires_at <= now + _EXPIRES_SOON
    if not facts.has_access or expired:
        if facts.has_refresh:
            return Step.REFRESH
        return Step.FINISH if removing else Step.LAPSE
    if removing:
        return Step.REMOVE
    if facts.state == State.WANTED:
        return Step.REGISTER
    if _older(facts.validated_at, VALIDATE_EVERY, now):
        return Step.VALIDATE
    return Step.CHECK if _older(facts.checked_at, CHECK_EVERY, now) else Step.NOTHING


def after(
    facts: Facts,
    step: Step,
    outcome: Outcome,
    *,
    now: datetime,
    random: Callable[[], float],
    permanent: bool = False,
    retry_after: timedelta | None = None,
) -> Change:
    """Return what becomes of a registration once ``step`` has gone like that.

    ``permanent`` tells of a failure that asking again changes nothing until somebody mends the cause; ``retry_after``
    is the wait that the platform asked for. ``random`` gives a number from 0 to 1.
    """
    removing = facts.state == State.UNWANTED
    if (
        facts.state == State.LAPSED
        or step in (Step.LAPSE, Step.FINISH)
        or outcome in (Outcome.CONSENT_GONE, Outcome.NO_PERMISSION)
    ):
        return _over(removing)
    if outcome == Outcome.FAILED:
        attempts = facts.attempts + 1
        if removing and attempts >= MOST_REMOVALS:
            return _over(removing)
        wait = wait_after(attempts, permanent=permanent, retry_after=retry_after, random=random)
        return Change(state=facts.state, due_at=now + wait, attempts=attempts)
    if outcome == Outcome.TOKEN_DEAD:
        # The first time at once. A platform that refuses even the token it has just given is left alone like any fault.
        wait = wait_after(facts.attempts, random=random) if facts.attempts else timedelta()
        return Change(state=facts.state, due_at=now + wait, attempts=facts.attempts + 1, token_dead=True)
    return _went_well(facts, step, outcome, now=now, random=random)


def wait_after(
    attempts: int,
    *,
    random: Callable[[], float],
    permanent: bool = False,
    retry_after: timedelta | None = None,
) -> timedelta:
    """Return how long to wait after so many failures in a row; never shorter than the platform asked for."""
    wait = WAITS[min(max(attempts, 1), len(WAITS)) - 1]
    if permanent:
        wait = max(wait, LEAST_IF_PERMANENT)
    wait *= 1 + JITTER * random()
    return wait if retry_after is None else max(wait, retry_after)


def _went_well(facts: Facts, step: Step, outcome: Outcome, *, now: datetime, random: Callable[[], float]) -> Change:
    if step == Step.REMOVE:
        return _over(True)
    if step == Step.REFRESH:
        # What the token was needed for is next. Failures stay counted until that succeeds.
        return Change(state=facts.state, due_at=now, attempts=facts.attempts, validated=True)
    validated_at = now if step == Step.VALIDATE else facts.validated_at
    checked_at = now if step in (Step.REGISTER, Step.CHECK) else facts.checked_at
    return Change(
        state=State.REGISTERED,
        due_at=due_next(validated_at, checked_at, now=now, random=random),
        registered=step == Step.REGISTER or outcome == Outcome.RENEWED,
        validated=step == Step.VALIDATE,
        checked=checked_at == now,
    )


def due_next(
    validated_at: datetime | None, checked_at: datetime | None, *, now: datetime, random: Callable[[], float]
) -> datetime:
    """Return when a registered viewer's token or registration is to be looked at again; never in the past."""
    early = 1 - JITTER * random()
    validate = validated_at + VALIDATE_EVERY * early if validated_at else now
    check = checked_at + CHECK_EVERY * early if checked_at else now
    return max(min(validate, check), now)


def _over(removing: bool) -> Change:
    state = State.UNWANTED if removing else State.LAPSED
    return Change(state=state, due_at=None, checked=removing, drop_tokens=True)


def _older(moment: datetime | None, period: timedelta, now: datetime) -> bool:
    return moment is None or moment + period * (1 - JITTER) <= now
