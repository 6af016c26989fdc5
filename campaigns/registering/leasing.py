"""Taking registrations that are due, so that no other process works on them, and writing down what became of them.

``due_at`` is moved forward by compare-and-set: that is the lease. What is recorded later is recorded only if nobody has
moved it since; a process that was killed between call and record leaves a lease that runs out, and every call is safe to
make again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from campaigns.hooks import call_consent_gone
from campaigns.models import RegisteredIdentifier
from campaigns.registering.calls import Leased, Result
from campaigns.registering.wanting import blank
from campaigns.rules.registering import Change, Facts, State, after, next_step
from portal import platforms
from portal.encryption import DecryptionFailed

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than any chain of calls can take."""

UNDECRYPTABLE = "undecryptable"
UNREADABLE_FOR = timedelta(hours=1)


def due(*, now: datetime) -> QuerySet[RegisteredIdentifier]:
    """Return what is due: under a credential that is switched off only what is to be removed."""
    return RegisteredIdentifier.objects.filter(
        Q(credential__enabled=True) | Q(state=RegisteredIdentifier.State.UNWANTED), due_at__lte=now
    )


def credentials_with_work(*, now: datetime) -> list[str]:
    """Return the credentials under which something is due, in key order."""
    return sorted(set(due(now=now).values_list("credential_id", flat=True)))


def lease_due(*, credential_id: str, limit: int, now: datetime) -> list[Leased]:
    """Take at most ``limit`` registrations of a credential that are due: links before upkeep, fresh before failed ones."""
    upkeep = Q(state=RegisteredIdentifier.State.REGISTERED)
    rows = due(now=now).filter(credential=credential_id)
    order = ("attempts", "due_at", "pk")
    found = list(rows.exclude(upkeep).order_by(*order).values_list("pk", "due_at")[:limit])
    if len(found) < limit:
        found += list(rows.filter(upkeep).order_by(*order).values_list("pk", "due_at")[: limit - len(found)])
    if not found:  # asked outside a transaction: looking writes nothing
        return []
    until = now + LEASE
    with transaction.atomic():
        mine = [
            pk
            for pk, moment in sorted(found)
            if RegisteredIdentifier.objects.filter(pk=pk, due_at=moment).update(due_at=until)
        ]
    leased = [_read(pk, until, now=now) for pk in mine]
    return [one for one in leased if one is not None]


def put_off(*, credential_id: str, until: datetime, now: datetime) -> int:
    """Leave all that is due under a credential alone until a time: its platform asked for a pause. Returns how many."""
    return due(now=now).filter(credential=credential_id).update(due_at=until)


def record(leased: Leased, result: Result, *, now: datetime, random: Callable[[], float]) -> bool:
    """Write down how a leased registration's step went; return whether it was still ours to write.

    New tokens are kept even if it was not: the old ones may be spent.
    """
    change = after(
        leased.facts,
        leased.step,
        result.outcome,
        now=now,
        random=random,
        permanent=result.permanent,
        retry_after=result.retry_after,
    )
    with transaction.atomic():
        if result.token is not None:
            _keep_token(leased, result, now=now)
        rows = RegisteredIdentifier.objects.filter(pk=leased.pk, due_at=leased.lease_until)
        recorded = bool(rows.update(**_fields(change, result, now=now)))
        if recorded and change.state is State.LAPSED:
            call_consent_gone(leased.identifier, now)
    return recorded


def _fields(change: Change, result: Result, *, now: datetime) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "state": change.state.value,
        "due_at": change.due_at,
        "attempts": change.attempts,
        "last_error": result.problem,
    }
    if change.registered:
        fields["registered_at"] = now
    if change.validated:
        fields["validated_at"] = now
    if change.checked:
        fields["checked_at"] = now
    if change.token_dead:
        fields["token_expires_at"] = now
    elif result.token_facts is not None and result.token_facts.expires_in is not None:
        fields["token_expires_at"] = now + timedelta(seconds=result.token_facts.expires_in)
    if change.drop_tokens:
        fields |= blank()
    return fields


def _keep_token(leased: Leased, result: Result, *, now: datetime) -> None:
    """Store new tokens in place of those they were got with; a viewer who signed in again meanwhile has newer ones."""
    token = result.token
    row = RegisteredIdentifier.objects.select_for_update().filter(pk=leased.pk).first()
    if token is None or row is None or row.refresh_token != leased.refresh_token:
        return
    RegisteredIdentifier.objects.filter(pk=leased.pk).update(
        access_token=token.access_token,
        refresh_token=token.refresh_token,
        token_expires_at=now + timedelta(seconds=token.expires_in) if token.expires_in is not None else None,
        validated_at=now,
    )


def _read(pk: int, until: datetime, *, now: datetime) -> Leased | None:
    """Return a leased row with what the calls need; None, and the row put off, where a secret cannot be decrypted."""
    try:
        row = RegisteredIdentifier.objects.select_related("credential").get(pk=pk)
    except DecryptionFailed:
        _leave_unreadable(pk, until, now=now)
        return None
    except RegisteredIdentifier.DoesNotExist:
        return None
    credential = row.credential
    facts = Facts(
        state=State(row.state),
        has_access=bool(row.access_token),
        has_refresh=bool(row.refresh_token),
        expires_at=row.token_expires_at,
        validated_at=row.validated_at,
        checked_at=row.checked_at,
        attempts=row.attempts,
    )
    known = platforms.is_known(credential.platform)
    return Leased(
        pk=pk,
        lease_until=until,
        step=next_step(facts, now=now),
        facts=facts,
        registrar=platforms.get(credential.platform).registrar if known else None,
        credential_id=credential.pk,
        identifier=row.viewer_id,
        api_base=credential.api_base,
        id_base=credential.sign_in_base,
        client_id=credential.client_id,
        client_secret=str(credential.client_secret),
        access_token=str(row.access_token),
        refresh_token=str(row.refresh_token),
    )


def _leave_unreadable(pk: int, until: datetime, *, now: datetime) -> None:
    """Put off what cannot be decrypted: the key that is missing may be set again, so nothing is thrown away."""
    logger.error("The tokens of registered identifier %s, or its credential's secrets, cannot be decrypted.", pk)
    RegisteredIdentifier.objects.filter(pk=pk, due_at=until).update(
        due_at=now + UNREADABLE_FOR, attempts=F("attempts") + 1, last_error=UNDECRYPTABLE
    )
