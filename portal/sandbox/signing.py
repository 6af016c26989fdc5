"""Signatures, written from each partner's documentation and shared with nobody. Pure functions over bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

#: Standard Webhooks, "Verifying webhook authenticity": how far a timestamp may be off.
DELIVERY_TOLERANCE_SECONDS = 5 * 60


def new_private_key() -> str:
    """A new 2048-bit RSA key in PEM form (Kick's key has this size)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


# Reading a key checks its numbers, which takes far longer than signing with it.
@lru_cache(maxsize=4)
def _load(private_pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("The signing key is not an RSA key.")
    return key


def public_pem(private_pem: str) -> str:
    """The public half in PEM form (SubjectPublicKeyInfo), as Kick's public-key endpoint gives it."""
    return (
        _load(private_pem)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def kick_signature(*, private_pem: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Kick, "Webhook Security": RSA PKCS#1 v1.5 with SHA-256 over ``id.timestamp.body``, in base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(_load(private_pem).sign(signed, padding.PKCS1v15(), hashes.SHA256())).decode()


def twitch_signature(*, secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Twitch, "Handling Webhook Events": ``sha256=`` and HMAC-SHA256 over id, timestamp and body in hex."""
    signed = f"{message_id}{timestamp}".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def pkce_challenge(verifier: str) -> str:
    """RFC 7636, 4.2: the S256 challenge that belongs to ``verifier``."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def delivery_fault(
    *,
    secret: str,
    message_id: str,
    timestamp: str,
    signature_header: str,
    body: bytes,
    now_seconds: float,
) -> str:
    """Why a Standard Webhooks delivery must be refused, in plain words; empty if it is genuine.

    Standard Webhooks, "Verifying webhook authenticity": ``webhook-signature`` is a list, parted by
    spaces, of ``v1,<base64>``; one match is enough (that is how secrets are rotated).
    """
    if not (message_id and timestamp and signature_header):
        return "A webhook-id, webhook-timestamp or webhook-signature header is missing."
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        return "The game has no usable signing secret: enter the one that the portal shows."
    if not timestamp.isascii() or not timestamp.isdigit():
        return "The webhook-timestamp header is not a number of seconds."
    if abs(now_seconds - int(timestamp)) > DELIVERY_TOLERANCE_SECONDS:
        return "The webhook-timestamp is more than 5 minutes off."
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    for part in signature_header.split(" "):
        version, _, signature = part.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), expected):
            return ""
    return "No signature in the webhook-signature header fits this body and secret."
