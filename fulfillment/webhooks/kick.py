"""Kick's webhook: claims (Kick, Drops guide, Fulfillment) and events (Kick, Event Types), at one address (P2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from rest_framework import status

from fulfillment.arrivals import Arrival, record_claims
from fulfillment.models import Claim
from fulfillment.subscribing.watching import note_message
from fulfillment.webhooks.base import Signed, WebhookView, meta_name
from fulfillment.webhooks.events import announce
from fulfillment.webhooks.keys import refetch_public_key
from fulfillment.webhooks.tally import tallies
from portal.models import PlatformCredential
from portal.platforms.kick import KICK
from portal.platforms.kick.messages import parse
from portal.platforms.kick.signatures import (
    MESSAGE_ID_HEADER,
    REPLAY_WINDOW,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADERS,
    KeyInvalid,
    load_public_key,
    verify,
)
from portal.platforms.kick.subscriptions import STATUS_UPDATED
from portal.platforms.messages import ClaimReceived, StreamChanged
from portal.platforms.times import parse_time

_SIGNATURE = meta_name(SIGNATURE_HEADER)
_MESSAGE_ID = meta_name(MESSAGE_ID_HEADER)
_TIMESTAMPS = tuple(meta_name(header) for header in TIMESTAMP_HEADERS)


class KickWebhook(WebhookView):
    """Takes one claim or event a call. A claim that is known already is answered as success too, and however old it is."""

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

    def can_judge(self, credential: PlatformCredential) -> bool:
        """Not before a key was fetched."""
        return bool(credential.public_key or credential.previous_public_key)

    def learn(self, credential: PlatformCredential, *, now: datetime) -> bool:
        """Ask Kick for its key, once in 5 minutes."""
        return refetch_public_key(credential=credential, now=now)

    def receive(self, credential: PlatformCredential, signed: Signed, body: bytes, *, now: datetime) -> HttpResponse:
        """Store a claim, hand on what is told of a stream. 200 and nothing else is what Kick takes for success."""
        message = parse(body, timestamp=signed.timestamp)
        match message:
            case ClaimReceived():
                self._enter(credential, message, body, now)
                outcome = "accepted"
            case StreamChanged():
                outcome = self._hand_on(credential, message, signed, now)
            case _:
                outcome = "ignored"
        tallies.count(credential.pk, outcome, now=now)
        return HttpResponse(status=status.HTTP_200_OK)

    def _enter(self, credential: PlatformCredential, claim: ClaimReceived, body: bytes, now: datetime) -> None:
        record_claims(
            organization_id=credential.organization_id,
            platform=self.platform,
            arrivals=[Arrival(claim, body.decode())],
            source=Claim.Source.WEBHOOK.value,
            now=now,
        )

    def _hand_on(self, credential: PlatformCredential, message: StreamChanged, signed: Signed, now: datetime) -> str:
        sent_at = parse_time(signed.timestamp)
        if sent_at is None or abs(now - sent_at) > REPLAY_WINDOW:
            return "stale"  # a stream may have begun or ended since
        heard = announce(credential, message, now=now)
        note_message(credential, now=now, type=STATUS_UPDATED, subject=message.platform_channel_id)
        return "handed_on" if heard else "ignored"
