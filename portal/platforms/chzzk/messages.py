"""CHZZK's webhook: a viewer asks for a reward (CHZZK, Webhook Event, 1.2.2 and 1.3.1). Pure.

Documented are a message with an ``event`` in it, each with a ``version`` (1.2.1, the headers that repeat them), and the data of the
event. How deep these lie, and how the event's type is spelt, could not be read (unverified): a claim is known by its
``claimId``, in the innermost of ``message``, ``event`` and ``data`` that there is. Its fields are taken to be those of the list
(CHZZK, Drops, 1.2), which is the same claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.platforms.messages import ClaimReceived, read_id, read_object, read_optional_id
from portal.platforms.times import parse_time

CLAIM_TYPES = ("drop_reward_claim", "drops_reward_claim")
"""As the section's text and its heading have it."""


@dataclass(frozen=True, kw_only=True)
class OtherEvent:
    """An event of a type that is no claim's. It is acknowledged and ignored."""


def parse(body: bytes, *, timestamp: str) -> ClaimReceived | OtherEvent:
    """Return the message that ``body`` is. Raises ``MessageInvalid``.

    The claim's time is ``claimedDate``; where there is none, ``timestamp``, the signed header's.
    """
    data, kind = _innermost(read_object(body))
    if "claimId" not in data and kind and kind not in CLAIM_TYPES:
        return OtherEvent()
    claimed_at = data.get("claimedDate")
    granted_at = parse_time(claimed_at) if isinstance(claimed_at, str) else None
    return ClaimReceived(
        platform_claim_id=read_id(data, "claimId"),
        platform_user_id=read_id(data, "channelId"),
        platform_reward_id=read_id(data, "rewardId"),
        platform_campaign_id=read_optional_id(data, "campaignId"),
        category_id=read_optional_id(data, "categoryId"),
        granted_at=granted_at or parse_time(timestamp),
    )


def _innermost(message: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    found, kind = message, ""
    for name in ("message", "event", "data"):
        part = found.get(name)
        if isinstance(part, dict):
            found = part
            said = part.get("type")
            kind = said if name == "event" and isinstance(said, str) else kind
    return found, kind
