"""Signs as CHZZK does (Webhook Event, 1.2.1 and 1.4): the same HMAC as Twitch's, under headers of its own."""

from __future__ import annotations

from tests.signers.twitch import sign


def headers(
    secret: str,
    body: bytes,
    *,
    message_id: str = "b3c1d6a0-6f0e-4a27-9a52-0d7b8a1f6c11",
    timestamp: str = "2026-11-20T23:08:24Z",
    retry: int = 0,
) -> dict[str, str]:
    """Return all headers of a signed message; ``retry`` is how often it was sent before."""
    return {
        "Content-Type": "application/json",
        "Chzzk-Event-Message-Id": message_id,
        "Chzzk-Event-Message-Timestamp": timestamp,
        "Chzzk-Event-Message-Signature": sign(secret, message_id=message_id, timestamp=timestamp, body=body),
        "Chzzk-Event-Message-Type": "notification",
        "Chzzk-Event-Message-Data-Type": "drop_reward_claim",
        "Chzzk-Event-Message-Version": "1.0",
        "Chzzk-Event-Message-Data-Version": "1.0",
        **({"Chzzk-Event-Message-Retry": str(retry)} if retry else {}),
    }
