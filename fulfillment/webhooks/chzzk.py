"""CHZZK's webhook (CHZZK, Webhook Event): viewers who ask for a reward."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from rest_framework import status

from fulfillment.arrivals import Arrival, record_claims
from fulfillment.models import Claim
from fulfillment.webhooks.base import Signed, WebhookView, meta_name
from fulfillment.webhooks.tally import tallies
from portal.models import PlatformCredential
from portal.platforms.chzzk import CHZZK
from portal.platforms.chzzk.messages import parse
from portal.platforms.chzzk.signatures import MESSAGE_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify
from portal.platforms.messages import ClaimReceived


class ChzzkWebhook(WebhookView):
    """Takes one claim a call. One that is known already is answered as success too, and however old it is.

    CHZZK takes any 2xx for success, wants it within seconds, and sends a message again at most three times (1.2). The answer
    delivers nothing: that is told by the API (CHZZK, Drops, 1.1).
    """

    platform = CHZZK.key
    refusal_status = status.HTTP_403_FORBIDDEN

    def signed(self, headers: dict[str, Any]) -> Signed:
        """Return the documented headers."""
        names = (MESSAGE_ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
        message_id, timestamp, signature = (headers.get(meta_name(name), "") for name in names)
        return Signed(message_id=message_id, timestamp=timestamp, signature=signature)

    def verify(self, credential: PlatformCredential, signed: Signed, body: bytes) -> bool:
        """Check against the current secret and the one before."""
        return verify(
            secrets=(credential.webhook_secret, credential.previous_webhook_secret),
            message_id=signed.message_id,
            timestamp=signed.timestamp,
            body=body,
            signature=signed.signature,
        )

    def receive(self, credential: PlatformCredential, signed: Signed, body: bytes, *, now: datetime) -> HttpResponse:
        """Store a claim; anything else is acknowledged and ignored."""
        message = parse(body, timestamp=signed.timestamp)
        if isinstance(message, ClaimReceived):
            record_claims(
                organization_id=credential.organization_id,
                platform=self.platform,
                arrivals=[Arrival(message, body.decode())],
                source=Claim.Source.WEBHOOK.value,
                now=now,
            )
        tallies.count(credential.pk, "accepted" if isinstance(message, ClaimReceived) else "ignored", now=now)
        return HttpResponse(status=status.HTTP_204_NO_CONTENT)
