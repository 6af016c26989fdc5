"""Signs as Kick does, with RSA worked out by hand (RFC 8017, section 9.2)."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class KickSigner:
    """One key of Kick's, and messages signed with it."""

    def __init__(self, bits: int = 2048) -> None:
        """Make a new key."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    @property
    def public_pem(self) -> str:
        """The public half, as Kick publishes it."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, *, message_id: str, timestamp: str, body: bytes) -> str:
        """Return the signature header for a message."""
        return self.sign_bytes(message_id.encode() + b"." + timestamp.encode() + b"." + body)

    def sign_bytes(self, content: bytes) -> str:
        """Return the signature, in base64, over any bytes."""
        numbers = self._key.private_numbers()
        modulus = numbers.public_numbers.n
        size = (modulus.bit_length() + 7) // 8
        tail = b"\x00" + DIGEST_INFO_SHA256 + hashlib.sha256(content).digest()
        block = b"\x00\x01" + b"\xff" * (size - 2 - len(tail)) + tail
        signature = pow(int.from_bytes(block, "big"), numbers.d, modulus)
        return base64.b64encode(signature.to_bytes(size, "big")).decode()

    def headers(
        self,
        body: bytes,
        *,
        message_id: str = "01M7XMK6ZFG32QC5MM7M60S9RN",
        timestamp: str = "2026-11-20T23:27:47Z",
        timestamp_header: str = "Kick-Event-Timestamp",
    ) -> dict[str, str]:
        """Return all headers of a signed Drops webhook."""
        return {
            "Content-Type": "application/json",
            "Kick-Event-Message-ID": message_id,
            timestamp_header: timestamp,
            "Kick-Event-Signature": self.sign(message_id=message_id, timestamp=timestamp, body=body),
        }
