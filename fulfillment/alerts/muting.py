"""Having alerts and channels be quiet for a while, and what follows once a channel was set right."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from fulfillment.alerts.telling import MAY_HAVE_ARRIVED
from fulfillment.models import Alert, AlertChannel, AlertMessage
from portal import audit
from portal.models import User

UNTIL_OVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Stands for no time: the alert is muted until it is over."""


def mute_alert(*, alert: Alert, until: datetime | None, actor: User, now: datetime) -> bool:
    """Have nobody told of an alert before ``until``; None: have them told again. False: it is over, nothing was changed."""
    with transaction.atomic():
        before = Alert.objects.select_for_update().get(pk=alert.pk)
        if before.closed_at is not None:
            return False
        Alert.objects.filter(pk=alert.pk).update(muted_until=until)
        _note(before, "muted alert" if until else "unmuted alert", before.muted_until, until, actor=actor, now=now)
    return True


def mute_channel(*, channel: AlertChannel, until: datetime | None, actor: User, now: datetime) -> None:
    """Have a channel told nothing before ``until``; None: have it told again. What is open then is told then."""
    with transaction.atomic():
        before = AlertChannel.objects.select_for_update().get(pk=channel.pk)
        AlertChannel.objects.filter(pk=channel.pk).update(muted_until=until)
        action = "muted alert channel" if until else "unmuted alert channel"
        _note(before, action, before.muted_until, until, actor=actor, now=now)


def channel_set_right(*, channel: AlertChannel) -> None:
    """Forget what failed at the address that a channel had: what is open and was given up is told at the new one."""
    with transaction.atomic():
        AlertChannel.objects.filter(pk=channel.pk).update(not_before=None, failed_at=None, problem="")
        unsent = AlertMessage.objects.filter(channel=channel, sent_at=None, alert__closed_at=None)
        unsent.exclude(problem__in=MAY_HAVE_ARRIVED).exclude(about=AlertMessage.About.TEST).delete()


def _note(
    obj: Alert | AlertChannel,
    action: str,
    before: datetime | None,
    after: datetime | None,
    *,
    actor: User,
    now: datetime,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=obj,
        organization=obj.organization,
        before={"muted_until": before.isoformat() if before else None},
        after={"muted_until": after.isoformat() if after else None},
        now=now,
    )
