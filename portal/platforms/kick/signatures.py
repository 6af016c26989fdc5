"""The signature on Kick's webhooks (Kick, Webhook security). Pure functions over bytes (P1, P2).

RSA PKCS #1 v1.5 with SHA-256 over ``message id "." timestamp "." body``, in base64. The Drops webhook names the
timestamp's header differently from all others (Kick, Drops guide), so either name is accepted.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

SIGNATURE_HEADER = "Kick-Event-Signature"
MESSAGE_ID_HEADER = "Kick-Event-Message-ID"
TIMESTAMP_HEADERS = ("Kick-Event-Timestamp", "Kick-Event-Message-Timestamp")
"""The first that a message has is the one that was signed."""

DOCUMENTED_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq/+l1WnlRrGSolDMA+A8
6rAhMbQGmQ2SapVcGM3zq8ANXjnhDWocMqfWcTd95btDydITa10kDvHzw9WQOqp2
MZI7ZyrfzJuz5nhTPCiJwTwnEtWft7nV14BYRDHvlfqPUaZ+1KR4OCaO/wWIk/rQ
L/TjY0M70gse8rlBkbo2a8rKhu69RQTRsoaf4DVhDPEeSeI5jVrRDGAMGL3cGuyY
6CLKGdjVEM78g3JfYOvDU/RvfqD7L89TZ3iN94jrmWdGz34JNlEI5hqK8dd7C5EF
BEbZ5jgB8s8ReQV8H+MkuffjdAj3ajDDX3DOJMIut1lBrUVD1AaSrGCKHooWoL2e
twIDAQAB
-----END PUBLIC KEY-----
"""
"""The key that Kick's documentation shows (Kick, Webhook security). What Kick's API gives out counts before it."""

REPLAY_WINDOW = timedelta(minutes=10)
"""An older message about a stream counts as stale. Kick names no such time; this is Twitch's (P2, P3)."""

MINIMUM_KEY_BITS = 2048
_PADDING = PKCS1v15()
_HASH = SHA256()


class KeyInvalid(ValueError):
    """A text is not a public key that Kick's signatures could be checked with."""


@lru_cache(maxsize=256)
def load_public_key(pem: str) -> RSAPublicKey:
    """Return the RSA key in ``pem``, from a cache where it was loaded before. Raises ``KeyInvalid``."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyInvalid("This is not a public key in PEM form.") from None
    if not isinstance(key, RSAPublicKey):
        raise KeyInvalid("This public key is not an RSA key.")
    if key.key_size < MINIMUM_KEY_BITS:
        raise KeyInvalid(f"This RSA key has {key.key_size} bits. At least {MINIMUM_KEY_BITS} are needed.")
    return key


def verify(
    *, public_keys: Sequence[RSAPublicKey], message_id: str, timestamp: str, body: bytes, signature: str
) -> bool:
    """Tell whether one of ``public_keys`` signed exactly this message. Never raises; no keys verify nothing."""
    try:
        signed = b".".join((message_id.encode("latin-1"), timestamp.encode("latin-1"), body))
        given = base64.b64decode(signature.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return False
    return any(_verifies(key, given, signed) for key in public_keys)


def _verifies(key: RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, _PADDING, _HASH)
    except InvalidSignature:
        return False
    return True
