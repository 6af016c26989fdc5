"""Signs as Twitch does, with the HMAC worked out by hand (RFC 2104)."""

from __future__ import annotations

import hashlib

BLOCK = 64


def sign(secret: str, *, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature header for a message."""
    key = secret.encode()
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + message_id.encode() + timestamp.encode() + body).digest()
    return "sha256=" + hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()


def headers(
    secret: str,
    body: bytes,
    *,
    message_id: str = "e76c6bd4-55c9-4987-8304-da1588d8988b",
    timestamp: str = "2026-11-20T23:08:24.911443523Z",
    message_type: str = "notification",
    subscription_type: str = "drop.entitlement.grant",
) -> dict[str, str]:
    """Return all headers of a signed EventSub message."""
    return {
        "Content-Type": "application/json",
        "Twitch-Eventsub-Message-Id": message_id,
        "Twitch-Eventsub-Message-Retry": "0",
        "Twitch-Eventsub-Message-Type": message_type,
        "Twitch-Eventsub-Message-Timestamp": timestamp,
        "Twitch-Eventsub-Message-Signature": sign(secret, message_id=message_id, timestamp=timestamp, body=body),
        "Twitch-Eventsub-Subscription-Type": subscription_type,
        "Twitch-Eventsub-Subscription-Version": "1",
    }
