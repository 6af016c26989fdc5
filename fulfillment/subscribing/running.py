"""The background job: every credential's wants are worked out, then those with something due have their turns."""

from __future__ import annotations

import logging
import random as randomness
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.keeping import keep
from fulfillment.subscribing.wanting import want_topics
from portal import platforms
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential

log = logging.getLogger(__name__)

BUDGET_SECONDS = 8.0
"""No call is begun after so many: one and a new token may take 20 more, and a background task is ended after 30."""

TURN_SECONDS = 4.0
"""So long at most is one credential worked on before the next has its turn, if there is another."""

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Run:
    """What a run did: how often each step was taken, and whether work that is due is left."""

    steps: Counter[str] = field(default_factory=Counter)
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        return ", ".join(f"{step}: {count}" for step, count in sorted(self.steps.items()) if count) or "nothing was due"


def keep_all(*, clock: Clock, seconds: float = BUDGET_SECONDS, random: Callable[[], float] = randomness.random) -> Run:
    """Keep every enabled credential's subscriptions for at most so many ``seconds``; return what was done.

    Who comes first is chance, so that a platform that does not answer keeps no other organization from its turn. Any
    number of processes may run this at the same time.
    """
    run, ends = Run(), time.monotonic() + seconds
    keys = _with_subscriptions()
    for key in keys:
        credential = _load(key)
        if credential is not None:
            run.steps["changed"] += want_topics(credential, now=clock())
    waiting = _with_work(keys, now=clock())
    while waiting:
        again = []
        for key in waiting:
            if time.monotonic() >= ends:
                run.finished = False
                return run
            turn_ends = min(ends, time.monotonic() + TURN_SECONDS) if len(waiting) > 1 else ends
            if _one_turn(key, run, clock, random, ends=turn_ends):
                again.append(key)
        waiting = again
    return run


def _one_turn(key: str, run: Run, clock: Clock, random: Callable[[], float], *, ends: float) -> bool:
    credential = _load(key)
    if credential is None:
        return False
    kept = keep(credential, clock=clock, ends=ends, random=random)
    run.steps += kept.steps
    return kept.more


def _with_subscriptions() -> list[str]:
    keys = [platform.key for platform in platforms.registry.values() if platform.subscriptions is not None]
    rows = PlatformCredential.objects.filter(enabled=True, platform__in=keys)
    return list(rows.order_by("?").values_list("pk", flat=True))


def _with_work(keys: list[str], *, now: datetime) -> list[str]:
    due = PlatformSubscription.objects.filter(due_at__lte=now).order_by()
    found = set(due.values_list("credential", flat=True).distinct())
    return [key for key in keys if key in found]


def _load(key: str) -> PlatformCredential | None:
    try:
        return PlatformCredential.objects.filter(pk=key, enabled=True).first()
    except DecryptionFailed:
        log.error("The secrets of credential %s cannot be decrypted: its subscriptions are not looked at.", key)
        return None
