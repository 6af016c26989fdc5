"""The signature on CHZZK's webhooks (CHZZK, Webhook Event, 1.2.1 and 1.4). Pure (P1).

``sha256=`` and the hexadecimal HMAC-SHA-256 of ``message id, timestamp, body`` without separators. The section on it could be
read only as others retell it (the notes on endpoints of chzzk-open-sdk, part 8); whose secret it is they do not say.
"""

from __future__ import annotations

from portal.platforms.shared_secrets import verify

__all__ = ["MESSAGE_ID_HEADER", "SIGNATURE_HEADER", "TIMESTAMP_HEADER", "verify"]

SIGNATURE_HEADER = "Chzzk-Event-Message-Signature"
MESSAGE_ID_HEADER = "Chzzk-Event-Message-Id"
TIMESTAMP_HEADER = "Chzzk-Event-Message-Timestamp"
