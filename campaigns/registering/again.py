"""Trying failed registrations again at once, because somebody has mended the cause (S5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from campaigns.models import RegisteredIdentifier
from campaigns.registering.wanting import start_soon
from portal import audit
from portal.models import Organization, User


def failed(organization: Organization) -> QuerySet[RegisteredIdentifier]:
    """Return an organization's registrations that failed and wait to be tried again."""
    return RegisteredIdentifier.objects.filter(
        credential__organization=organization, attempts__gt=0, due_at__isnull=False
    )


def try_one_again(*, row: RegisteredIdentifier, actor: User, now: datetime) -> bool:
    """Have a failed registration tried now; return whether it was waiting for that."""
    organization = row.credential.organization
    with transaction.atomic():
        if not failed(organization).filter(pk=row.pk).update(due_at=now):
            return False
        audit.record(actor=actor, action="tried again", obj=row, organization=organization, now=now)
        transaction.on_commit(start_soon, robust=True)
    return True


def try_all_again(*, organization: Organization, actor: User, now: datetime) -> int:
    """Have all of an organization's failed registrations tried now; return how many there are."""
    with transaction.atomic():
        count = failed(organization).update(due_at=now)
        if count:
            audit.record(
                actor=actor,
                action="tried registrations again",
                obj=organization,
                organization=organization,
                after={"registrations": count},
                now=now,
            )
            transaction.on_commit(start_soon, robust=True)
    return count
