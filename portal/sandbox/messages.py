"""Webhook messages as Kick and Twitch make them: built and signed here, sent by ``sending``. No database."""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.signing import kick_signature, twitch_signature

Json = dict[str, Any]
DROP_TYPE = "drop.entitlement.grant"
REVOKE_TYPE = "user.authorization.revoke"


@dataclass(frozen=True)
class Message:
    """One HTTP request about to be sent."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    def replace_header(self, name: str, value: str | None) -> Message:
        """The same message with one header changed, or without it."""
        headers = {key: text for key, text in self.headers.items() if key.lower() != name.lower()}
        if value is not None:
            headers[name] = value
        return dataclasses.replace(self, headers=headers)

    def in_plain_words(self, *, body_limit: int = 4000) -> str:
        """The request as text: line, headers, body (its first ``body_limit`` characters)."""
        text = self.body.decode("utf-8", "replace")
        if len(text) > body_limit:
            text = f"{text[:body_limit]}\n... ({len(self.body)} bytes in all)"
        lines = [
            f"{self.method} {self.url}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\n".join(lines) + "\n\n" + text


@dataclass(frozen=True)
class Grant:
    """What one claim says, whichever platform reports it. ``event_id`` is used by Twitch only."""

    claim_id: str
    user_id: str
    user_login: str
    user_name: str
    campaign_id: str
    reward_id: str
    external_id: str
    category_id: str
    category_name: str
    claimed_at: datetime
    event_id: str = ""


@dataclass(frozen=True)
class Subscription:
    """The Twitch EventSub subscription that notifications belong to.

    One that the app never asked for, but that its webhook URL in the console stands for, has neither condition nor time:
    then each message says what fits it.
    """

    callback: str
    secret: str
    organization_id: str
    client_id: str
    id: str = "b1d7a3a0-5a0c-4f0e-9a53-5d1f3c0e7c11"
    condition: Json | None = None
    created_at: datetime | None = None
    cost: int = 0


def rfc3339(moment: datetime, *, digits: int = 0) -> str:
    """``moment`` in UTC with ``digits`` digits of fraction, as the platforms write times."""
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}000"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def to_json(content: Any) -> bytes:
    """Compact JSON bytes."""
    return json.dumps(content, separators=(",", ":")).encode()


def kick_body(grant: Grant) -> bytes:
    """Kick, Drops guide, Fulfillment: the five fields; ``user_id`` is a uint64, ``external_id`` optional."""
    body: Json = {
        "claim_id": grant.claim_id,
        "user_id": int(grant.user_id),
        "campaign_id": grant.campaign_id,
        "reward_id": grant.reward_id,
    }
    if grant.external_id:
        body["external_id"] = grant.external_id
    return to_json(body)


def kick_message(*, url: str, body: bytes, private_pem: str, message_id: str, sent_at: datetime) -> Message:
    """Kick, Drops guide: exactly three headers of its own, the time in ``Kick-Event-Timestamp``."""
    timestamp = rfc3339(sent_at)
    signature = kick_signature(private_pem=private_pem, message_id=message_id, timestamp=timestamp, body=body)
    headers = {
        "Content-Type": "application/json",
        "Kick-Event-Signature": signature,
        "Kick-Event-Message-ID": message_id,
        "Kick-Event-Timestamp": timestamp,
    }
    return Message(url=url, headers=headers, body=body)


def kick_event_message(
    *,
    url: str,
    body: bytes,
    private_pem: str,
    message_id: str,
    sent_at: datetime,
    subscription_id: str,
    kind: str,
) -> Message:
    """Kick, Webhook Security: the six headers of every event but a Drops claim; the time has another name there."""
    timestamp = rfc3339(sent_at)
    signature = kick_signature(private_pem=private_pem, message_id=message_id, timestamp=timestamp, body=body)
    headers = {
        "Content-Type": "application/json",
        "Kick-Event-Message-Id": message_id,
        "Kick-Event-Subscription-Id": subscription_id,
        "Kick-Event-Signature": signature,
        "Kick-Event-Message-Timestamp": timestamp,
        "Kick-Event-Type": kind,
        "Kick-Event-Version": "1",
    }
    return Message(url=url, headers=headers, body=body)


def twitch_envelope(subscription: Subscription, *, kind: str, status: str, condition: Json, at: datetime) -> Json:
    """Twitch, EventSub: the subscription as every message to it begins. ``condition`` and ``at`` where it has none."""
    return {
        "id": subscription.id,
        "status": status,
        "type": kind,
        "version": "1",
        "cost": subscription.cost,
        "condition": condition if subscription.condition is None else subscription.condition,
        "transport": {"method": "webhook", "callback": subscription.callback},
        "created_at": rfc3339(subscription.created_at or at, digits=9),
    }


def _drop_envelope(subscription: Subscription, *, status: str, grants: Sequence[Grant], at: datetime) -> Json:
    condition = {"organization_id": subscription.organization_id}
    if grants:
        condition |= {
            "category_id": grants[0].category_id,
            "campaign_id": grants[0].campaign_id,
        }
    return twitch_envelope(subscription, kind=DROP_TYPE, status=status, condition=condition, at=at)


def twitch_grant_body(*, subscription: Subscription, grants: Sequence[Grant], sent_at: datetime) -> bytes:
    """Twitch, EventSub reference, ``drop.entitlement.grant``: batched, so the key is ``events``."""
    events = [
        {
            "id": grant.event_id,
            "data": {
                "organization_id": subscription.organization_id,
                "category_id": grant.category_id,
                "category_name": grant.category_name,
                "campaign_id": grant.campaign_id,
                "user_id": grant.user_id,
                "user_name": grant.user_name,
                "user_login": grant.user_login,
                "entitlement_id": grant.claim_id,
                "benefit_id": grant.reward_id,
                "created_at": rfc3339(grant.claimed_at, digits=3),
            },
        }
        for grant in grants
    ]
    envelope = _drop_envelope(subscription, status="enabled", grants=grants, at=sent_at)
    return to_json({"subscription": envelope, "events": events})


def twitch_challenge_body(*, subscription: Subscription, sent_at: datetime, kind: str = DROP_TYPE) -> tuple[bytes, str]:
    """The body of the first message to a new callback, and the text that must come back."""
    challenge = secrets.token_urlsafe(32)
    status = "webhook_callback_verification_pending"
    condition = {"organization_id": subscription.organization_id}
    envelope = twitch_envelope(subscription, kind=kind, status=status, condition=condition, at=sent_at)
    return to_json({"challenge": challenge, "subscription": envelope}), challenge


def twitch_revocation_body(
    *,
    subscription: Subscription,
    sent_at: datetime,
    kind: str = DROP_TYPE,
    status: str = "notification_failures_exceeded",
) -> bytes:
    """Twitch ended the subscription; the reason is its status."""
    condition = {"organization_id": subscription.organization_id}
    envelope = twitch_envelope(subscription, kind=kind, status=status, condition=condition, at=sent_at)
    return to_json({"subscription": envelope})


def twitch_disconnect_body(
    *,
    subscription: Subscription,
    user_id: str,
    user_login: str,
    user_name: str,
    sent_at: datetime,
) -> bytes:
    """EventSub ``user.authorization.revoke``: the user disconnected the studio's app."""
    condition = {"client_id": subscription.client_id}
    user = {"user_id": user_id, "user_login": user_login, "user_name": user_name}
    return twitch_event_body(
        subscription=subscription, kind=REVOKE_TYPE, condition=condition, event=condition | user, sent_at=sent_at
    )


