"""Faults that a webhook sent by hand may have, and what a careful receiver answers. No database."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from portal.sandbox.messages import Grant, Message, to_json

SIGNATURE_HEADERS = {
    "kick": "Kick-Event-Signature",
    "twitch": "Twitch-Eventsub-Message-Signature",
}
STALE_BY = timedelta(hours=1)
OVERSIZED_BYTES = 2 * 1024 * 1024
HUGE_USER_ID = str(2**64 - 1)


class Fault(StrEnum):
    """Each fault's name on the command line."""

    BAD_SIGNATURE = "bad-signature"
    TRUNCATED_SIGNATURE = "truncated-signature"
    NO_SIGNATURE = "no-signature"
    CHANGED_BODY = "changed-body"
    REPLAY = "replay"
    STALE = "stale"
    OVERSIZED = "oversized"
    INVALID_JSON = "invalid-json"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    GET = "get"
    UNKNOWN_REWARD = "unknown-reward"
    UNKNOWN_CAMPAIGN = "unknown-campaign"
    UNKNOWN_USER = "unknown-user"
    HUGE_USER_ID = "huge-user-id"
    BATCH = "batch"


_FORGED = "refused with 401 (Kick) or 403 (Twitch), and nothing is stored"
EXPECTED: dict[Fault, str] = {
    Fault.BAD_SIGNATURE: _FORGED,
    Fault.TRUNCATED_SIGNATURE: _FORGED,
    Fault.NO_SIGNATURE: _FORGED,
    Fault.CHANGED_BODY: _FORGED,
    Fault.REPLAY: "both are answered with 2xx, and the claim is there once",
    Fault.STALE: "answered with 2xx: the signature is valid and a claim id counts only once",
    Fault.OVERSIZED: "refused with 413",
    Fault.INVALID_JSON: "refused with 400, and the message is kept, because its signature is valid",
    Fault.WRONG_CONTENT_TYPE: "answered with 2xx or a 4xx that says why, never 500",
    Fault.GET: "refused with 405",
    Fault.UNKNOWN_REWARD: "answered with 2xx, and the claim is quarantined for staff",
    Fault.UNKNOWN_CAMPAIGN: "answered with 2xx, and the claim is quarantined for staff",
    Fault.UNKNOWN_USER: "answered with 2xx, and the claim waits for the viewer to link",
    Fault.HUGE_USER_ID: "answered with 2xx, and the user id is kept in full: " + HUGE_USER_ID,
    Fault.BATCH: "answered with 2xx, and each event is a claim of its own",
}


@dataclass(frozen=True)
class Wire:
    """How to sign: builds a signed message of a body at a time."""

    platform: str
    sign: Callable[[bytes, datetime], Message]


def with_fault(grant: Grant, fault: Fault | None) -> Grant:
    """The claim with the ids that ``fault`` asks for; unchanged for the other faults."""
    if fault is Fault.UNKNOWN_REWARD:
        return replace(grant, reward_id=_like(grant.reward_id), external_id="no-such-item")
    if fault is Fault.UNKNOWN_CAMPAIGN:
        return replace(grant, campaign_id=_like(grant.campaign_id))
    if fault is Fault.UNKNOWN_USER:
        number = str(900_000_000 + secrets.randbelow(90_000_000))
        return replace(
            grant,
            user_id=number,
            user_login=f"stranger{number}",
            user_name=f"Stranger{number}",
        )
    if fault is Fault.HUGE_USER_ID:
        return replace(grant, user_id=HUGE_USER_ID)
    return grant


def _like(known: str) -> str:
    """An id of the same length that is surely another: the last ten characters drawn anew."""
    alphabet = "0123456789abcdef" if "-" in known else "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    while True:
        drawn = known[:-10] + "".join(secrets.choice(alphabet) for _ in range(10))
        if drawn != known:
            return drawn


def requests_for(*, wire: Wire, body: bytes, fault: Fault | None, now: datetime) -> list[Message]:
    """The requests to send, in order, so that ``body`` goes out with ``fault``."""
    if fault is Fault.STALE:
        return [wire.sign(body, now - STALE_BY)]
    if fault is Fault.OVERSIZED:
        content = json.loads(body)
        content["padding"] = "x" * OVERSIZED_BYTES
        return [wire.sign(to_json(content), now)]
    if fault is Fault.INVALID_JSON:
        return [wire.sign(body[:-1], now)]
    message = wire.sign(body, now)
    if fault is Fault.REPLAY:
        return [message, message]
    if fault is Fault.GET:
        return [replace(message, method="GET", body=b"")]
    if fault is Fault.CHANGED_BODY:
        return [replace(message, body=body.replace(b"{", b'{"changed":true,', 1))]
    if fault is Fault.WRONG_CONTENT_TYPE:
        return [message.replace_header("Content-Type", "text/plain")]
    return [_with_broken_signature(message, platform=wire.platform, fault=fault)]


def _with_broken_signature(message: Message, *, platform: str, fault: Fault | None) -> Message:
    name = SIGNATURE_HEADERS[platform]
    signature = message.headers[name]
    if fault is Fault.NO_SIGNATURE:
        return message.replace_header(name, None)
    if fault is Fault.TRUNCATED_SIGNATURE:
        return message.replace_header(name, signature[: len(signature) // 2])
    if fault is Fault.BAD_SIGNATURE:
        forged = "sha256=" + secrets.token_hex(32)
        if platform == "kick":
            forged = base64.b64encode(secrets.token_bytes(256)).decode()
        return message.replace_header(name, forged)
    return message
