"""The signature on Twitch's EventSub webhooks (Twitch, EventSub, Handling webhook events). Pure functions (P1, P3).

``sha256=`` and the hexadecimal HMAC-SHA-256 of ``message id, timestamp, body`` without separators, under the secret
that the subscription was made with.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.platforms.shared_secrets import verify
from portal.platforms.times import parse_time

__all__ = [
    "MESSAGE_ID_HEADER",
    "MESSAGE_TYPE_HEADER",
    "REPLAY_WINDOW",
    "SIGNATURE_HEADER",
    "TIMESTAMP_HEADER",
    "age",
    "verify",
]

SIGNATURE_HEADER = "Twitch-Eventsub-Message-Signature"
MESSAGE_ID_HEADER = "Twitch-Eventsub-Message-Id"
TIMESTAMP_HEADER = "Twitch-Eventsub-Message-Timestamp"
MESSAGE_TYPE_HEADER = "Twitch-Eventsub-Message-Type"
"""Not covered by the signature: the body tells what a message is."""

REPLAY_WINDOW = timedelta(minutes=10)
"""An older message counts as stale (P3)."""


def age(timestamp: str, *, now: datetime) -> timedelta | None:
    """Return how old a message is, negative if it is from the future, or None where ``timestamp`` is no time."""
    sent_at = parse_time(timestamp)
    return None if sent_at is None else now - sent_at
