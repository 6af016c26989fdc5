"""What owners do about any address that the portal sends signed messages to: its secrets, probing and resuming it."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from fulfillment.delivery.attempts import bring_forward
from fulfillment.delivery.doors import R, breaker_columns
from fulfillment.delivery.sending import Lane, Leased, Result, send
from fulfillment.message import SECRET_PREFIX, new_signing_secret
from fulfillment.rules.breaker import CLOSED
from fulfillment.wake import announce_work
from portal import audit
from portal.models import Organization, User

SAMPLE_LEASE = timedelta(seconds=60)
_SECRET_BYTES = range(24, 65)  # Standard Webhooks, Signature scheme: 24 to 64 bytes


def is_signing_secret(text: str) -> bool:
    """Say whether this is a secret in the form of Standard Webhooks: ``whsec_`` and 24 to 64 bytes as base64."""
    if not text.startswith(SECRET_PREFIX):
        return False
    try:
        return len(base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)) in _SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def rotate_secret_of(receiver: R, *, organization: Organization, actor: User, now: datetime) -> str:
    """Give a receiver a new signing secret and return it. The one before signs too, until it is forgotten."""
    secret = new_signing_secret()
    with transaction.atomic():
        row = type(receiver)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=receiver.pk)
        row.previous_secret, row.secret = row.secret, secret
        row.save(update_fields=["secret", "previous_secret"])
        note(receiver, "replaced signing secret", organization=organization, actor=actor, now=now)
    return secret


def forget_previous_secret_of(receiver: R, *, organization: Organization, actor: User, now: datetime) -> None:
    """Sign with the present secret alone from now on."""
    with transaction.atomic():
        type(receiver)._default_manager.filter(pk=receiver.pk).update(previous_secret="")
        note(receiver, "forgot previous signing secret", organization=organization, actor=actor, now=now)


def probe(receiver: R, *, organization: Organization, actor: User, now: datetime) -> bool:
    """Have a paused receiver tried at once with one message. Returns whether it was paused."""
    with transaction.atomic():
        rows = type(receiver)._default_manager.filter(pk=receiver.pk, opened_at__isnull=False)
        paused = rows.update(probe_at=now)
        if paused:
            announce_work()
            note(receiver, "asked for a probe", organization=organization, actor=actor, now=now)
    return bool(paused)


def resume(receiver: R, *, waiting: QuerySet[Any], organization: Organization, actor: User, now: datetime) -> bool:
    """Let a paused receiver work again without a probe; what is ``waiting`` goes out within seconds. Returns whether it was."""
    with transaction.atomic():
        rows = type(receiver)._default_manager.filter(pk=receiver.pk, opened_at__isnull=False)
        paused = rows.update(**breaker_columns(CLOSED))
        if paused:
            bring_forward(waiting, now=now, random=random.random)
            announce_work()
            note(receiver, "resumed", organization=organization, actor=actor, now=now)
    return bool(paused)


def send_made_up(
    receiver: R, *, lane: Lane, message_id: str, body: str, now: datetime, clock: Callable[[], datetime]
) -> Result:
    """Send a signed message of made-up things the way real ones go. A call over the network: never inside a transaction."""
    return send(
        Leased(
            lane=lane,
            row=message_id,
            message_id=message_id,
            receiver_id=receiver.pk,
            url=receiver.url,
            concurrency=1,
            secrets=tuple(filter(None, (receiver.secret, receiver.previous_secret))) or ("",),
            body=body,
            attempt=1,
            probe=False,
            lease_ends_at=now + SAMPLE_LEASE,
        ),
        clock=clock,
    )


def note(receiver: R, action: str, *, organization: Organization, actor: User, now: datetime) -> None:
    """Write into the audit trail what was done about a receiver."""
    audit.record(actor=actor, action=action, obj=receiver, organization=organization, now=now)
