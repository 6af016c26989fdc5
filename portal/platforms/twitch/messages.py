"""Twitch's EventSub webhooks (Twitch, EventSub reference: ``drop.entitlement.grant`` and others). Pure (P3).

What a message is, its body tells: the header that names the type is not signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.platforms.messages import (
    ClaimReceived,
    Digits,
    MessageInvalid,
    StreamChanged,
    is_storable,
    read_id,
    read_name,
    read_object,
    read_optional_id,
    read_part,
)
from portal.platforms.times import parse_time

GRANT = "drop.entitlement.grant"
STREAM_ONLINE = "stream.online"
STREAM_OFFLINE = "stream.offline"
AUTHORIZATION_REVOKED = "user.authorization.revoke"

MAXIMUM_CHALLENGE_LENGTH = 1000


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """The EventSub subscription that a message belongs to. ``status`` holds the reason of a revocation."""

    id: str
    type: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """Twitch asks whether this address is ours: the answer's body is ``challenge`` and nothing else."""

    subscription: Subscription
    challenge: str


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """Twitch has ended a subscription, for the reason in ``subscription.status``."""

    subscription: Subscription


@dataclass(frozen=True, kw_only=True)
class Grants:
    """A batch of claims, each once. ``faults`` says of the events that could not be read what is wrong with them."""

    subscription: Subscription
    claims: tuple[ClaimReceived, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AuthorizationRevoked:
    """A user took the authorization from the app ``client_id``: for Twitch the accounts are no longer linked (L8)."""

    subscription: Subscription
    client_id: str
    platform_user_id: str


@dataclass(frozen=True, kw_only=True)
class OtherNotification:
    """A notification of a type that the portal did not ask for. It is acknowledged and ignored."""

    subscription: Subscription


Message = Challenge | Revocation | Grants | StreamChanged | AuthorizationRevoked | OtherNotification


def parse(body: bytes) -> Message:
    """Return the message that ``body`` is. Raises ``MessageInvalid``."""
    message = read_object(body)
    part = read_part(message, "subscription")
    subscription = Subscription(
        id=read_optional_id(part, "id", where="subscription."),
        type=read_id(part, "type", where="subscription."),
        status=read_optional_id(part, "status", where="subscription."),
    )
    if "challenge" in message:
        return Challenge(subscription=subscription, challenge=_challenge(message))
    if "events" not in message and "event" not in message:
        if subscription.status == "enabled":
            raise MessageInvalid("events is missing.")
        return Revocation(subscription=subscription)
    reader = _READERS.get(subscription.type)
    return reader(message, subscription) if reader else OtherNotification(subscription=subscription)


def _challenge(message: Mapping[str, Any]) -> str:
    challenge = message["challenge"]
    if not isinstance(challenge, str) or isinstance(challenge, Digits) or not challenge:
        raise MessageInvalid("challenge is not a text.")
    if len(challenge) > MAXIMUM_CHALLENGE_LENGTH or not is_storable(challenge):
        raise MessageInvalid("challenge is too long or holds characters that cannot be sent.")
    return str(challenge)


def _grants(message: Mapping[str, Any], subscription: Subscription) -> Grants:
    events = message.get("events")
    if not isinstance(events, list):
        raise MessageInvalid("events is not a list.")
    claims: dict[str, ClaimReceived] = {}
    faults: list[str] = []
    for position, event in enumerate(events):
        try:
            claim = _claim(event, where=f"events[{position}]")
        except MessageInvalid as error:
            faults.append(str(error))
        else:
            claims.setdefault(claim.platform_claim_id, claim)
    if faults and not claims:
        raise MessageInvalid(faults[0])
    return Grants(subscription=subscription, claims=tuple(claims.values()), faults=tuple(faults))


def _claim(event: object, *, where: str) -> ClaimReceived:
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict):
        raise MessageInvalid(f"{where}.data is missing or not an object.")
    prefix = f"{where}.data."
    created_at = data.get("created_at")
    return ClaimReceived(
        platform_claim_id=read_id(data, "entitlement_id", where=prefix),
        platform_user_id=read_id(data, "user_id", where=prefix),
        platform_user_name=read_name(data, "user_name", "user_login"),
        platform_reward_id=read_id(data, "benefit_id", where=prefix),
        platform_campaign_id=read_optional_id(data, "campaign_id", where=prefix),
        category_id=read_optional_id(data, "category_id", where=prefix),
        organization_id=read_optional_id(data, "organization_id", where=prefix),
        granted_at=parse_time(created_at) if isinstance(created_at, str) else None,
    )


def _stream_changed(message: Mapping[str, Any], subscription: Subscription) -> StreamChanged:
    event = read_part(message, "event")
    started_at = event.get("started_at")
    live = subscription.type == STREAM_ONLINE
    return StreamChanged(
        subscription_id=subscription.id,
        platform_channel_id=read_id(event, "broadcaster_user_id", where="event."),
        live=live,
        started_at=parse_time(started_at) if live and isinstance(started_at, str) else None,
    )


def _authorization_revoked(message: Mapping[str, Any], subscription: Subscription) -> AuthorizationRevoked:
    event = read_part(message, "event")
    return AuthorizationRevoked(
        subscription=subscription,
        client_id=read_id(event, "client_id", where="event."),
        platform_user_id=read_id(event, "user_id", where="event."),
    )


_READERS: dict[str, Callable[[Mapping[str, Any], Subscription], Message]] = {
    GRANT: _grants,
    STREAM_ONLINE: _stream_changed,
    STREAM_OFFLINE: _stream_changed,
    AUTHORIZATION_REVOKED: _authorization_revoked,
}
