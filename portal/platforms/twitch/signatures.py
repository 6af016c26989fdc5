"""The signature on Twitch's EventSub webhooks (Twitch, EventSub, Handling webhook events). Pure functions (P1, P3).

``sha256=`` and the hexadecimal HMAC-SHA-256 of ``message id, timestamp, body`` without separators, under the secret
that the subscription was made with.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from portal.platforms.times import parse_time

SIGNATURE_HEADER = "Twitch-Eventsub-Message-Signature"
MESSAGE_ID_HEADER = "Twitch-Eventsub-Message-Id"
TIMESTAMP_HEADER = "Twitch-Eventsub-Message-Timestamp"
MESSAGE_TYPE_HEADER = "Twitch-Eventsub-Message-Type"
"""Not covered by the signature: the body tells what a message is."""

REPLAY_WINDOW = timedelta(minutes=10)
"""An older message counts as stale (P3)."""


def verify(*, secrets: Sequence[str], message_id: str, timestamp: str, body: bytes, signature: str) -> bool:
    """Tell whether this message was signed with one of ``secrets``, in constant time. Never raises.

    An empty secret verifies nothing: anybody could sign with it.
    """
    try:
        given = signature.encode("ascii")
        signed = message_id.encode("latin-1") + timestamp.encode("latin-1") + body
    except UnicodeEncodeError:
        return False
    verified = False
    for secret in secrets:
        if secret:
            digest = hmac.new(secret.encode("utf-8", "surrogatepass"), signed, hashlib.sha256).hexdigest()
            verified |= hmac.compare_digest(b"sha256=" + digest.encode(), given)
    return verified


def age(timestamp: str, *, now: datetime) -> timedelta | None:
    """Return how old a message is, negative if it is from the future, or None where ``timestamp`` is no time."""
    sent_at = parse_time(timestamp)
    return None if sent_at is None else now - sent_at
