"""Kick's claim webhook (Kick, Drops guide, Fulfillment) (P2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from rest_framework import status

from fulfillment.arrivals import Arrival, record_claims
from fulfillment.models import Claim
from fulfillment.webhooks.base import Signed, WebhookView, meta_name
from fulfillment.webhooks.keys import refetch_public_key
from fulfillment.webhooks.tally import tallies
from portal.models import PlatformCredential
from portal.platforms.kick import KICK
from portal.platforms.kick.messages import parse_claim
from portal.platforms.kick.signatures import (
    MESSAGE_ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADERS,
    KeyInvalid,
    load_public_key,
    verify,
)

_SIGNATURE = meta_name(SIGNATURE_HEADER)
_MESSAGE_ID = meta_name(MESSAGE_ID_HEADER)
_TIMESTAMPS = tuple(meta_name(header) for header in TIMESTAMP_HEADERS)


class KickWebhook(WebhookView):
    """Takes one claim a call. A claim that is known already is answered as success too, and however old it is."""

    platform = KICK.key
    refusal_status = status.HTTP_401_UNAUTHORIZED

    def signed(self, headers: dict[str, Any]) -> Signed:
        """Return the documented headers; of the two names for the time the first that is there."""
        return Signed(
            message_id=headers.get(_MESSAGE_ID, ""),
            timestamp=next((headers[name] for name in _TIMESTAMPS if name in headers), ""),
            signature=headers.get(_SIGNATURE, ""),
        )

    def verify(self, credential: PlatformCredential, signed: Signed, body: bytes) -> bool:
        """Check against the current key and the one before."""
        keys = []
        for pem in (credential.public_key, credential.previous_public_key):
            if pem:
                try:
                    keys.append(load_public_key(pem))
                except KeyInvalid:
                    continue
        return verify(
            public_keys=keys,
            message_id=signed.message_id,
            timestamp=signed.timestamp,
            body=body,
            signature=signed.signature,
        )

    def learn(self, credential: PlatformCredential, *, now: datetime) -> bool:
        """Ask Kick for its key, once in 5 minutes."""
        return refetch_public_key(credential=credential, now=now)

    def receive(self, credential: PlatformCredential, signed: Signed, body: bytes, *, now: datetime) -> HttpResponse:
        """Store the claim. 200 and nothing else is what Kick takes for success."""
        claim = parse_claim(body, timestamp=signed.timestamp)
        record_claims(
            organization_id=credential.organization_id,
            platform=self.platform,
            arrivals=[Arrival(claim, body.decode())],
            source=Claim.Source.WEBHOOK.value,
            now=now,
        )
        tallies.count(credential.pk, "accepted", now=now)
        return HttpResponse(status=status.HTTP_200_OK)
