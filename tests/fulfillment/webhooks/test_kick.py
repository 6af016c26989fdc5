"""Kick's claim webhook (P2): the contract, the recorded message, the two header names, the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import time_machine

from fulfillment.models import Claim
from fulfillment.webhooks.keys import refresh_public_key
from fulfillment.webhooks.receivers import forget_receivers
from portal.models import PlatformCredential
from tests import factories as make
from tests import payloads
from tests.fulfillment.webhooks.contract import SENT_AT, SignedWebhookContract
from tests.signers.kick import KickSigner

SIGNER = KickSigner()
NEW_SIGNER = KickSigner()


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class KeyServer:
    """Kick's endpoint for its public key, on this machine."""

    def __init__(self, answer: tuple[int, bytes]) -> None:
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                status, body = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    server = KeyServer((200, json.dumps({"data": {"public_key": NEW_SIGNER.public_pem}, "message": "OK"}).encode()))
    yield server
    server.close()


class TestKickWebhook(SignedWebhookContract):
    platform = "kick"
    refusal = 401
    accepted = 200
    signature_header = "Kick-Event-Signature"
    signed_headers = ("Kick-Event-Signature", "Kick-Event-Message-ID", "Kick-Event-Timestamp")

    def make_credential(self, organization: Any, **fields: Any) -> PlatformCredential:
        # Nothing listens at port 9: a miss asks for the key and is refused at once.
        values = {"public_key": SIGNER.public_pem, "api_url": "http://127.0.0.1:9", **fields}
        return make.make_credential(organization, "kick", **values)

    def body(self, *, extra: Any = None, **ids: Any) -> bytes:
        values = {"claim_id": "c-1", "user_id": 2001, "campaign_id": "k-1", "reward_id": "r-1", **ids}
        if extra is not None:
            values["extra"] = extra
        return json.dumps(values).encode()

    def sign(self, body: bytes, *, sent_at: datetime = SENT_AT, message_id: str = "message-1") -> dict[str, str]:
        return SIGNER.headers(body, message_id=message_id, timestamp=stamp(sent_at))

    def sign_with_new_key(self, body: bytes) -> dict[str, str]:
        return NEW_SIGNER.headers(body, timestamp=stamp(SENT_AT))

    def rotate(self, credential: PlatformCredential) -> None:
        PlatformCredential.objects.filter(pk=credential.pk).update(
            public_key=NEW_SIGNER.public_pem, previous_public_key=credential.public_key
        )

    def test_the_recorded_message_is_accepted(self) -> None:
        recorded = payloads.kick_claim()
        self.credential = self.make_credential(make.make_organization(), public_key=recorded.public_key)
        with time_machine.travel("2026-11-20T23:27:47Z", tick=False):
            assert self.post(recorded.body, recorded.headers).status_code == 200
        claim = Claim.objects.get()
        assert claim.platform_claim_id == "01M7XMK6ZFZFQ1NMSZWK33RPD1"
        assert (claim.platform_user_id, claim.external_id) == ("2001", "gold")
        assert claim.granted_at == datetime.fromisoformat("2026-11-20T23:27:47+00:00")

    def test_p2_either_name_of_the_time_is_taken(self) -> None:
        body = self.body()
        headers = SIGNER.headers(body, timestamp=stamp(SENT_AT), timestamp_header="Kick-Event-Message-Timestamp")
        assert self.post(body, headers).status_code == 200

    def test_a_time_that_is_none_leaves_the_claim_without_one(self) -> None:
        body = self.body()
        assert self.post(body, SIGNER.headers(body, timestamp="yesterday")).status_code == 200
        assert Claim.objects.get().granted_at is None

    def test_p2_a_miss_fetches_the_key_and_the_message_is_accepted(self, key_server: KeyServer) -> None:
        self.credential = self.make_credential(make.make_organization(), api_url=key_server.url)
        body = self.body()
        assert self.post(body, self.sign_with_new_key(body)).status_code == 200
        self.credential.refresh_from_db()
        assert self.credential.public_key == NEW_SIGNER.public_pem
        assert self.credential.previous_public_key == SIGNER.public_pem
        assert self.post(body, self.sign(body)).status_code == 200

    def test_p2_a_first_message_fetches_the_first_key(self, key_server: KeyServer) -> None:
        self.credential = self.make_credential(make.make_organization(), api_url=key_server.url, public_key="")
        body = self.body()
        assert self.post(body, self.sign_with_new_key(body)).status_code == 200

    def test_p2_misses_fetch_the_key_once_in_five_minutes(self, key_server: KeyServer) -> None:
        self.credential = self.make_credential(make.make_organization(), api_url=key_server.url)
        forged = {**self.sign(self.body()), "Kick-Event-Signature": "AAAA"}
        for seconds in (0, 1, 299):
            with time_machine.travel(SENT_AT + timedelta(seconds=seconds), tick=False):
                assert self.post(self.body(), forged).status_code == 401
        assert key_server.asked == 1
        with time_machine.travel(SENT_AT + timedelta(seconds=300), tick=False):
            forget_receivers()
            self.post(self.body(), forged)
        assert key_server.asked == 2

    def test_p2_a_message_without_signature_fetches_nothing(self, key_server: KeyServer) -> None:
        self.credential = self.make_credential(make.make_organization(), api_url=key_server.url)
        assert self.post(self.body(), {}).status_code == 401
        assert key_server.asked == 0

    @pytest.mark.parametrize("answer", [(500, b""), (200, b"no json"), (200, b'{"data":{"public_key":"nonsense"}}')])
    def test_a_key_that_cannot_be_fetched_changes_nothing(self, answer: tuple[int, bytes]) -> None:
        server = KeyServer(answer)
        self.credential = self.make_credential(make.make_organization(), api_url=server.url)
        body = self.body()
        assert self.post(body, self.sign_with_new_key(body)).status_code == 401
        assert self.post(body, self.sign(body)).status_code == 200
        server.close()

    def test_a_key_that_comes_after_the_address_was_changed_is_not_kept(self, key_server: KeyServer) -> None:
        credential = self.make_credential(make.make_organization(), api_url=key_server.url)
        PlatformCredential.objects.update(api_url="")
        assert not refresh_public_key(credential=credential, now=SENT_AT)
        assert key_server.asked == 1
        credential.refresh_from_db()
        assert credential.public_key == SIGNER.public_pem
