"""Sending events again (D5): one, many by a filter, or all of a subscription since a time; with a count first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, QuerySet

from fulfillment.models import EventDelivery, EventSubscription, Progress
from fulfillment.rules.retries import MAX_ATTEMPTS
from fulfillment.wake import announce_work
from portal import audit
from portal.models import User

BATCH = 500


def retry_event_delivery(*, delivery: EventDelivery, actor: User, now: datetime) -> bool:
    """Have one event sent once more, with all attempts anew, whatever came of it before.

    Returns whether it will be: not what is being sent at this moment, nor what was erased since.
    """
    return bool(replay(delivery_ids=[delivery.pk], actor=actor, now=now))


def replayable(
    *, subscription: EventSubscription, since: datetime | None = None, only_failed: bool = True
) -> QuerySet[EventDelivery]:
    """Return what can be sent again to a subscription, of events since a time: count it first, then hand over its keys.

    With ``only_failed`` what has arrived is left out: that which failed, and that which waits for another attempt, remain.
    """
    rows = EventDelivery.objects.filter(subscription=subscription, leased=False).exclude(event__body="")
    if only_failed:
        rows = rows.exclude(progress=Progress.DELIVERED)
    return rows if since is None else rows.filter(event__at__gte=since)


def replay(*, delivery_ids: Sequence[int], actor: User | None, now: datetime) -> int:
    """Have these events sent now, each with all attempts anew. Returns how many will be.

    A transaction for each ``BATCH``, with an entry in the audit trail: stopped half-way, it can be called again. What is
    being sent at this moment, and what was erased since, is left as it is.
    """
    done = 0
    for start in range(0, len(delivery_ids), BATCH):
        with transaction.atomic():
            done += _start(delivery_ids[start : start + BATCH], actor=actor, now=now)
    return done


def _start(ids: Sequence[int], *, actor: User | None, now: datetime) -> int:
    rows = EventDelivery.objects.filter(pk__in=ids, leased=False).exclude(event__body="")
    chosen = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    started = EventDelivery.objects.filter(pk__in=chosen).update(
        progress=Progress.WAITING, due_at=now, attempts_left=MAX_ATTEMPTS, finished_at=None
    )
    counts = EventDelivery.objects.filter(pk__in=chosen).values_list("subscription").annotate(count=Count("pk"))
    by_subscription = dict(counts.order_by("subscription"))
    for subscription in EventSubscription.objects.filter(pk__in=by_subscription).select_related("organization"):
        audit.record(
            actor=actor,
            action="had events sent again",
            obj=subscription,
            organization=subscription.organization,
            after={"events": by_subscription[subscription.pk]},
            now=now,
        )
    if started:
        announce_work()
    return started
