"""Sending what is to be told: one channel after the other is leased, all its due messages go as one, and are recorded (O4).

One process at a time has a channel. A process that dies leaves a lease that runs out; nobody can tell then whether its
message arrived, so that it goes once more: rather twice than never.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q

from fulfillment.alerts.posting import Outcome, post
from fulfillment.alerts.telling import UNSURE, is_muted, may_have_arrived, wants
from fulfillment.alerts.watched import watched_by
from fulfillment.alerts.wording import letter_of
from fulfillment.models import Alert, AlertChannel, AlertMessage
from portal.outliving import outliving

logger = logging.getLogger(__name__)

About = AlertMessage.About

LEASE = timedelta(minutes=3)
"""Longer than a background job may take, so that nobody sends what another still has in hand."""

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 480))
"""After the first failure, the second and so on; the last again and again."""

TRIED_FOR = timedelta(days=1)


@dataclass(slots=True)
class Sent:
    """What one run did: messages that went, messages that did not, and whether all channels had their turn."""

    sent: int = 0
    failed: int = 0
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Leased:
    """A channel that this process alone sends to now, and what it is to be told."""

    channel: AlertChannel
    messages: tuple[AlertMessage, ...]
    until: datetime


def send_due(*, clock: Callable[[], datetime], seconds: float) -> Sent:
    """Send what is due, for at most so many ``seconds``. Any number of processes may do this at once."""
    until = time.monotonic() + seconds
    total = Sent()
    for channel_id in _due_channels(clock()):
        if time.monotonic() >= until:
            total.finished = False
            break
        arrived: bool | None = False
        with outliving(logger, "Alert channel %s could not be told.", channel_id):  # an undecryptable address, say
            arrived = _send(channel_id, clock=clock)
        total.sent += arrived is True
        total.failed += arrived is False
    return total


def _send(channel_id: str, *, clock: Callable[[], datetime]) -> bool | None:
    """Send what a channel is due. Returns whether it arrived; None where there was nothing to send after all."""
    leased = lease(channel_id, now=clock())
    if leased is None:
        return None
    outcome = Outcome("internal")  # a fault of ours is tried less and less often, and given up like any other
    with outliving(logger, "A message to alert channel %s could not be made.", channel_id):
        letter = letter_of(leased.channel.organization, leased.messages)
        outcome = post(leased.channel, letter, name=_name(leased.messages), now=clock())
    record(leased, outcome, now=clock())
    return not outcome.problem


def lease(channel_id: str, *, now: datetime) -> Leased | None:
    """Take a channel with what it is to be told now; None if another has it, or nothing is left to tell.

    Asked once more just before it goes: since it was written down, an alert may have been muted or be over.
    """
    until = now + LEASE
    free = Q(not_before=None) | Q(not_before__lte=now)
    with transaction.atomic():
        if not AlertChannel.objects.filter(free, pk=channel_id).update(not_before=until):
            return None
        channel = AlertChannel.objects.select_related("organization").get(pk=channel_id)
        due = AlertMessage.objects.filter(channel=channel, due_at__lte=now).select_related("alert").order_by("pk")
        messages, overtaken = _sort_out(due, channel, now=now)
        _drop(overtaken)
        if not messages:
            AlertChannel.objects.filter(pk=channel_id).update(not_before=None)
            return None
        AlertMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
            attempts=F("attempts") + 1, problem=UNSURE, due_at=until
        )
    return Leased(channel, tuple(messages), until)


def record(leased: Leased, outcome: Outcome, *, now: datetime) -> None:
    """Write down what came of it, and when it is tried again. That it arrived counts also where the lease had run out."""
    messages = leased.messages
    rows = AlertMessage.objects.filter(pk__in=[message.pk for message in messages], sent_at=None)
    channel = AlertChannel.objects.filter(pk=leased.channel.pk, not_before=leased.until)
    with transaction.atomic():
        if not outcome.problem:
            channel.update(not_before=None, sent_at=now, problem="")
            rows.update(sent_at=now, due_at=None, problem="")
            Alert.objects.filter(pk__in=[message.alert_id for message in messages], told_at=None).update(told_at=now)
            return
        wait = _wait(messages, outcome)
        not_before = None if outcome.lasting else now + wait
        if not channel.update(not_before=not_before, failed_at=now, problem=outcome.problem):
            return
        given_up = [m.pk for m in messages if outcome.lasting or now - m.created_at >= TRIED_FOR]
        rows.filter(pk__in=given_up).update(due_at=None, problem=outcome.problem)
        rows.exclude(pk__in=given_up).update(due_at=now + wait, problem=outcome.problem)


def _due_channels(now: datetime) -> list[str]:
    """Return the channels with something to be told now, those first that have waited longest."""
    free = Q(not_before=None) | Q(not_before__lte=now)
    due = AlertChannel.objects.filter(free, messages__due_at__lte=now).annotate(oldest=Min("messages__due_at"))
    return list(due.order_by("oldest", "pk").values_list("pk", flat=True))


def _sort_out(
    due: Iterable[AlertMessage], channel: AlertChannel, *, now: datetime
) -> tuple[list[AlertMessage], list[AlertMessage]]:
    """Return what is to be told now, and what is not, or not any more."""
    watched = watched_by(channel.organization_id)
    wanted: list[AlertMessage] = []
    overtaken: list[AlertMessage] = []
    for message in due:
        alert = message.alert
        told = alert is not None and wants(channel, alert.rule, watched, now=now)
        if told and alert is not None and message.about != About.CLOSED:
            told = alert.closed_at is None and not is_muted(alert, now=now)
        (wanted if told else overtaken).append(message)
    return wanted, overtaken


def _drop(messages: Sequence[AlertMessage]) -> None:
    """Take back what is not to be told now. What may have arrived stays as a trace, so that the end of it is told."""
    kept = [message.pk for message in messages if may_have_arrived(message)]
    AlertMessage.objects.filter(pk__in=kept).update(due_at=None)
    AlertMessage.objects.filter(pk__in=[message.pk for message in messages if message.pk not in kept]).delete()


def _wait(messages: Sequence[AlertMessage], outcome: Outcome) -> timedelta:
    """Return how long to wait: by the newest message, for what is new is not to wait because something old has failed often."""
    failed = min(message.attempts for message in messages)
    wait = WAITS[min(failed, len(WAITS) - 1)]
    return max(wait, outcome.wait or timedelta())


def _name(messages: Sequence[AlertMessage]) -> str:
    """Return a name that the same messages always have."""
    keys = ",".join(str(key) for key in sorted(message.pk for message in messages))
    return hashlib.sha256(keys.encode()).hexdigest()[:32]
