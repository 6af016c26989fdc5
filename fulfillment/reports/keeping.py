"""Keeping the tokens with which reports are read (L9): validated hourly, renewed before they end, lapsed in words.

``validate_at`` moved forward by compare-and-set is the lease. Only who holds it renews a token, since the old one may be
spent by that; who reads reports has it done here.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fulfillment.models import ReportGrant
from fulfillment.reports.granting import VALIDATED_EVERY, revoke_quietly
from fulfillment.reports.offered import reports_of
from portal import audit
from portal.calling import problem_of
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.registrar import UserToken
from portal.platforms.reports import Reports

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 8.0
"""So long one run begins new calls: the last ones may take 20 seconds more, and a background job has 30."""

LEASE = timedelta(minutes=2)
RENEWED_BEFORE = timedelta(minutes=10)
"""A token is renewed so long before it ends."""

SOONEST = timedelta(minutes=1)
AGAIN_AFTER = timedelta(minutes=5)
AGAIN_AFTER_REFUSAL = timedelta(hours=1)

_TOKENS = ("access_token", "refresh_token")


@dataclass(frozen=True, kw_only=True)
class Held:
    """A grant that this process works on until ``lease_until``, with all that the calls need."""

    credential: PlatformCredential
    reports: Reports
    lease_until: datetime
    expires_at: datetime | None
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


def keep_due(*, clock: Callable[[], datetime], seconds: float = BUDGET_SECONDS) -> Counter[str]:
    """Validate and renew the tokens that are due, for at most so many ``seconds``; return what came of it, by outcome.

    No call is made inside a transaction, and any number of processes may do this at the same time.
    """
    outcomes: Counter[str] = Counter()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = clock()
        pk = _lease(now=now)
        if pk is None:
            break
        held = _held(pk, now + LEASE, now=now)
        if held is not None:
            outcomes[_look_after(held, clock=clock)] += 1
    return outcomes


def validate_soon(grant_id: str, *, now: datetime) -> None:
    """Have a token looked at, because the platform did not take it."""
    ReportGrant.objects.filter(pk=grant_id, lapsed_at=None, validate_at__gt=now + LEASE).update(validate_at=now)


def _lease(*, now: datetime) -> str | None:
    due = ReportGrant.objects.filter(validate_at__lte=now, lapsed_at=None, credential__enabled=True)
    for pk, moment in due.order_by("validate_at", "pk").values_list("pk", "validate_at")[:20]:
        if ReportGrant.objects.filter(pk=pk, validate_at=moment).update(validate_at=now + LEASE):
            return str(pk)
    return None


def _held(pk: str, lease_until: datetime, *, now: datetime) -> Held | None:
    """Return a leased grant with what the calls need; None, and put off, where a secret cannot be decrypted."""
    try:
        row = ReportGrant.objects.select_related("credential__organization").get(pk=pk)
    except ReportGrant.DoesNotExist:
        return None
    except DecryptionFailed:
        logger.error("The token to read reports with credential %s, or its secrets, cannot be decrypted.", pk)
        _update(pk, lease_until, validate_at=now + AGAIN_AFTER_REFUSAL, problem="undecryptable")
        return None
    reports = reports_of(row.credential)
    if reports is None:
        _update(pk, lease_until, validate_at=now + AGAIN_AFTER_REFUSAL, problem="no_api")
        return None
    return Held(
        credential=row.credential,
        reports=reports,
        lease_until=lease_until,
        expires_at=row.expires_at,
        access_token=str(row.access_token),
        refresh_token=str(row.refresh_token),
    )


def _look_after(held: Held, *, clock: Callable[[], datetime]) -> str:
    ends = held.expires_at is not None and held.expires_at <= clock() + RENEWED_BEFORE
    try:
        if ends and held.refresh_token:
            return _renew(held, clock=clock)
        return _validate(held, clock=clock)
    except PlatformError as error:
        wait = AGAIN_AFTER_REFUSAL if error.permanent else error.retry_after or AGAIN_AFTER
        logger.warning("The token to read reports with credential %s: %s", held.credential.pk, error)
        _update(held.credential.pk, held.lease_until, validate_at=clock() + wait, problem=problem_of(error)[:60])
        return "failed"


def _validate(held: Held, *, clock: Callable[[], datetime]) -> str:
    try:
        facts = held.reports.validate(held.credential.sign_in_base, access_token=held.access_token)
    except TokenRefused:
        return _renew(held, clock=clock) if held.refresh_token else _lapse(held, "refused", now=clock())
    if facts.client_id != held.credential.client_id:
        return _lapse(held, "other_app", now=clock())
    if not set(held.reports.scopes) <= set(facts.scopes):
        return _lapse(held, "no_permission", now=clock())
    now = clock()
    expires_at = now + timedelta(seconds=facts.expires_in) if facts.expires_in is not None else held.expires_at
    _update(
        held.credential.pk,
        held.lease_until,
        validated_at=now,
        expires_at=expires_at,
        validate_at=_next(expires_at, now=now),
        problem="",
    )
    return "valid"


def _renew(held: Held, *, clock: Callable[[], datetime]) -> str:
    try:
        token = held.reports.refresh(
            held.credential.sign_in_base,
            client_id=held.credential.client_id,
            client_secret=str(held.credential.client_secret),
            refresh_token=held.refresh_token,
        )
    except TokenRefused:
        return _lapse(held, "refused", now=clock())
    if _keep(held, token, now=clock()):
        return "renewed"
    # Withdrawn, or granted anew, while the call was made: this one is nobody's.
    revoke_quietly(held.reports, held.credential, token.access_token)
    return "too late"


def _keep(held: Held, token: UserToken, *, now: datetime) -> bool:
    """Store new tokens in place of those they were got with, even if the lease ran out: the old ones may be spent."""
    expires_at = now + timedelta(seconds=token.expires_in) if token.expires_in is not None else None
    with transaction.atomic():
        row = ReportGrant.objects.select_for_update().filter(pk=held.credential.pk).first()
        if row is None or row.refresh_token != held.refresh_token:
            return False
        return bool(
            ReportGrant.objects.filter(pk=row.pk).update(
                access_token=token.access_token,
                refresh_token=token.refresh_token,
                expires_at=expires_at,
                validated_at=now,
                validate_at=_next(expires_at, now=now),
                problem="",
            )
        )


def _next(expires_at: datetime | None, *, now: datetime) -> datetime:
    """Return when a token is looked at next: within the hour, and before it ends."""
    hourly = now + VALIDATED_EVERY
    if expires_at is None:
        return hourly
    return max(min(hourly, expires_at - RENEWED_BEFORE), now + SOONEST)


def _lapse(held: Held, problem: str, *, now: datetime) -> str:
    """Note that only a new grant helps, and drop the token that is worth nothing. What was read stays."""
    credential = held.credential
    with transaction.atomic():
        lapsed = _update(
            credential.pk,
            held.lease_until,
            lapsed_at=now,
            problem=problem,
            validate_at=None,
            fetch_at=None,
            **dict.fromkeys(_TOKENS, ""),
        )
        if lapsed:
            audit.record(
                actor=None,
                action="lost the leave to read reports",
                obj=credential,
                organization=credential.organization,
                after={"problem": problem},
                now=now,
            )
    return "lapsed" if lapsed else "too late"


def _update(pk: str, lease_until: datetime, **fields: Any) -> bool:
    """Change a grant, if it is still ours to change."""
    return bool(ReportGrant.objects.filter(pk=pk, validate_at=lease_until).update(**fields))
