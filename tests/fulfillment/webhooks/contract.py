"""What every platform's signed webhook must do (P0, P1). A platform's test class says how its messages are made."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfillment.models import Claim, KeptMessage, WebhookTally
from fulfillment.webhooks.receivers import forget_receivers
from fulfillment.webhooks.registry import webhooks
from fulfillment.webhooks.tally import tallies
from portal import platforms
from portal.models import PlatformCredential
from tests import factories as make

SENT_AT = datetime(2026, 11, 20, 23, 8, 25, tzinfo=UTC)


class SignedWebhookContract:
    """Subclassed once for each platform."""

    platform: str
    refusal: int
    accepted: int

    @property
    def refusal_without_key(self) -> int:
        """What a signature is answered with that nothing is there to check against; 503 where the portal fetches the key."""
        return self.refusal if platforms.get(self.platform).fetch_public_key is None else 503

    def make_credential(self, organization: Any, **fields: Any) -> PlatformCredential:
        """Return a credential that accepts what ``sign`` signs."""
        raise AssertionError("say how")

    def body(self, **ids: Any) -> bytes:
        """Return the body of a claim: ``claim_id``, ``user_id``, ``reward_id``, ``campaign_id``, ``external``."""
        raise AssertionError("say how")

    def sign(self, body: bytes, *, sent_at: datetime = SENT_AT, message_id: str = "message-1") -> dict[str, str]:
        """Return all headers of a message with this body."""
        raise AssertionError("say how")

    def sign_with_new_key(self, body: bytes) -> dict[str, str]:
        """Return headers signed with another key or secret than before."""
        raise AssertionError("say how")

    def rotate(self, credential: PlatformCredential) -> None:
        """Make the other key or secret the current one, keeping the one before."""
        raise AssertionError("say how")

    signature_header: str
    signed_headers: tuple[str, ...]

    @pytest.fixture(autouse=True)
    def _receiving(self, db: None, client: Client) -> Iterator[None]:
        cache.clear()
        forget_receivers()
        self.client = client
        self.organization = make.make_organization()
        self.credential = self.make_credential(self.organization)
        with time_machine.travel(SENT_AT, tick=False):
            yield
        tallies.flush()

    def post(
        self, body: bytes, headers: dict[str, str], *, token: str | None = None, content_type: str = "application/json"
    ) -> HttpResponse:
        path = f"/webhooks/{self.platform}/{token or self.credential.url_token}"
        extra = {
            name: value for name, value in headers.items() if name not in ("Content-Type", "Host", "Content-Length")
        }
        return self.client.post(path, body, content_type=content_type, headers=extra)

    def outcomes(self) -> dict[str, int]:
        tallies.flush()
        return dict(WebhookTally.objects.filter(credential=self.credential).values_list("outcome", "count"))

    def assert_nothing_stored(self) -> None:
        assert not Claim.objects.exists()
        assert not KeptMessage.objects.exists()

    # The good ones

    def test_a_signed_claim_is_stored_whole_and_nothing_is_looked_up(self) -> None:
        body = self.body(claim_id="c-1", user_id="2001", reward_id="r-1", campaign_id="k-1")
        self.post(body, self.sign(body))  # warms the credential
        Claim.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            response = self.post(body, self.sign(body))
        assert response.status_code == self.accepted
        assert len(captured) == 1
        claim = Claim.objects.get()
        assert (claim.organization, claim.platform, claim.platform_claim_id) == (
            self.organization,
            self.platform,
            "c-1",
        )
        assert (claim.platform_user_id, claim.platform_reward_id, claim.platform_campaign_id) == ("2001", "r-1", "k-1")
        assert (claim.state, claim.reason, claim.source) == ("received", "received", "webhook")
        assert claim.received_at == claim.resolve_at == claim.state_changed_at == SENT_AT
        assert claim.granted_at == SENT_AT
        assert json.loads(claim.raw) == json.loads(body)
        assert (claim.viewer, claim.reward, claim.campaign, claim.waived, claim.staff_hold) == (
            None,
            None,
            None,
            [],
            False,
        )
        assert self.outcomes() == {"accepted": 2}

    def test_f1_the_same_claim_again_is_answered_as_success_and_changes_nothing(self) -> None:
        body = self.body(claim_id="c-1")
        first = self.post(body, self.sign(body))
        Claim.objects.update(resolve_at=None)
        again = self.post(body, self.sign(body))
        resent = self.post(body, self.sign(body, message_id="message-2", sent_at=SENT_AT + timedelta(seconds=9)))
        assert first.status_code == again.status_code == resent.status_code == self.accepted
        claim = Claim.objects.get()
        assert (claim.granted_at, claim.resolve_at) == (SENT_AT, None)

    def test_the_clock_is_no_reason_to_refuse_a_claim(self) -> None:
        body = self.body()
        old = self.sign(body, sent_at=SENT_AT - timedelta(days=30))
        assert self.post(body, old).status_code == self.accepted
        assert Claim.objects.count() == 1

    @pytest.mark.parametrize(
        "number", [0, 2**63, 2**64 - 1, 10**40], ids=["zero", "beyond int64", "uint64", "beyond uint64"]
    )
    def test_ids_as_huge_integers_are_kept_to_the_last_digit(self, number: int) -> None:
        body = self.body(user_id=number)
        assert self.post(body, self.sign(body)).status_code == self.accepted
        assert Claim.objects.get().platform_user_id == str(number)

    def test_the_content_type_does_not_matter(self) -> None:
        body = self.body()
        for content_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "nonsense",
        ):
            assert self.post(body, self.sign(body), content_type=content_type).status_code == self.accepted

    def test_unknown_fields_are_ignored_and_kept(self) -> None:
        body = self.body(extra={"colour": "gold"})
        assert self.post(body, self.sign(body)).status_code == self.accepted
        assert "colour" in Claim.objects.get().raw

    # The key

    def test_a_new_key_is_accepted_at_once_and_the_one_before_still(self) -> None:
        body = self.body()
        new = self.sign_with_new_key(body)
        assert self.post(body, new).status_code == self.refusal
        self.rotate(self.credential)
        assert self.post(body, new).status_code == self.accepted
        assert self.post(body, self.sign(body)).status_code == self.accepted

    def test_a_credential_without_any_key_accepts_nothing(self) -> None:
        PlatformCredential.objects.update(
            webhook_secret="", previous_webhook_secret="", public_key="", previous_public_key=""
        )
        body = self.body()
        assert self.post(body, self.sign(body)).status_code == self.refusal_without_key
        assert self.post(body, {}).status_code == self.refusal
        self.assert_nothing_stored()

    # Forgeries

    def test_p1_a_forged_signature_stores_nothing_and_is_counted(self) -> None:
        body = self.body()
        assert self.post(body, self.sign_with_new_key(body)).status_code == self.refusal
        self.assert_nothing_stored()
        assert self.outcomes() == {"bad_signature": 1}

    def test_a_missing_header_is_refused(self) -> None:
        body = self.body()
        for missing in self.signed_headers:
            headers = {name: value for name, value in self.sign(body).items() if name != missing}
            assert self.post(body, headers).status_code == self.refusal
        assert self.post(body, {}).status_code == self.refusal
        self.assert_nothing_stored()

    @pytest.mark.parametrize(
        "damage", [lambda s: s[:-2], lambda s: "", lambda s: s + "A", lambda s: "é", lambda s: s[::-1]]
    )
    def test_a_damaged_signature_is_refused(self, damage: Any) -> None:
        body = self.body()
        headers = self.sign(body)
        headers[self.signature_header] = damage(headers[self.signature_header])
        assert self.post(body, headers).status_code == self.refusal
        self.assert_nothing_stored()

    def test_a_changed_body_is_refused(self) -> None:
        headers = self.sign(self.body(user_id="2001"))
        assert self.post(self.body(user_id="2002"), headers).status_code == self.refusal
        assert self.post(self.body(user_id="2001") + b" ", headers).status_code == self.refusal
        assert self.post(self.body(user_id="2001")[:-1], headers).status_code == self.refusal
        assert self.post(b"", headers).status_code == self.refusal
        self.assert_nothing_stored()

    def test_a_changed_time_or_message_id_is_refused(self) -> None:
        body = self.body()
        for name in self.signed_headers:
            if name != self.signature_header:
                headers = {**self.sign(body), name: "2026-11-20T23:59:59Z"}
                assert self.post(body, headers).status_code == self.refusal
        self.assert_nothing_stored()

    def test_another_organization_s_signature_is_refused_here(self) -> None:
        body = self.body()
        stranger = self.make_credential(make.make_organization())
        self.rotate(stranger)
        PlatformCredential.objects.filter(pk=stranger.pk).update(previous_webhook_secret="", previous_public_key="")
        assert self.post(body, self.sign_with_new_key(body)).status_code == self.refusal
        assert self.post(body, self.sign_with_new_key(body), token=stranger.url_token).status_code == self.accepted
        assert Claim.objects.get().organization == stranger.organization

    # Bad input

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"not json",
            b"[]",
            b"null",
            b'"text"',
            b"\xff\xfe",
            b"{}",
            b'{"a":' * 100_000,
            b"NaN",
            b'{"a": Infinity}',
        ],
        ids=["empty", "cut", "words", "list", "null", "text", "no utf-8", "no fields", "deep", "nan", "infinity"],
    )
    def test_p1_a_signed_body_that_cannot_be_read_is_400_and_kept_once(self, body: bytes) -> None:
        for _ in range(2):
            response = self.post(body, self.sign(body))
            assert response.status_code == 400
            assert response.json()["message"]
        kept = KeptMessage.objects.get()
        assert (bytes(kept.body), kept.credential, kept.received_at) == (body, self.credential, SENT_AT)
        assert kept.problem == response.json()["message"][:500]
        assert not Claim.objects.exists()
        assert self.outcomes() == {"unreadable": 2}

    @pytest.mark.parametrize(
        "wrong",
        ["", None, True, 1.5, -1, ["x"], {"x": 1}, "x" * 201, "nul\0", "\ud800"],
        ids=["empty", "null", "true", "fraction", "negative", "list", "object", "too long", "nul", "half a pair"],
    )
    def test_an_id_that_is_none_is_400_and_kept(self, wrong: Any) -> None:
        for name in ("claim_id", "user_id", "reward_id"):
            body = self.body(**{name: wrong})
            assert self.post(body, self.sign(body, message_id=name)).status_code == 400
        assert KeptMessage.objects.count() == 3
        assert not Claim.objects.exists()

    def test_a_strange_message_id_is_no_trouble(self) -> None:
        for message_id in ("x" * 5000, "'; drop table --"):
            assert self.post(b"{", self.sign(b"{", message_id=message_id)).status_code == 400
        assert KeptMessage.objects.count() == 2

    def test_2_mb_are_413_and_not_read(self) -> None:
        body = self.body(extra="x" * 2_000_000)
        assert self.post(body, self.sign(body)).status_code == 413
        self.assert_nothing_stored()
        assert self.outcomes() == {"too_large": 1}

    def test_just_within_the_limit_is_accepted(self) -> None:
        shortest = len(self.body(extra=""))
        body = self.body(extra="x" * (1024 * 1024 - shortest))
        assert len(body) == 1024 * 1024
        assert self.post(body, self.sign(body)).status_code == self.accepted
        body = self.body(extra="x" * (1024 * 1024 - shortest + 1))
        assert self.post(body, self.sign(body)).status_code == 413

    def test_a_body_in_chunks_has_the_same_limit(self) -> None:
        body = self.body()
        assert self._post_in_chunks(body).status_code == self.accepted
        assert Claim.objects.count() == 1
        endless = Endless()
        assert self._post_in_chunks(b"", stream=endless).status_code == 413
        assert endless.given <= 1024 * 1024 + 64 * 1024

    def test_p1_chunks_that_are_none_are_400(self) -> None:
        assert self._post_in_chunks(b"", stream=Garbled()).status_code == 400
        self.assert_nothing_stored()

    def _post_in_chunks(self, body: bytes, stream: Any = None) -> HttpResponse:
        return self.client.generic(
            "POST",
            f"/webhooks/{self.platform}/{self.credential.url_token}",
            headers={"Transfer-Encoding": "chunked", **self.sign(body)},
            **{"wsgi.input": stream or BytesIO(body), "wsgi.input_terminated": True},
        )

    def test_a_connection_that_breaks_off_is_400(self) -> None:
        response = self.client.generic(
            "POST",
            f"/webhooks/{self.platform}/{self.credential.url_token}",
            headers=self.sign(b""),
            **{"wsgi.input": BrokenOff(), "CONTENT_LENGTH": "100"},
        )
        assert response.status_code == 400
        self.assert_nothing_stored()

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
    def test_only_post_is_allowed(self, method: str) -> None:
        response = getattr(self.client, method)(f"/webhooks/{self.platform}/{self.credential.url_token}")
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST"

    # Addresses

    def test_p1_an_unknown_token_is_404(self) -> None:
        body = self.body()
        assert self.post(body, self.sign(body), token="unknown").status_code == 404
        self.assert_nothing_stored()

    def test_p1_a_token_counts_at_its_own_platform_only(self) -> None:
        other = make.make_credential(self.organization, next(key for key in webhooks if key != self.platform))
        body = self.body()
        assert self.post(body, self.sign(body), token=other.url_token).status_code == 404

    def test_a_disabled_credential_answers_503_so_that_the_sender_keeps_the_message(self) -> None:
        PlatformCredential.objects.update(enabled=False)
        body = self.body()
        response = self.post(body, self.sign(body))
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        self.assert_nothing_stored()

    def test_no_session_no_cookie_and_no_csrf_check(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        body = self.body()
        response = self.post(body, self.sign(body))
        assert response.status_code == self.accepted
        assert not response.cookies

    def test_p1_the_token_is_in_no_log_line(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        body = self.body()
        self.post(body, self.sign(body))
        self.post(body, {})
        self.post(b"{", self.sign(b"{"))
        self.post(b"x" * 2_000_000, {})
        self.client.get(f"/webhooks/{self.platform}/{self.credential.url_token}")
        self.post(body, self.sign(body), token=self.credential.url_token + "x")
        own = [record for record in caplog.records if not record.name.startswith("django.db")]
        assert self.credential.url_token not in "\n".join(record.getMessage() for record in own)


class Endless:
    """A body without an end, as a sender in chunks can make it."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        return b" " * size

    readline = read


class Garbled:
    """Chunks without a size, which servers refuse with classes of their own that are no ``OSError``."""

    def read(self, size: int = -1) -> bytes:
        raise EOFError("Invalid chunk size: zz")

    readline = read


class BrokenOff:
    """A connection that is lost in the middle of the body."""

    def read(self, size: int = -1) -> bytes:
        raise OSError("the connection is gone")

    readline = read
