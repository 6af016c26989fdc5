"""What runs on a schedule: see :mod:`fulfillment.schedules` for when. Each may run twice or not at all without harm."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.core.cache import caches
from django.db import Error
from django.utils import timezone
from django_q.tasks import async_task

from fulfillment import claim_minutes, workers
from fulfillment.marks import mark_all_unsent
from fulfillment.models import Claim, Delivery, EventDelivery
from fulfillment.sweeping.reading import has_due_pages, read_due_pages
from fulfillment.sweeping.request import begin_due_sweeps, stop_hopeless
from fulfillment.waiting import let_waiting_go_on
from fulfillment.webhooks.keys import due_for_refresh, refresh_public_key
from fulfillment.write_back import write_back_due
from portal import retention
from portal.going_on import done, go_on
from portal.shared_cache import SharedTable

logger = logging.getLogger(__name__)

OVERDUE = timedelta(minutes=2)
EXPIRE_BY_THEMSELVES = ("link_tokens", "sessions", "api_tokens")
WRITE_BACK_SECONDS = 10.0
"""No call is begun after so many: one and a new token may take 20 more, and a background task is ended after 30."""

SWEEP = "fulfillment.tasks.sweep"
SWEEP_SECONDS = 8.0
"""As with write-backs: a call that was begun may take a while longer."""

RETENTION_SECONDS = 15.0
"""So long one run works at most: a background task is ended after 30 seconds."""


def refresh_public_keys() -> int:
    """Fetch the platforms' public keys that are missing or an hour old (P2). Returns how many were asked for.

    One that cannot be refreshed keeps no other from its turn, and keeps the key it has.
    """
    asked = 0
    for credential in due_for_refresh(now=timezone.now()):
        asked += 1
        try:
            refresh_public_key(credential=credential, now=timezone.now())
        except (Error, ValueError):
            logger.exception("The public key of credential %s could not be refreshed.", credential.pk)
    return asked


def remove_expired() -> int:
    """Remove at once what is never looked at again: link tokens, sessions, tokens of the API and entries of the cache that
    have expired. Returns how many."""
    applied = retention.apply(now=timezone.now(), names=EXPIRE_BY_THEMSELVES, seconds=RETENTION_SECONDS)
    cache = caches["default"]
    return sum(applied.removed.values()) + (cache.remove_expired() if isinstance(cache, SharedTable) else 0)


def apply_retention() -> str:
    """Remove what is over by the table of periods (F8), and have another run go on where this one ran out of time."""
    applied = retention.apply(now=timezone.now(), seconds=RETENTION_SECONDS)
    if not applied.finished:
        async_task("fulfillment.tasks.apply_retention")
    return ", ".join(f"{name}: {count}" for name, count in applied.removed.items() if count) or "nothing was over"


def write_back() -> str:
    """Tell the platforms which claims were delivered (F6). Returns what came of it, for the job's result."""
    told = write_back_due(now=timezone.now(), seconds=WRITE_BACK_SECONDS)
    return f"accepted: {told.accepted}, refused: {told.refused}, later: {told.later}"


def sweep(*, continued: bool = False) -> str:
    """Begin the sweeps that are due and read pages (F7), and have another run go on while there are more."""
    begun = begin_due_sweeps(now=timezone.now())
    stop_hopeless(now=timezone.now())
    read = read_due_pages(seconds=SWEEP_SECONDS)
    if has_due_pages(now=timezone.now()):
        go_on(SWEEP, continued=continued)
    else:
        done(SWEEP, continued=continued)
    return f"begun: {begun}, pages read: {read}"


def look_at_all_again() -> int:
    """Have every claim that was not sent yet worked out again: the net beneath all marks. Returns how many they are."""
    return mark_all_unsent(now=timezone.now())


def forget_minutes() -> int:
    """Drop the minutes of arriving claims that the start page no longer draws, some thousands a run. Returns how many."""
    return claim_minutes.forget_minutes(now=timezone.now())


def watch_over_delivery() -> str:
    """Look whether due work is being done; log an error if nobody does it. Returns what was found, for the job's result."""
    problem = delivery_problem(now=timezone.now())
    if problem:
        logger.error(problem)
    return problem or "ok"


def delivery_problem(*, now: datetime) -> str:
    """Say in words why due work is not being done, or nothing if it is."""
    if not workers.heard_from(now=now):
        return "No delivery worker was heard from in the last 15 seconds. Start one: manage.py drain"
    late = now - OVERDUE
    unresolved = Claim.objects.filter(resolve_at__lt=late).count()
    undelivered = Delivery.objects.filter(
        due_at__lt=late,
        game__endpoint__enabled=True,
        game__endpoint__mode="push",
        game__endpoint__opened_at=None,
    ).count()
    untold = EventDelivery.objects.filter(
        due_at__lt=late, subscription__enabled=True, subscription__opened_at=None
    ).count()
    if unresolved or undelivered or untold:
        return (
            f"Work has been due for more than 2 minutes: {unresolved} claims to resolve, {undelivered} deliveries, "
            f"{untold} events. The workers may be too few or failing."
        )
    return ""


def give_what_was_waited_for() -> int:
    """Have claims go on that wait for a code or for room in a limit, as far as there is any (D8). Returns how many."""
    return let_waiting_go_on(now=timezone.now())
