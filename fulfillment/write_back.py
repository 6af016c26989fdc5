"""Telling the platforms which claims were delivered (F6): a hundred a call, until each is accepted.

The claim itself is the outbox: the move that delivers it, or finds it a duplicate (R4), sets the time at which it is to be
told; one that takes it out of delivery again clears it. ``write_back_due`` leases what is due, calls outside any transaction
and records what was answered: killed at any moment, the lease runs out and the same is said again, which changes nothing there.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from fulfillment.ledger import PORTAL, Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.codes import BY_CODE, Code
from fulfillment.rules.states import State
from portal import platforms
from portal.calling import call_platform
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.claims_api import CLAIMS_PER_CALL, ClaimsApi, Marked

LEASE = timedelta(minutes=2)
LATER = timedelta(minutes=10)
"""After this time a claim is told again that the platform could not take just now."""

REFUSED_AGAIN = timedelta(days=1)
"""After this time one is told again that the platform refused: somebody may have mended the cause."""

FAILED_CALL_AGAIN = timedelta(minutes=1)
REFUSED_CALL_AGAIN = timedelta(minutes=5)
"""After this time where trying again changes nothing until somebody mends the cause."""

FAILURES_IN_A_RUN = 3
"""After so many failed calls nothing more is told to a platform before the next run: it is busy, or away."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Told:
    """How many claims came to what."""

    accepted: int = 0
    refused: int = 0
    later: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Calls that failed, by credential."""


def write_back_due(*, now: datetime, seconds: float = 20.0) -> Told:
    """Tell the platforms what is due, each organization by its own app; no call is begun after ``seconds``.

    One whose platform does not answer, or does not take the app, keeps no other from its turn: who comes first is chance.
    """
    told, until = Told(), time.monotonic() + seconds
    waiting = list(_with_work(now))
    while waiting and time.monotonic() < until:
        waiting = [
            credential for credential in waiting if time.monotonic() < until and _take_turn(credential, told, now=now)
        ]
    return told


def _with_work(now: datetime) -> Sequence[str]:
    due = Claim.objects.filter(write_back_at__lte=now).order_by().values_list("organization_id", "platform").distinct()
    wanted = set(due)
    credentials = PlatformCredential.objects.filter(
        enabled=True, organization__in={organization for organization, _platform in wanted}
    ).order_by("?")
    return [
        key
        for key, organization, platform in credentials.values_list("pk", "organization", "platform")
        if (organization, platform) in wanted and platforms.get(platform).claims_api is not None
    ]


def _take_turn(credential_id: str, told: Told, *, now: datetime) -> bool:
    """Tell one batch by a credential; return whether to go on with it."""
    try:
        credential = PlatformCredential.objects.filter(pk=credential_id, enabled=True).first()
    except DecryptionFailed:
        log.error("The secrets of credential %s cannot be decrypted: nothing is told by it.", credential_id)
        return False
    return credential is not None and _tell_once(credential, told, now=now)


def _tell_once(credential: PlatformCredential, told: Told, *, now: datetime) -> bool:
    """Tell one batch; return whether to go on with this credential."""
    api = platforms.get(credential.platform).claims_api
    leased = _lease(credential, now=now)
    if api is None or not leased:
        return False
    try:
        answers = _mark_done(api, credential, [*leased], now=now)
    except PlatformError as error:
        log.warning("Credential %s could not tell its platform of deliveries: %s", credential.pk, error)
        again = REFUSED_CALL_AGAIN if error.permanent else FAILED_CALL_AGAIN
        wait = max(error.retry_after or again, timedelta(minutes=1))
        Claim.objects.filter(pk__in=leased.values(), write_back_at=now + LEASE).update(write_back_at=now + wait)
        told.later += len(leased)
        told.failures[credential.pk] += 1
        # A platform that answers may take the next batch; one that does not, or asks for a pause, is left alone.
        is_there = error.status is not None and error.retry_after is None and not error.permanent
        return is_there and told.failures[credential.pk] < FAILURES_IN_A_RUN
    _record(credential, {leased[claim_id]: answer for claim_id, answer in answers.items()}, told, now=now)
    return len(leased) == CLAIMS_PER_CALL


def _lease(credential: PlatformCredential, *, now: datetime) -> dict[str, str]:
    """Take at most a call's worth of claims that are due; return our ids by the platform's."""
    with transaction.atomic():
        rows = dict(
            Claim.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(organization=credential.organization_id, platform=credential.platform, write_back_at__lte=now)
            .order_by("write_back_at")
            .values_list("platform_claim_id", "pk")[:CLAIMS_PER_CALL]
        )
        Claim.objects.filter(pk__in=rows.values()).update(write_back_at=now + LEASE)
    return rows


def _mark_done(
    api: ClaimsApi, credential: PlatformCredential, claim_ids: Sequence[str], *, now: datetime
) -> Mapping[str, tuple[Marked, str]]:
    """Call the platform. Raises ``PlatformError``."""
    base, client_id = credential.api_base, credential.client_id
    return call_platform(
        credential,
        lambda token: api.mark_done(base, client_id=client_id, access_token=token, claim_ids=claim_ids),
        now=now,
    )


def _record(
    credential: PlatformCredential, answers: Mapping[str, tuple[Marked, str]], told: Told, *, now: datetime
) -> None:
    name = platforms.get(credential.platform).name
    with transaction.atomic():
        # Whatever took a claim out of delivery meanwhile has cleared its time: of that one nothing is recorded.
        claims = [claim for claim in lock_claims(answers) if claim.write_back_at is not None]
        accepted = [claim for claim in claims if answers[claim.pk][0] is Marked.ACCEPTED]
        refused = [claim for claim in claims if answers[claim.pk][0] is Marked.REFUSED]
        later = [claim.pk for claim in claims if answers[claim.pk][0] is Marked.LATER]
        delivered = [claim for claim in accepted if claim.state == State.DELIVERED]
        moves = [
            Move(claim, State.CONFIRMED, claim.reason if claim.reason in BY_CODE else Code.CONFIRMED)
            for claim in delivered
        ]
        move_claims(moves, now=now)
        Claim.objects.filter(pk__in=[claim.pk for claim in accepted]).update(
            write_back_at=None, written_back_at=now, write_back_refused=False
        )
        Claim.objects.filter(pk__in=[claim.pk for claim in refused]).update(
            write_back_at=now + REFUSED_AGAIN, write_back_refused=True
        )
        Claim.objects.filter(pk__in=later).update(write_back_at=now + LATER)
        _note(
            [(claim, f"{name} was told of the delivery and answered {answers[claim.pk][1]}.") for claim in refused], now
        )
    told.accepted += len(accepted)
    told.refused += len(refused)
    told.later += len(later)


def _note(refused: Sequence[tuple[Claim, str]], now: datetime) -> None:
    """Write into the histories what a platform refused, once for each answer."""
    known = set(
        ClaimEvent.objects.filter(claim__in=[claim.pk for claim, _words in refused]).values_list("claim_id", "detail")
    )
    ClaimEvent.objects.bulk_create(
        [
            ClaimEvent(
                claim=claim,
                at=now,
                from_state=claim.state,
                to_state=claim.state,
                reason=claim.reason,
                detail=words,
                actor_label=PORTAL,
            )
            for claim, words in refused
            if (claim.pk, words) not in known
        ]
    )
