"""A claim as CHZZK is taken to post it (CHZZK, Webhook Event, 1.2.2 and 1.3.1; see :mod:`portal.platforms.chzzk.messages`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.platforms.chzzk.messages import CLAIM_TYPES
from portal.platforms.chzzk.signatures import MESSAGE_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from portal.platforms.shared_secrets import sign
from portal.platforms.simulating import SimulatedGrant, SimulatedMessage, compact, written


class ClaimMessages:
    """One claim a message, signed with the credential's webhook secret."""

    signs = True
    batches = False

    def message(
        self, grants: Sequence[SimulatedGrant], *, secret: str, message_id: str, now: datetime
    ) -> SimulatedMessage:
        """Return the message of the one claim."""
        (grant,) = grants
        data = {
            "claimId": grant.claim_id,
            "channelId": grant.user_id,
            "rewardId": grant.reward_id,
            "campaignId": grant.campaign_id,
            "categoryId": grant.category_id,
            "claimedDate": written(grant.granted_at),
        }
        body = compact({"event": {"type": CLAIM_TYPES[0], "version": "1", "data": data}})
        timestamp = written(now)
        headers = {
            MESSAGE_ID_HEADER: message_id,
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign(secret=secret, message_id=message_id, timestamp=timestamp, body=body),
        }
        return SimulatedMessage(headers, body)
