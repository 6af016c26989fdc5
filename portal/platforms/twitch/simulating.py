"""``drop.entitlement.grant`` as Twitch sends it (Twitch, EventSub reference; Handling webhook events)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.platforms.shared_secrets import sign
from portal.platforms.simulating import SimulatedGrant, SimulatedMessage, compact, written
from portal.platforms.twitch.messages import GRANT
from portal.platforms.twitch.signatures import (
    MESSAGE_ID_HEADER,
    MESSAGE_TYPE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
)


class GrantMessages:
    """Batched, signed with the secret that the subscription was made with."""

    signs = True
    batches = True

    def message(
        self, grants: Sequence[SimulatedGrant], *, secret: str, message_id: str, now: datetime
    ) -> SimulatedMessage:
        """Return one notification with an event for each claim."""
        first = grants[0]
        condition = {"organization_id": first.organization_id, "campaign_id": first.campaign_id}
        subscription = {
            "id": message_id,
            "status": "enabled",
            "type": GRANT,
            "version": "1",
            "cost": 0,
            "condition": condition,
            "transport": {"method": "webhook"},
            "created_at": written(now, digits=9),
        }
        body = compact({"subscription": subscription, "events": [_event(grant) for grant in grants]})
        timestamp = written(now, digits=9)
        headers = {
            MESSAGE_ID_HEADER: message_id,
            TIMESTAMP_HEADER: timestamp,
            MESSAGE_TYPE_HEADER: "notification",
            SIGNATURE_HEADER: sign(secret=secret, message_id=message_id, timestamp=timestamp, body=body),
        }
        return SimulatedMessage(headers, body)


def _event(grant: SimulatedGrant) -> dict[str, object]:
    return {
        "id": grant.claim_id,
        "data": {
            "organization_id": grant.organization_id,
            "category_id": grant.category_id,
            "campaign_id": grant.campaign_id,
            "user_id": grant.user_id,
            "user_name": grant.user_name,
            "user_login": grant.user_name.lower(),
            "entitlement_id": grant.claim_id,
            "benefit_id": grant.reward_id,
            "created_at": written(grant.granted_at, digits=3),
        },
    }