def twitch_event_body(
    *, subscription: Subscription, kind: str, condition: Json, event: Json, sent_at: datetime
) -> bytes:
    """Twitch, EventSub: a notification of one event, as all types but the batched ones have it."""
    envelope = twitch_envelope(subscription, kind=kind, status="enabled", condition=condition, at=sent_at)
    return to_json({"subscription": envelope, "event": event})


def twitch_message(
    *,
    url: str,
    body: bytes,
    secret: str,
    message_id: str,
    sent_at: datetime,
    message_type: str = "notification",
    subscription_type: str = DROP_TYPE,
    retry: int = 0,
) -> Message:
    """Twitch, "Handling Webhook Events": the headers of an EventSub message, signed."""
    timestamp = rfc3339(sent_at, digits=9)
    signature = twitch_signature(secret=secret, message_id=message_id, timestamp=timestamp, body=body)
    headers = {
        "Content-Type": "application/json",
        "Twitch-Eventsub-Message-Id": message_id,
        "Twitch-Eventsub-Message-Retry": str(retry),
        "Twitch-Eventsub-Message-Type": message_type,
        "Twitch-Eventsub-Message-Signature": signature,
        "Twitch-Eventsub-Message-Timestamp": timestamp,
        "Twitch-Eventsub-Subscription-Type": subscription_type,
        "Twitch-Eventsub-Subscription-Version": "1",
    }
    return Message(url=url, headers=headers, body=body)
