"""Trying whether a message arrives: a channel with any example, a rule with its own at every channel that would get it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fulfillment.alerts.posting import Outcome, post
from fulfillment.alerts.telling import UNSURE
from fulfillment.alerts.wording import Letter, sample_letter
from fulfillment.models import AlertChannel, AlertMessage
from fulfillment.rules.alerts import RULES, Rule
from portal import audit
from portal.ids import new_ulid
from portal.models import Organization, User


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a rule's example at one channel; no outcome: there was no time left to try."""

    channel: AlertChannel
    outcome: Outcome | None


def send_test(*, channel: AlertChannel, actor: User, clock: Callable[[], datetime]) -> Outcome:
    """Send an example to a channel, whatever it chose and whether it is muted. What waits for it goes once it was reached.

    A call over the network: never inside a transaction.
    """
    rule = next((RULES[key] for key in channel.rules if key in RULES), next(iter(RULES.values())))
    return _try(channel, sample_letter(channel.organization, rule, now=clock()), actor=actor, clock=clock)


def try_rule(
    *, organization: Organization, rule: Rule, actor: User, clock: Callable[[], datetime], seconds: float
) -> list[Tried]:
    """Send a rule's example to the channels that are told of it now, for at most so many ``seconds``, one after the other."""
    until = time.monotonic() + seconds
    letter = sample_letter(organization, rule, now=clock())
    tried = []
    for channel in channels_of(organization, rule, now=clock()):
        left = time.monotonic() < until
        tried.append(Tried(channel, _try(channel, letter, actor=actor, clock=clock) if left else None))
    return tried


def channels_of(organization: Organization, rule: Rule, *, now: datetime) -> list[AlertChannel]:
    """Return the channels that would be told now of what a rule finds, were the rule itself not muted."""
    rows = AlertChannel.objects.filter(organization=organization, enabled=True).exclude(muted_until__gt=now)
    return [
        row for row in rows.select_related("organization").order_by("name") if not row.rules or rule.key in row.rules
    ]


def _try(channel: AlertChannel, letter: Letter, *, actor: User, clock: Callable[[], datetime]) -> Outcome:
    outcome = post(channel, letter, name=new_ulid(), now=clock())
    now = clock()
    with transaction.atomic():
        AlertMessage.objects.create(
            channel=channel,
            about=AlertMessage.About.TEST,
            created_at=now,
            attempts=1,
            sent_at=None if outcome.problem else now,
            problem=outcome.problem,
        )
        row = AlertChannel.objects.filter(pk=channel.pk)
        if outcome.problem:
            row.update(failed_at=now, problem=outcome.problem)
        else:
            row.update(sent_at=now, problem="")
            _wait_no_longer(channel, now=now)
        audit.record(
            actor=actor,
            action=f"sent a test message: {outcome.problem or 'arrived'}",
            obj=channel,
            organization=channel.organization,
            now=now,
        )
    return outcome


def _wait_no_longer(channel: AlertChannel, *, now: datetime) -> None:
    """Have what waits after failures tried at once; not while another process has the channel."""
    waiting = AlertMessage.objects.filter(channel=channel, due_at__gt=now)
    if not waiting.filter(problem=UNSURE).exists():
        AlertChannel.objects.filter(pk=channel.pk).update(not_before=None)
        waiting.update(due_at=now)
