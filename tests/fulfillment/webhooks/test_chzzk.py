"""CHZZK's webhook (P1): the contract, the kept message, other events."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import time_machine

from fulfillment.models import Claim
from portal.models import PlatformCredential
from tests import factories as make
from tests import payloads
from tests.fulfillment.webhooks.contract import SENT_AT, SignedWebhookContract
from tests.signers import chzzk

SECRET, NEW_SECRET = "chzzk-secret-0123456789", "chzzk-secret-9876543210"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class TestChzzkWebhook(SignedWebhookContract):
    platform = "chzzk"
    refusal = 403
    accepted = 204
    signature_header = "Chzzk-Event-Message-Signature"
    signed_headers = (
        "Chzzk-Event-Message-Signature",
        "Chzzk-Event-Message-Id",
        "Chzzk-Event-Message-Timestamp",
    )

    def make_credential(self, organization: Any, **fields: Any) -> PlatformCredential:
        return make.make_credential(organization, "chzzk", **{"webhook_secret": SECRET, **fields})

    def body(self, *, extra: Any = None, **ids: Any) -> bytes:
        values = {"claim_id": "c-1", "user_id": "2001", "campaign_id": "k-1", "reward_id": "r-1", **ids}
        names = {"claim_id": "claimId", "user_id": "channelId", "campaign_id": "campaignId", "reward_id": "rewardId"}
        data = {names[name]: value for name, value in values.items()}
        event = {"version": "1.0", "type": "drop_reward_claim", "data": data}
        message = {"version": "1.0", "event": event, **({} if extra is None else {"extra": extra})}
        return json.dumps(message).encode()

    def sign(self, body: bytes, *, sent_at: datetime = SENT_AT, message_id: str = "message-1") -> dict[str, str]:
        return chzzk.headers(SECRET, body, message_id=message_id, timestamp=stamp(sent_at))

    def sign_with_new_key(self, body: bytes) -> dict[str, str]:
        return chzzk.headers(NEW_SECRET, body, timestamp=stamp(SENT_AT))

    def rotate(self, credential: PlatformCredential) -> None:
        credential.webhook_secret, credential.previous_webhook_secret = NEW_SECRET, credential.webhook_secret
        credential.save(update_fields=["webhook_secret", "previous_webhook_secret"])

    def test_the_kept_message_is_accepted(self) -> None:
        kept = payloads.chzzk_claim()
        self.credential = self.make_credential(make.make_organization(), webhook_secret=payloads.SECRET)
        with time_machine.travel("2026-11-20T23:08:25Z", tick=False):
            assert self.post(kept.body, kept.headers).status_code == 204
        claim = Claim.objects.get()
        assert claim.platform_claim_id == "1ce167db-8c58-4a37-8662-48d4e2398503"
        assert claim.platform_user_id == "909501f048b44cf0d5c1d28f3f5a7b21"
        assert claim.granted_at == datetime.fromisoformat("2026-11-20T23:08:20+00:00")

    def test_f1_a_message_sent_again_changes_nothing(self) -> None:
        body = self.body()
        self.post(body, self.sign(body))
        again = chzzk.headers(SECRET, body, timestamp=stamp(SENT_AT + timedelta(seconds=20)), retry=1)
        assert self.post(body, again).status_code == 204
        assert Claim.objects.get().granted_at == SENT_AT

    def test_an_event_of_another_type_is_acknowledged_and_ignored(self) -> None:
        body = json.dumps({"event": {"type": "live_started", "data": {"channelId": "2001"}}}).encode()
        assert self.post(body, self.sign(body)).status_code == 204
        self.assert_nothing_stored()
        assert self.outcomes() == {"ignored": 1}
