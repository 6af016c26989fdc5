"""Whom a webhook's address belongs to (P1): found by the token's digest, remembered for a few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass

from portal.models import PlatformCredential
from portal.tokens import hash_token

REMEMBERED_SECONDS = 5.0
"""So long may a process go on with a credential that was changed. A signature that does not fit has it read anew."""

_REMEMBERED_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Remembered:
    credential: PlatformCredential
    until: float


_remembered: dict[tuple[str, str], _Remembered] = {}


def find_receiver(*, platform: str, token: str, fresh: bool = False) -> PlatformCredential | None:
    """Return the credential that has this address at ``platform``, or None. ``fresh`` reads it anew."""
    key = (platform, hash_token(token))
    known = _remembered.get(key)
    if known is not None and not fresh and known.until > time.monotonic():
        return known.credential
    credential = PlatformCredential.objects.filter(platform=platform, url_token_hash=key[1]).first()
    if credential is None:
        _remembered.pop(key, None)
        return None
    if len(_remembered) >= _REMEMBERED_AT_MOST:
        _remembered.clear()
    _remembered[key] = _Remembered(credential, time.monotonic() + REMEMBERED_SECONDS)
    return credential


def forget_receivers() -> None:
    """Read every credential anew from now on, in this process."""
    _remembered.clear()
