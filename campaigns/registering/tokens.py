"""A viewer's tokens on their way from the sign-in to the registration (L9): encrypted wherever they are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from portal.encryption import DecryptionFailed, decrypt, encrypt


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewerToken:
    """What a viewer consented to, as tokens. ``expires_at`` is the access token's; None: the platform did not tell."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None


def seal(token: ViewerToken) -> str:
    """Return a token as encrypted text, for a session."""
    expires_at = token.expires_at.isoformat() if token.expires_at else None
    return encrypt(json.dumps([token.access_token, token.refresh_token, expires_at]))


def unseal(text: str) -> ViewerToken | None:
    """Return what :func:`seal` made a text of; None where it cannot be read any more, which asks for new consent."""
    try:
        access_token, refresh_token, expires_at = json.loads(decrypt(text))
    except (DecryptionFailed, ValueError):
        return None
    return ViewerToken(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
    )
