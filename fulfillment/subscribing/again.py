"""What people do about a subscription: have it looked at, or made anew, at once (S5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.tasks import keep_soon
from portal import audit
from portal.models import User

ANOTHER = "another"
"""Stands for a digest where a person wants a subscription made anew: nothing is made with that."""


def look_now(*, row: PlatformSubscription, actor: User, now: datetime) -> bool:
    """Have a subscription compared with the platform's list now, whatever it waits for; return whether it is kept."""
    return _do(row, "looked at event subscription", actor, now, due_at=now)


def make_anew(*, row: PlatformSubscription, actor: User, now: datetime) -> bool:
    """Have a subscription ended at the platform and made anew now; return whether it is still wanted."""
    return _do(row, "had event subscription made anew", actor, now, due_at=now, attempts=0, callback_digest=ANOTHER)


def _do(row: PlatformSubscription, action: str, actor: User, now: datetime, **changes: Any) -> bool:
    with transaction.atomic():
        if not PlatformSubscription.objects.filter(pk=row.pk, wanted=True).update(**changes):
            return False
        organization = row.credential.organization
        audit.record(actor=actor, action=action, obj=row, organization=organization, now=now)
        keep_soon()
    return True
