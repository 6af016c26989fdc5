"""Tokens that stand in URLs: made at random, kept only as digests where they need not be shown again."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """Return a new random token of 256 bits, made of letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return the SHA-256 of ``token`` as 64 hexadecimal digits, by which a row is found without keeping the token.

    No salt and no stretching: a token of 256 random bits cannot be guessed from its digest. Not for passwords.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
