"""Whom to tell what: worked out anew at each judgement from what is wrong, who wants to know, and what was told (O4).

Nothing is remembered but the messages themselves. So a mute that ends, a channel that is added or mended and a message that
went out just as its alert closed need no care of their own: the next judgement finds what is still to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django_q.tasks import async_task

from fulfillment.alerts.watched import Watched
from fulfillment.models import Alert, AlertChannel, AlertMessage

About = AlertMessage.About

REMIND_EVERY = timedelta(days=1)
TOLD_LATE = timedelta(days=8)
"""So long after an alert is over it is still told, to who was told of it and was muted since: a week is the longest mute."""

UNSURE = "unsure"
"""The problem of a message that was tried and of which nobody knows whether it arrived."""

MAY_HAVE_ARRIVED = (UNSURE, "timed_out", "mail_unsure")


def write_messages(*, organization_id: str, watched: Mapping[str, Watched], now: datetime) -> int:
    """Write down what is to be told to whom, and return how many messages that is. Only by who has the turn to judge."""
    channels = list(AlertChannel.objects.filter(organization=organization_id, enabled=True).defer("address"))
    if not channels:
        return 0
    alerts = list(_worth_telling(organization_id, now=now))
    told: dict[tuple[str, str], list[AlertMessage]] = {}
    for message in AlertMessage.objects.filter(alert__in=alerts).order_by("pk"):
        told.setdefault((str(message.alert_id), message.channel_id), []).append(message)
    wanted = [
        AlertMessage(channel=channel, alert=alert, about=about, created_at=now, due_at=now)
        for alert in alerts
        for channel in channels
        if wants(channel, alert.rule, watched, now=now)
        if (about := next_about(alert, told.get((alert.pk, channel.pk), ()), now=now))
    ]
    AlertMessage.objects.bulk_create(wanted, batch_size=200)
    if wanted:
        # Only sooner: the schedule sends it anyway, so that a broker which is away harms nobody.
        transaction.on_commit(_send_soon, robust=True)
    return len(wanted)


def wants(channel: AlertChannel, rule: str, watched: Mapping[str, Watched], *, now: datetime) -> bool:
    """Say whether a channel is to be told now of what a rule finds: it chose it, and neither of the two is muted."""
    if not channel.enabled or (channel.rules and rule not in channel.rules):
        return False
    muted = channel.muted_until is not None and channel.muted_until > now
    return not muted and rule in watched and not watched[rule].is_muted(now)


def next_about(alert: Alert, told: Sequence[AlertMessage], *, now: datetime) -> str:
    """Return what a channel is to be told next of an alert, after these messages; empty: nothing now.

    That it is over is told only to who may have heard that it began. A muted alert is quiet until the mute ends or it is
    over; so is one that may be over, as it was not found the last time.
    """
    if alert.closed_at is not None:
        heard = any(may_have_arrived(message) for message in told)
        return About.CLOSED.value if heard and not _has(told, About.CLOSED) else ""
    if alert.gone_at is not None or is_muted(alert, now=now):
        return ""
    if not told:
        return About.OPENED.value
    waits = any(message.due_at is not None for message in told)
    since_last = now - max(message.created_at for message in told)
    return About.STILL.value if since_last >= REMIND_EVERY and not waits else ""


def is_muted(alert: Alert, *, now: datetime) -> bool:
    """Whether the alert itself is muted; it is still told then when it is over."""
    return alert.muted_until is not None and alert.muted_until > now


def may_have_arrived(message: AlertMessage) -> bool:
    """Whether somebody may have read the message."""
    return message.sent_at is not None or message.problem in MAY_HAVE_ARRIVED


def _worth_telling(organization_id: str, *, now: datetime) -> Iterable[Alert]:
    """Return the open alerts, and those that are over and somebody heard of who was not told that they are."""
    closing = AlertMessage.objects.filter(alert=OuterRef("alert"), channel=OuterRef("channel"), about=About.CLOSED)
    heard = Q(sent_at__isnull=False) | Q(problem__in=MAY_HAVE_ARRIVED)
    untold = AlertMessage.objects.filter(heard & ~Exists(closing), alert=OuterRef("pk"))
    over = Q(closed_at__gte=now - TOLD_LATE, gone_at__isnull=False) & Q(Exists(untold))
    return Alert.objects.filter(Q(closed_at=None) | over, organization=organization_id).order_by("opened_at", "pk")


def _has(told: Iterable[AlertMessage], about: str) -> bool:
    return any(message.about == about for message in told)


def _send_soon() -> None:
    async_task("fulfillment.alerts.tasks.send")
