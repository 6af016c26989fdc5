"""Secrets of API clients: how they are made, kept and checked (A1, S2).

A secret is random and long, so one SHA-256 digest keeps it: there is nothing to guess that slow hashing would protect. What is
stored is text in the form of Django's password hashers, which is what the OAuth library checks secrets with:

    client_secret$<digest>                               one secret
    client_secret$<digest>$<digest before>$<until>       two; the older one counts before this Unix second
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare

from portal.tokens import hash_token, new_token

ALGORITHM = "client_secret"


def new_secret() -> str:
    """Return a secret of 256 random bits, as 43 characters that need no escaping in addresses and headers."""
    return new_token()


def encode_secret(secret: str) -> str:
    """Return what is stored of a secret."""
    return str(_Kept(hash_token(secret)))


def with_rotated(encoded: str, new_secret: str, previous_until: datetime) -> str:
    """Return what is stored once a secret has replaced another, which counts too until then.

    A secret that was replaced earlier ends at once: there are two at most. What was not stored by this module has no secret
    that could go on.
    """
    kept = _parse(encoded)
    if kept is None:
        return encode_secret(new_secret)
    return str(_Kept(hash_token(new_secret), kept.digest, int(previous_until.timestamp())))


def previous_valid_until(encoded: str) -> datetime | None:
    """Return when the secret before this one ends, which may have passed; None if there is no such secret."""
    kept = _parse(encoded)
    return datetime.fromtimestamp(kept.until, UTC) if kept and kept.before else None


def without_previous(encoded: str) -> str:
    """Return what is stored once the secret before this one counts no longer."""
    kept = _parse(encoded)
    return str(_Kept(kept.digest)) if kept else encoded


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: str
    before: str = ""
    until: int = 0

    def __str__(self) -> str:
        parts = [ALGORITHM, self.digest, *([self.before, str(self.until)] if self.before else [])]
        return "$".join(parts)


def _parse(encoded: str) -> _Kept | None:
    match encoded.split("$"):
        case [algorithm, digest] if algorithm == ALGORITHM:
            return _Kept(digest)
        case [algorithm, digest, before, until] if algorithm == ALGORITHM and until.isdecimal():
            return _Kept(digest, before, int(until))
    return None


class ClientSecretHasher(BasePasswordHasher):
    """Checks a client's secret against what is stored; never used for people's passwords, as it is last in the settings."""

    algorithm = ALGORITHM

    def encode(self, password: str, salt: str = "") -> str:
        """Return what is stored; there is no salt, as no two secrets are the same."""
        return encode_secret(password)

    def verify(self, password: str, encoded: str) -> bool:
        """Say whether this is the present secret, or the one before, where it still counts. In constant time."""
        kept = _parse(encoded)
        if kept is None:
            return False
        given = hash_token(password)
        is_present = constant_time_compare(given, kept.digest)
        is_before = constant_time_compare(given, kept.before)
        return is_present or (is_before and time.time() < kept.until)

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return the parts of what is stored."""
        kept = _parse(encoded)
        if kept is None:
            raise ValueError("This was not stored by the module for secrets of API clients.")
        return {"algorithm": ALGORITHM, "hash": kept.digest, "salt": "", "previous": kept.before, "until": kept.until}

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Return what may be shown."""
        decoded = self.decode(encoded)
        return {"algorithm": ALGORITHM, "hash": mask_hash(decoded["hash"])}

    def must_update(self, encoded: str) -> bool:
        """Say that nothing has to be stored anew."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: a digest takes the same time for every secret."""
