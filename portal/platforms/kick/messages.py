"""Kick's claim webhook (Kick, Drops guide, Fulfillment). Pure."""

from __future__ import annotations

from portal.platforms.messages import ClaimReceived, read_id, read_object, read_optional_id
from portal.platforms.times import parse_time


def parse_claim(body: bytes, *, timestamp: str) -> ClaimReceived:
    """Return the claim that ``body`` reports. Raises ``MessageInvalid``.

    The body holds no time, so the claim's is ``timestamp``, the signed header's. The user id is a uint64 and the rest
    are ULIDs as documented, none of which is relied on.
    """
    message = read_object(body)
    return ClaimReceived(
        platform_claim_id=read_id(message, "claim_id"),
        platform_user_id=read_id(message, "user_id"),
        platform_reward_id=read_id(message, "reward_id"),
        platform_campaign_id=read_id(message, "campaign_id"),
        external_id=read_optional_id(message, "external_id"),
        granted_at=parse_time(timestamp),
    )
