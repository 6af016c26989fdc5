"""Background jobs whose work is more than one run holds: a run that ran out of time has another one follow.

There is one such chain for each job, however often the job is started besides: on a backlog of hours, every start from the
schedule would begin another one, and the workers would do nothing else.
"""

from __future__ import annotations

from django.core.cache import cache
from django_q.tasks import async_task

CHAIN_SECONDS = 120
"""A chain that is not heard from for so long was killed: the next start begins a new one."""


def go_on(function: str, *, continued: bool) -> bool:
    """Have another run of ``function`` follow, with ``continued=True``; return whether it will.

    ``continued`` tells that this run is part of the chain itself. Should the chain be lost, the schedule begins anew.
    """
    key = _key(function)
    if continued:
        cache.set(key, True, timeout=CHAIN_SECONDS)
    elif not cache.add(key, True, timeout=CHAIN_SECONDS):
        return False
    async_task(function, continued=True)
    return True


def done(function: str, *, continued: bool) -> None:
    """Note that the chain has come to its end, if this run is part of it."""
    if continued:
        cache.delete(_key(function))


def _key(function: str) -> str:
    return f"going-on:{function}"
