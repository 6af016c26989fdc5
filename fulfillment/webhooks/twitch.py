"""Twitch's EventSub webhook (Twitch, EventSub, Handling webhook events) (P3)."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from rest_framework import status

from fulfillment.arrivals import Arrival, record_claims
from fulfillment.models import Claim
from fulfillment.subscribing.watching import note_challenge, note_message
from fulfillment.webhooks.base import Signed, WebhookView, keep_message, meta_name
from fulfillment.webhooks.events import announce
from fulfillment.webhooks.tally import tallies
from portal.models import PlatformCredential
from portal.platforms.messages import StreamChanged, SubscriptionEnded
from portal.platforms.twitch import TWITCH
from portal.platforms.twitch.messages import Challenge, Grants, Message, Revocation, parse
from portal.platforms.twitch.signatures import (
    MESSAGE_ID_HEADER,
    REPLAY_WINDOW,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    age,
    verify,
)

log = logging.getLogger(__name__)

_SIGNATURE = meta_name(SIGNATURE_HEADER)
_MESSAGE_ID = meta_name(MESSAGE_ID_HEADER)
_TIMESTAMP = meta_name(TIMESTAMP_HEADER)


class TwitchWebhook(WebhookView):
    """Takes challenges, notifications and revocations. What a message is, its body tells."""

    platform = TWITCH.key
    refusal_status = status.HTTP_403_FORBIDDEN

    def signed(self, headers: dict[str, Any]) -> Signed:
        """Return the documented headers."""
        return Signed(
            message_id=headers.get(_MESSAGE_ID, ""),
            timestamp=headers.get(_TIMESTAMP, ""),
            signature=headers.get(_SIGNATURE, ""),
        )

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
        """Answer a challenge, enter grants, however old, and hand on the rest unless it is stale."""
        message = parse(body)
        match message:
            case Challenge():
                tallies.count(credential.pk, "challenge", now=now)
                note_challenge(credential, subscription_id=message.subscription.id, now=now)
                return HttpResponse(message.challenge, content_type="text/plain")
            case Grants():
                self._enter(credential, message, signed, body, now)
                note_message(credential, now=now, subscription_id=message.subscription.id)
            case _ if _is_stale(signed, now):
                tallies.count(credential.pk, "stale", now=now)
            case _:
                _hand_on(credential, message, now)
        return HttpResponse(status=status.HTTP_204_NO_CONTENT)

    def _enter(
        self, credential: PlatformCredential, grants: Grants, signed: Signed, body: bytes, now: datetime
    ) -> None:
        texts = _texts(body, grants)
        record_claims(
            organization_id=credential.organization_id,
            platform=self.platform,
            arrivals=[Arrival(claim, texts[claim.platform_claim_id]) for claim in grants.claims],
            source=Claim.Source.WEBHOOK.value,
            now=now,
        )
        if grants.faults:
            # The readable ones are entered, and the message is acknowledged: sent again it would be no better.
            keep_message(credential, signed, body, problem=" ".join(grants.faults), now=now)
        tallies.count(credential.pk, "accepted", now=now)


def _texts(body: bytes, grants: Grants) -> dict[str, str]:
    """Return for each claim the message as if it alone had been in it, so that a batch is not kept once a claim."""
    if len(grants.claims) == 1 and not grants.faults:
        return {grants.claims[0].platform_claim_id: body.decode()}
    message = json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 1000 else digits)
    wanted = {claim.platform_claim_id for claim in grants.claims}
    texts: dict[str, str] = {}
    for event in message["events"]:
        data = event.get("data") if isinstance(event, dict) else None
        claim_id = str(data.get("entitlement_id")) if isinstance(data, dict) else ""
        if claim_id in wanted:
            texts.setdefault(claim_id, json.dumps({**message, "events": [event]}, separators=(",", ":")))
    return texts


def _is_stale(signed: Signed, now: datetime) -> bool:
    sent = age(signed.timestamp, now=now)
    return sent is None or abs(sent) > REPLAY_WINDOW


def _hand_on(credential: PlatformCredential, message: Message, now: datetime) -> None:
    if isinstance(message, Revocation):
        _tell_of_end(credential, message, now)
        return
    heard = announce(credential, message, now=now)
    tallies.count(credential.pk, "handed_on" if heard else "ignored", now=now)
    subscription_id = message.subscription_id if isinstance(message, StreamChanged) else message.subscription.id
    note_message(credential, now=now, subscription_id=subscription_id)


def _tell_of_end(credential: PlatformCredential, message: Revocation, now: datetime) -> None:
    subscription = message.subscription
    log.warning(
        "Twitch has ended the subscription %s of credential %s: %s",
        subscription.type,
        credential.pk,
        subscription.status,
    )
    announce(credential, message, now=now)
    announce(credential, SubscriptionEnded(subscription_id=subscription.id, detail=subscription.status), now=now)
    tallies.count(credential.pk, "revoked", now=now)
