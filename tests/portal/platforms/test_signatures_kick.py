"""P1, P2: what Kick's signature covers, and that nothing else passes."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from portal.platforms.kick import signatures
from tests import payloads
from tests.signers.kick import KickSigner

BODY = b'{"claim_id":"01M7XMK6ZFZFQ1NMSZWK33RPD1","user_id":2001}'
MESSAGE = {"message_id": "01M7XMK6ZFG32QC5MM7M60S9RN", "timestamp": "2026-11-20T23:27:47Z", "body": BODY}


@cache
def signer(number: int) -> KickSigner:
    return KickSigner()


def verifies(signature: str, *, keys: int = 1, **changed: object) -> bool:
    loaded = [signatures.load_public_key(signer(number).public_pem) for number in range(keys)]
    return signatures.verify(public_keys=loaded, signature=signature, **{**MESSAGE, **changed})


def test_p2_the_recorded_claim_is_accepted() -> None:
    recorded = payloads.kick_claim()
    assert signatures.verify(
        public_keys=[signatures.load_public_key(recorded.public_key)],
        message_id=recorded.headers[signatures.MESSAGE_ID_HEADER],
        timestamp=recorded.headers[signatures.TIMESTAMP_HEADERS[0]],
        body=recorded.body,
        signature=recorded.headers[signatures.SIGNATURE_HEADER],
    )


def test_p2_what_an_independent_signer_made_is_accepted() -> None:
    assert verifies(signer(0).sign(**MESSAGE))


@pytest.mark.parametrize(
    "changed",
    [
        {"body": BODY + b" "},
        {"body": BODY.replace(b"2001", b"2002")},
        {"body": b""},
        {"timestamp": "2026-11-20T23:27:48Z"},
        {"timestamp": ""},
        {"message_id": "01M7XMK6ZFG32QC5MM7M60S9RM"},
        {"message_id": "\N{SNOWMAN}"},
    ],
)
def test_p1_anything_changed_is_refused(changed: dict[str, object]) -> None:
    assert not verifies(signer(0).sign(**MESSAGE), **changed)


def test_p1_a_truncated_lengthened_or_missing_signature_is_refused() -> None:
    good = signer(0).sign(**MESSAGE)
    raw = base64.b64decode(good)
    for bad in ("", good[:-8], good + "AAAA", " " + good, good + "\n", "=", "sha256=" + good, "é"):
        assert not verifies(bad)
    for bad_bytes in (raw[:-1], raw + b"\0", b"\0" + raw, b"\0" * 256, b"\xff" * 256):
        assert not verifies(base64.b64encode(bad_bytes).decode())


def test_p1_no_separator_and_another_separator_are_refused() -> None:
    parts = (MESSAGE["message_id"].encode(), MESSAGE["timestamp"].encode(), BODY)
    assert not verifies(signer(0).sign_bytes(b"".join(parts)))
    assert not verifies(signer(0).sign_bytes(b":".join(parts)))


def test_p2_while_the_key_is_changed_either_key_is_accepted_and_no_third() -> None:
    assert verifies(signer(0).sign(**MESSAGE), keys=2)
    assert verifies(signer(1).sign(**MESSAGE), keys=2)
    assert not verifies(signer(2).sign(**MESSAGE), keys=2)


def test_p1_without_a_key_nothing_is_accepted() -> None:
    assert not verifies(signer(0).sign(**MESSAGE), keys=0)


@given(
    signature=st.text(max_size=400),
    message_id=st.text(max_size=40),
    timestamp=st.text(max_size=40),
    body=st.binary(),
)
def test_p1_nothing_that_comes_in_raises(signature: str, message_id: str, timestamp: str, body: bytes) -> None:
    assert not verifies(signature, message_id=message_id, timestamp=timestamp, body=body)


def test_a_key_is_loaded_once() -> None:
    pem = signer(0).public_pem
    assert signatures.load_public_key(pem) is signatures.load_public_key(pem)


def test_a_text_that_is_no_suitable_key_is_refused_with_the_reason() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    elliptic = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for pem, reason in (
        ("", "PEM"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "PEM"),
        (elliptic, "not an RSA key"),
        (KickSigner(bits=1024).public_pem, "1024 bits"),
    ):
        with pytest.raises(signatures.KeyInvalid, match=reason):
            signatures.load_public_key(pem)
