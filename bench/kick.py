"""Signed Kick claims, as requests that are ready to be sent."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.load import prepared
from portal.platforms.kick.signatures import MESSAGE_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADERS

TOKEN = "bench-token-0123456789-0123456789"
CAMPAIGN, REWARD = "01BENCHCAMPAIGN00000000000", "01BENCHREWARD0000000000000"


class Kick:
    """Kick's side: a key, and claims signed with it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public_key = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self._timestamp = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def claim(self, claim_id: str, *, path: str = f"/webhooks/kick/{TOKEN}", user_id: int = 9001) -> bytes:
        """Return one request that brings a claim."""
        facts = {"claim_id": claim_id, "user_id": user_id, "campaign_id": CAMPAIGN, "reward_id": REWARD}
        body = json.dumps({**facts, "external_id": "gold"}).encode()
        signed = f"{claim_id}.{self._timestamp}.".encode() + body
        signature = self._key.sign(signed, padding.PKCS1v15(), SHA256())
        headers = {
            MESSAGE_ID_HEADER: claim_id,
            TIMESTAMP_HEADERS[0]: self._timestamp,
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        }
        return prepared(path, body, headers)
