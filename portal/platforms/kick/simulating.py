"""A claim as Kick posts it (Kick, Drops guide, Fulfillment). Kick alone can sign it: its key is not the organization's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.platforms.kick.signatures import MESSAGE_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADERS
from portal.platforms.simulating import SimulatedGrant, SimulatedMessage, compact, written


class ClaimMessages:
    """One claim a message. The body holds no time: the header's is the claim's."""

    signs = False
    batches = False

    def message(
        self, grants: Sequence[SimulatedGrant], *, secret: str, message_id: str, now: datetime
    ) -> SimulatedMessage:
        """Return the message of the one claim, with a signature that fits nothing."""
        (grant,) = grants
        body: dict[str, object] = {
            "claim_id": grant.claim_id,
            "user_id": int(grant.user_id) if grant.user_id.isdigit() else grant.user_id,
            "campaign_id": grant.campaign_id,
            "reward_id": grant.reward_id,
        }
        if grant.external_id:
            body["external_id"] = grant.external_id
        headers = {
            MESSAGE_ID_HEADER: message_id,
            TIMESTAMP_HEADERS[0]: written(grant.granted_at),
            SIGNATURE_HEADER: "bm90IEtpY2s=",
        }
        return SimulatedMessage(headers, compact(body))
