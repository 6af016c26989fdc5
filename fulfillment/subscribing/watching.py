"""What webhooks tell of the subscriptions themselves: that one was ended, that the address was checked, that it is heard from.

Called while the platform waits: one or two quick writes, and only where a row is known.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from fulfillment.models import PlatformSubscription
from fulfillment.rules.subscribing import wait_after_end
from fulfillment.subscribing.challenges import remember_challenge
from fulfillment.subscribing.tasks import keep_soon
from portal.models import PlatformCredential
from portal.platforms.messages import SubscriptionEnded

NOTED_EVERY = timedelta(minutes=1)
"""So often at most is written down, by each process, that a subscription was heard from."""

_NOTED_AT_MOST = 10_000

State = PlatformSubscription.State

log = logging.getLogger(__name__)

_noted: dict[tuple[str, ...], datetime] = {}
_lock = threading.Lock()


def on_subscription_ended(credential: PlatformCredential, message: SubscriptionEnded, now: datetime) -> None:
    """Have an ended subscription made anew, at once the first time: a listener of :mod:`fulfillment.webhooks.events`."""
    rows = _known(credential, message.subscription_id)
    row = rows.filter(state__in=(State.PENDING, State.ENABLED)).first()
    if row is None:
        log.info("Credential %s was told of the end of a subscription that is not at work here.", credential.pk)
        return
    attempts = row.attempts + 1
    ended = rows.filter(pk=row.pk, state=row.state).update(
        state=State.ENDED,
        detail=message.detail[:100],
        ended_at=now,
        attempts=attempts,
        due_at=now + wait_after_end(attempts),
    )
    if ended:
        keep_soon()


def note_challenge(credential: PlatformCredential, *, subscription_id: str, now: datetime) -> None:
    """Have a subscription looked at again at once whose address the platform has just checked."""
    pending = _known(credential, subscription_id).filter(state=State.PENDING)
    if not pending.update(due_at=now):
        # Perhaps it is being made at this moment: who makes it looks for this once it is written down.
        remember_challenge(credential.pk, subscription_id)
        if not pending.update(due_at=now):
            return
    keep_soon()


def note_message(credential: PlatformCredential, *, now: datetime, **which: str) -> None:
    """Note that a subscription brought a message. ``which`` names it: ``subscription_id``, or ``type`` and ``subject``."""
    key = (credential.pk, *which.values())
    with _lock:
        last = _noted.get(key)
        if last is not None and last <= now < last + NOTED_EVERY:
            return
        if len(_noted) >= _NOTED_AT_MOST:
            _noted.clear()
        _noted[key] = now
    if "subscription_id" in which:
        rows = _known(credential, which["subscription_id"])
    else:
        rows = PlatformSubscription.objects.filter(credential=credential, **which)
    rows.filter(Q(event_at=None) | Q(event_at__lt=now)).update(event_at=now)


def forget_noted() -> None:
    """Write the next message of every subscription down, whenever the last came."""
    with _lock:
        _noted.clear()


def _known(credential: PlatformCredential, subscription_id: str) -> QuerySet[PlatformSubscription]:
    if not subscription_id:
        return PlatformSubscription.objects.none()
    return PlatformSubscription.objects.filter(credential=credential, platform_subscription_id=subscription_id)
