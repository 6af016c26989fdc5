"""Kick's webhooks: claims (Kick, Drops guide, Fulfillment) and events (Kick, Event Types). Pure.

What a message is, its body tells: the headers that name the type of an event are not signed, and claims have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.platforms.messages import (
    ClaimReceived,
    MessageInvalid,
    StreamChanged,
    read_id,
    read_object,
    read_optional_id,
    read_part,
)
from portal.platforms.times import parse_time


@dataclass(frozen=True, kw_only=True)
class OtherEvent:
    """An event of a type that the portal did not ask for. It is acknowledged and ignored."""


Message = ClaimReceived | StreamChanged | OtherEvent


def parse(body: bytes, *, timestamp: str) -> Message:
    """Return the message that ``body`` is. Raises ``MessageInvalid``.

    Every event of Kick's names a broadcaster, and no claim does; of events only the one about a stream says ``is_live``.
    """
    message = read_object(body)
    if "claim_id" in message or not isinstance(message.get("broadcaster"), dict):
        return _claim(message, timestamp=timestamp)
    return _stream_changed(message) if "is_live" in message else OtherEvent()


def _claim(message: Mapping[str, Any], *, timestamp: str) -> ClaimReceived:
    """Read a claim. The body holds no time, so the claim's is ``timestamp``, the signed header's.

    The user id is a uint64 and the rest are ULIDs as documented, none of which is relied on.
    """
    return ClaimReceived(
        platform_claim_id=read_id(message, "claim_id"),
        platform_user_id=read_id(message, "user_id"),
        platform_reward_id=read_id(message, "reward_id"),
        platform_campaign_id=read_id(message, "campaign_id"),
        external_id=read_optional_id(message, "external_id"),
        granted_at=parse_time(timestamp),
    )


def _stream_changed(message: Mapping[str, Any]) -> StreamChanged:
    """Read ``livestream.status.updated``: ``broadcaster``, ``is_live``, ``title``, ``started_at``, ``ended_at``."""
    live, started_at = message["is_live"], message.get("started_at")
    if not isinstance(live, bool):
        raise MessageInvalid("is_live is not true or false.")
    return StreamChanged(
        platform_channel_id=read_id(read_part(message, "broadcaster"), "user_id", where="broadcaster."),
        live=live,
        started_at=parse_time(started_at) if live and isinstance(started_at, str) else None,
    )
