"""Twitch's EventSub webhook (P3): the contract, the recorded messages, batches, challenges, revocations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from fulfillment.models import Claim, KeptMessage
from fulfillment.webhooks.events import listen, stop_listening
from portal.models import PlatformCredential
from portal.platforms.messages import StreamChanged
from portal.platforms.twitch.messages import AuthorizationRevoked, Revocation
from tests import factories as make
from tests import payloads
from tests.fulfillment.webhooks.contract import SENT_AT, SignedWebhookContract
from tests.signers import twitch as signer

SECRET = "first-secret-0123456789"
NEW_SECRET = "other-secret-0123456789"
GRANT = "drop.entitlement.grant"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def subscription(kind: str = GRANT, status: str = "enabled") -> dict[str, Any]:
    return {
        "id": "82f32bb8-565b-8cbf-7cf8-a57b151159e2",
        "status": status,
        "type": kind,
        "version": "1",
        "condition": {"organization_id": "9001"},
        "transport": {"method": "webhook", "callback": "https://portal.example.org/"},
        "created_at": stamp(SENT_AT),
        "cost": 0,
    }


def event(**ids: Any) -> dict[str, Any]:
    values = {"claim_id": "c-1", "user_id": "2001", "campaign_id": "k-1", "reward_id": "r-1", **ids}
    return {
        "id": "131645e6-6a1b-26d6-1c51-5eec02a023e0",
        "data": {
            "entitlement_id": values["claim_id"],
            "benefit_id": values["reward_id"],
            "campaign_id": values["campaign_id"],
            "organization_id": "9001",
            "created_at": stamp(SENT_AT),
            "user_id": values["user_id"],
            "user_name": "Cool_User",
            "user_login": "cool_user",
            "category_id": "2555",
            "category_name": "Special Events",
        },
    }


class TestTwitchWebhook(SignedWebhookContract):
    platform = "twitch"
    refusal = 403
    accepted = 204
    signature_header = "Twitch-Eventsub-Message-Signature"
    signed_headers = (
        "Twitch-Eventsub-Message-Signature",
        "Twitch-Eventsub-Message-Id",
        "Twitch-Eventsub-Message-Timestamp",
    )

    def make_credential(self, organization: Any, **fields: Any) -> PlatformCredential:
        return make.make_credential(organization, "twitch", **{"webhook_secret": SECRET, **fields})

    def body(self, *, extra: Any = None, **ids: Any) -> bytes:
        message: dict[str, Any] = {"subscription": subscription(), "events": [event(**ids)]}
        if extra is not None:
            message["extra"] = extra
        return json.dumps(message).encode()

    def sign(self, body: bytes, *, sent_at: datetime = SENT_AT, message_id: str = "message-1") -> dict[str, str]:
        return signer.headers(SECRET, body, message_id=message_id, timestamp=stamp(sent_at))

    def sign_with_new_key(self, body: bytes) -> dict[str, str]:
        return signer.headers(NEW_SECRET, body, timestamp=stamp(SENT_AT))

    def rotate(self, credential: PlatformCredential) -> None:
        credential.webhook_secret, credential.previous_webhook_secret = NEW_SECRET, credential.webhook_secret
        credential.save(update_fields=["webhook_secret", "previous_webhook_secret"])

    def post_signed(self, message: dict[str, Any], *, sent_at: datetime = SENT_AT) -> Any:
        body = json.dumps(message).encode()
        return self.post(body, self.sign(body, sent_at=sent_at))

    def use_recorded_secret(self) -> None:
        self.credential = self.make_credential(make.make_organization(), webhook_secret=payloads.TWITCH_SECRET)

    def test_the_recorded_notification_is_accepted(self) -> None:
        self.use_recorded_secret()
        recorded = payloads.twitch_notification()
        with time_machine.travel("2026-11-20T23:08:24.911443Z", tick=False):
            assert self.post(recorded.body, recorded.headers).status_code == 204
        claim = Claim.objects.get()
        assert claim.platform_claim_id == "3cb490d7-114a-bf97-ff4b-970e6759acf2"
        assert claim.platform_category_id == "2555"
        assert claim.platform_user_name == "testBroadcaster"
        assert claim.raw == recorded.body.decode()

    def test_the_recorded_challenge_is_answered_with_exactly_its_text(self) -> None:
        self.use_recorded_secret()
        recorded = payloads.twitch_verification()
        response = self.post(recorded.body, recorded.headers)
        assert response.status_code == 200
        assert response.content == b"2cd91acb-ed0a-82cf-c1d1-2db957a76e3d"
        assert response.headers["Content-Type"] == "text/plain"
        assert not Claim.objects.exists()

    def test_a_forged_challenge_is_not_answered(self) -> None:
        body = json.dumps({"challenge": "x", "subscription": subscription()}).encode()
        assert self.post(body, self.sign_with_new_key(body)).status_code == 403

    def test_a_batch_is_entered_whole_in_one_statement_each_claim_once(self, django_assert_num_queries: Any) -> None:
        self.post(self.body(claim_id="first"), self.sign(self.body(claim_id="first")))
        events = [event(claim_id=f"c-{n % 300}", user_id=str(n)) for n in range(600)]
        locks = 1 if connection.features.has_select_for_update else 0
        with django_assert_num_queries(1 + locks):
            response = self.post_signed({"subscription": subscription(), "events": events})
        assert response.status_code == 204
        assert Claim.objects.count() == 301
        claim = Claim.objects.get(platform_claim_id="c-7")
        assert claim.platform_user_id == "7"
        raw = json.loads(claim.raw)
        assert [one["data"]["entitlement_id"] for one in raw["events"]] == ["c-7"]
        assert raw["subscription"] == subscription()

    def test_the_readable_part_of_a_batch_is_entered_and_the_message_kept(self) -> None:
        events = [event(claim_id="good"), {"id": "bad"}, event(claim_id=None)]
        assert self.post_signed({"subscription": subscription(), "events": events}).status_code == 204
        assert Claim.objects.get().platform_claim_id == "good"
        assert "events[1]" in KeptMessage.objects.get().problem

    def test_an_empty_batch_is_acknowledged(self) -> None:
        assert self.post_signed({"subscription": subscription(), "events": []}).status_code == 204
        assert not Claim.objects.exists()

    def test_another_organization_s_event_is_entered_under_this_one_only(self) -> None:
        stranger = self.make_credential(make.make_organization(), platform_organization_id="9001")
        assert self.post_signed({"subscription": subscription(), "events": [event()]}).status_code == 204
        assert Claim.objects.get().organization == self.organization != stranger.organization

    def test_p3_grants_are_entered_however_old_the_message_is(self) -> None:
        message = {"subscription": subscription(), "events": [event()]}
        assert self.post_signed(message, sent_at=SENT_AT - timedelta(minutes=11)).status_code == 204
        assert Claim.objects.count() == 1

    @pytest.fixture
    def heard(self) -> Iterator[list[object]]:
        messages: list[object] = []
        kinds = (Revocation, AuthorizationRevoked, StreamChanged)

        def listener(credential: PlatformCredential, message: object, now: datetime) -> None:
            assert credential == self.credential
            messages.append(message)

        for kind in kinds:
            listen(kind, listener)
        yield messages
        for kind in kinds:
            stop_listening(kind, listener)

    def test_p3_other_notifications_are_handed_to_whoever_listens(self, heard: list[object]) -> None:
        for kind, content in (
            ("stream.online", {"broadcaster_user_id": "5", "started_at": stamp(SENT_AT)}),
            ("stream.offline", {"broadcaster_user_id": "5"}),
            ("user.authorization.revoke", {"client_id": "app", "user_id": "7"}),
        ):
            assert self.post_signed({"subscription": subscription(kind), "event": content}).status_code == 204
        assert [type(message) for message in heard] == [StreamChanged, StreamChanged, AuthorizationRevoked]
        assert self.outcomes() == {"handed_on": 3}

    def test_a_notification_nobody_asked_for_is_acknowledged(self) -> None:
        assert self.post_signed({"subscription": subscription("channel.raid"), "event": {}}).status_code == 204
        assert self.outcomes() == {"ignored": 1}

    def test_p3_a_revocation_is_acknowledged_logged_and_counted(
        self, heard: list[object], caplog: pytest.LogCaptureFixture
    ) -> None:
        message = {"subscription": subscription(status="notification_failures_exceeded")}
        assert self.post_signed(message).status_code == 204
        assert "notification_failures_exceeded" in caplog.text
        assert self.outcomes() == {"revoked": 1}
        assert isinstance(heard[0], Revocation)

    @pytest.mark.parametrize(
        "message",
        [
            {"subscription": subscription(status="authorization_revoked")},
            {"subscription": subscription("user.authorization.revoke"), "event": {"client_id": "a", "user_id": "7"}},
        ],
    )
    @pytest.mark.parametrize("minutes", [-11, 11])
    def test_p3_a_stale_revocation_is_acknowledged_and_ignored(
        self, message: dict[str, Any], minutes: int, heard: list[object]
    ) -> None:
        assert self.post_signed(message, sent_at=SENT_AT + timedelta(minutes=minutes)).status_code == 204
        assert heard == []
        assert self.outcomes() == {"stale": 1}
