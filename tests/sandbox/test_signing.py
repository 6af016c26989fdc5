"""The sandbox's own signing code, held against vectors that others published."""

from __future__ import annotations

import pytest

from portal.sandbox.signing import delivery_fault, pkce_challenge, twitch_signature

# Standard Webhooks, reference libraries' test vector.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BODY = b'{"test": 2432232314}'
SENT_SECONDS = 1614265330


def fault(*, secret: str = SECRET, signature: str = SIGNATURE, body: bytes = BODY, now: float = SENT_SECONDS) -> str:
    return delivery_fault(
        secret=secret,
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=str(SENT_SECONDS),
        signature_header=signature,
        body=body,
        now_seconds=now,
    )


def test_d2_the_published_delivery_is_genuine() -> None:
    assert fault() == ""


@pytest.mark.parametrize(("offset", "accepted"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_d2_a_delivery_may_be_five_minutes_off_and_no_more(offset: int, accepted: bool) -> None:
    assert (fault(now=SENT_SECONDS + offset) == "") is accepted


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "whsec_abc"])
def test_a_secret_that_cannot_be_read_never_makes_a_delivery_genuine(secret: str) -> None:
    assert "no usable signing secret" in fault(secret=secret)


@pytest.mark.parametrize("signature", ["v1", "v1,", "v2," + SIGNATURE[3:], SIGNATURE[:-4], "v1,gë"])
def test_what_is_not_the_signature_is_refused(signature: str) -> None:
    assert "No signature" in fault(signature=signature)


def test_pkce_follows_appendix_b_of_rfc_7636() -> None:
    challenge = pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_p3_twitch_signs_id_time_and_body_without_separators() -> None:
    signature = twitch_signature(
        secret="0123456789abcdef",
        message_id="e76c6bd4-55c9-4987-8304-da1588d8988b",
        timestamp="2026-01-02T03:04:05.123456789Z",
        body=b'{"hello":"drops"}',
    )
    assert signature == "sha256=a28c621ef7b93a1fcb43ddbd9ff1d973f9e98df99b8761780f579699368ef337"
